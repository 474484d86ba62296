"""What holds for any list: export and import is the identity, edits change exactly their cells, undo restores."""

import string
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.db import Database
from catalogue.models import OfferStatus, RowKind
from catalogue.search.index import SearchIndex
from catalogue.services import imports
from catalogue.services.exports import Format
from catalogue.services.module_input import FIELDS, ModuleInput, tidy
from catalogue.settings import Settings
from tests.conftest import ON_SQLITE, People
from tests.services.lists import Desk, cells_of, counts, workbook

# what XML can hold; spreadsheets know no other controls than tab and line feed
LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn"), include_characters="\t\n|;'\"=+-@\\")
TEXT = st.text(LETTERS, max_size=60)
LINE = st.text(LETTERS, min_size=1, max_size=40).filter(lambda text: text.strip() != "")
LINES = st.lists(LINE, max_size=3).map(tuple)
UNITS = st.none() | st.integers(0, 500)
MODULES = st.builds(
    ModuleInput,
    title=LINE,
    title_exact=st.booleans(),
    summary=TEXT,
    description=TEXT,
    objectives=LINES,
    contents=LINES,
    prerequisites=TEXT,
    level_text=TEXT,
    dqr=st.none() | st.integers(1, 8),
    languages=st.lists(st.text(string.ascii_lowercase, min_size=2, max_size=2), max_size=2, unique=True).map(tuple),
    duration_text=TEXT,
    duration_minutes=st.none() | st.integers(1, 100_000),
    theory_units=UNITS,
    practice_units=UNITS,
    max_participants=st.none() | st.integers(1, 500),
    price_text=TEXT,
    price_amount=st.none() | st.decimals(0, 100_000, places=2),
    provider=st.sampled_from(["", "akademie-nord", "akademie-sued"]),
    programme=st.sampled_from(["", "batteriemd"]),
    offer_status=st.none() | st.sampled_from(OfferStatus),
    source_url=st.sampled_from(["", "https://beispiel.example/a?b=c&d=e"]),
    as_of=st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    terms=st.fixed_dictionaries(
        {
            "topic": st.lists(st.sampled_from(["sicherheit", "zellfertigung", "pack"]), max_size=3, unique=True).map(
                tuple
            ),
            "level": st.sampled_from([(), ("basis",), ("basis", "fokus")]),
        }
    ),
).filter(lambda one: tidy(one).title != "")
LISTS = st.lists(MODULES, min_size=1, max_size=4)
EDITS = {
    "Titel": ("title", "Anderer Titel", "Anderer Titel"),
    "Kurzbeschreibung": ("summary", "=1+1", "=1+1"),
    "Lernziele": ("objectives", "Eins\nZwei | Drei", ("Eins", "Zwei | Drei")),
    "DQR-Niveau": ("dqr", 5, 5),
    "Teilnehmende höchstens": ("max_participants", "12", 12),
    "Preis in Euro": ("price_amount", "1.250,50 €", Decimal("1250.50")),
    "Stand der Angaben": ("as_of", "01.02.2026", date(2026, 2, 1)),
    "Anbieter": ("provider", "Akademie Süd", "akademie-sued"),
    "Reifegrad": ("offer_status", "konzipiert", OfferStatus.DESIGNED),
    "Ort": ("place_text", None, ""),
}
SLOW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def desk(database: Database, settings: Settings, index: SearchIndex, people: People) -> Desk:
    made = Desk(database, settings, index, people.curator)
    made.vocabulary()
    return made


@contextmanager
def catalogue_of(desk: Desk, given: list[ModuleInput]) -> Iterator[dict[str, Any]]:
    """A catalogue with exactly these modules, and what it says."""
    from catalogue.models import ImportRow, ImportRun, Module, ModuleVersion

    with desk.database.write() as session:
        for kind in (ImportRow, ImportRun, ModuleVersion, Module):
            session.query(kind).delete()
    desk.add(*given)
    yield desk.everything()


@ON_SQLITE
@SLOW
@given(modules=LISTS, format=st.sampled_from(Format))
def test_export_and_import_is_the_identity(desk: Desk, modules: list[ModuleInput], format: Format) -> None:
    with catalogue_of(desk, modules) as before:
        run = desk.upload(desk.export(format), f"module.{format}")
        assert counts(run) == (0, 0, len(modules), 0, 0), [row.changes for row in desk.rows(run, RowKind.CHANGED)]
        assert desk.everything() == before


@ON_SQLITE
@SLOW
@given(modules=LISTS, data=st.data())
def test_edits_change_exactly_their_cells_and_undo_restores_everything(
    desk: Desk, modules: list[ModuleInput], data: st.DataObject
) -> None:
    with catalogue_of(desk, modules) as before:
        rows = cells_of(desk.export())
        edits = data.draw(
            st.lists(st.tuples(st.integers(1, len(modules)), st.sampled_from(sorted(EDITS))), unique=True)
        )
        expected = {slug: {name: getattr(said, name) for name in FIELDS} for slug, (said, _) in before.items()}
        for line, heading in edits:
            field, cell, value = EDITS[heading]
            rows[line][rows[0].index(heading)] = cell
            expected[rows[line][0]][field] = value
        run = desk.upload(workbook(rows))
        if run.counts["changed"]:
            run = desk.apply(run)
        assert {
            slug: {name: getattr(said, name) for name in FIELDS} for slug, (said, _) in desk.everything().items()
        } == expected
        if run.counts["changed"]:
            run = desk.undo(run)
            assert run.conflicts == []
        assert desk.everything() == before


CELLS = (
    st.none()
    | TEXT
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.dates(date(1901, 1, 1))
)


@ON_SQLITE
@SLOW
@given(rows=st.lists(st.lists(CELLS, min_size=42, max_size=42), min_size=1, max_size=4))
def test_any_cells_are_either_taken_or_named(desk: Desk, rows: list[list[Any]]) -> None:
    with catalogue_of(desk, [ModuleInput(title="Da")]):
        headings = cells_of(desk.export())[0]
        run = desk.upload(workbook([headings, *(["", *row] for row in rows)]))
        assert sum(counts(run)[:4]) <= len(rows)
        wrong = desk.rows(run, RowKind.WRONG)
        assert all(row.errors for row in wrong)
        if any(row.selected for row in desk.rows(run, RowKind.NEW)):
            desk.ask(run, imports.ask_apply)
