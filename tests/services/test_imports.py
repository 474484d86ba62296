"""Lists come in with a preview, go in all at once, and can be taken back."""

from datetime import date
from decimal import Decimal

import pytest

from catalogue.db import Database
from catalogue.models import ImportState, Module, ModuleVersion, OfferStatus, RowKind, WorkflowState
from catalogue.search.index import SearchIndex
from catalogue.services import imports, module_history, module_locks, modules
from catalogue.services.errors import Conflict, Invalid, NotAllowed
from catalogue.services.exports import Format
from catalogue.services.imports import Choice
from catalogue.services.module_input import ModuleInput
from catalogue.settings import Settings
from tests.conftest import People
from tests.services.lists import Desk, cells_of, counts, csv_file, workbook

FULL = ModuleInput(
    title="Zellmontage – Grundlagen",
    code="ZM-1",
    title_exact=False,
    summary="=SUMME(1)",
    description="Absatz eins\n\nAbsatz zwei; mit „Zeichen“",
    objectives=("Zellen stapeln", "Zellen | Stapel verstehen"),
    contents=("Nur einer | mit Strich",),
    prerequisites="- keine",
    audience_text="@alle",
    level_text="Grundlagen",
    dqr=4,
    format_text="Präsenz",
    place_text="Arnstadt",
    languages=("de", "en"),
    duration_text="2 Tage, 16 UE",
    duration_minutes=720,
    theory_units=0,
    practice_units=16,
    min_participants=4,
    max_participants=12,
    certificate_text="'+Zertifikat",
    certificate_validity="unbegrenzt",
    price_text="auf Anfrage",
    price_amount=Decimal("1490.50"),
    provider_text="Akademie Nord mit Partnern",
    provider="akademie-nord",
    programme="batteriemd",
    offer_status=OfferStatus.PILOTED,
    source_url="https://beispiel.example/zm",
    more_sources=("https://beispiel.example/2",),
    as_of=date(2026, 3, 1),
    terms={"topic": ("pack", "zellfertigung"), "level": ("basis",)},
)


@pytest.fixture
def desk(database: Database, settings: Settings, index: SearchIndex, people: People) -> Desk:
    made = Desk(database, settings, index, people.curator)
    made.vocabulary()
    return made


@pytest.mark.parametrize("format", list(Format))
def test_what_was_exported_changes_nothing_when_it_comes_back(desk: Desk, format: Format) -> None:
    desk.add(FULL, ModuleInput(title="Fast leer"))
    before = desk.everything()

    run = desk.upload(desk.export(format), f"module.{format}")

    assert counts(run) == (0, 0, 2, 0, 0)
    assert desk.everything() == before


def test_exactly_the_edited_cells_change(desk: Desk) -> None:
    slug, other = desk.add(FULL, ModuleInput(title="Anderes Modul", place_text="Gera"))
    rows = cells_of(desk.export())
    line = next(row for row in rows if row[0] == slug)
    line[rows[0].index("Ort")] = "Erfurt"
    line[rows[0].index("Voraussetzungen")] = None
    line[rows[0].index("Themen")] = "Sicherheit im Alltag | pack"

    run = desk.upload(workbook(rows))
    assert counts(run) == (0, 1, 1, 0, 0)
    changes = {change["field"]: change for change in desk.rows(run, RowKind.CHANGED)[0].changes}
    assert set(changes) == {"place_text", "prerequisites", "terms.topic"}
    assert changes["place_text"] | {"cell": ""} == {
        "field": "place_text", "cell": "", "old": "Arnstadt", "new": "Erfurt", "selected": True,
    }  # fmt: skip
    desk.apply(run)

    said = desk.says(slug)
    assert (said.place_text, said.prerequisites, said.terms["topic"]) == ("Erfurt", "", ("pack", "sicherheit"))
    assert desk.says(other).place_text == "Gera"
    with desk.database.read() as session:
        module = modules.get(session, desk.actor, slug)
        newest = module_history.versions(session, desk.actor, module)[0]
        assert (newest.number, newest.action, newest.user_label) == (2, "imported", desk.actor.label)
        assert set(newest.changed) == {"place_text", "prerequisites", "terms"}


def test_edits_made_in_the_catalogue_since_the_export_are_kept(desk: Desk) -> None:
    (slug,) = desk.add(FULL)
    rows = cells_of(desk.export())
    desk.edit(slug, summary="Neu im Katalog", place_text="Jena")
    rows[1][rows[0].index("Titel")] = "Zellmontage"
    rows[1][rows[0].index("Ort")] = "Erfurt"

    run = desk.upload(workbook(rows))
    changes = {change["field"]: change for change in desk.rows(run, RowKind.CHANGED)[0].changes}
    assert set(changes) == {"title", "place_text"}
    assert changes["title"]["selected"]
    assert not changes["place_text"]["selected"]
    assert changes["place_text"]["edited"]["by"] == desk.actor.label
    desk.apply(run)

    said = desk.says(slug)
    assert (said.title, said.summary, said.place_text) == ("Zellmontage", "Neu im Katalog", "Jena")


def test_a_foreign_list_adds_drafts_and_names_wrong_cells(desk: Desk) -> None:
    run = desk.upload(
        csv_file(
            "Titel;Dauer;Anbieter;Themen;Preis;Stand",
            "Zellchemie;8 Stunden;Akademie Nord;Sicherheit;1.200,50 €;01.02.2026",
            "Brandschutz;2 Tage;Unbekannte Akademie;Sicherheit;;",
            ";3 Tage;;;;",
            "Löschen;;;Kochen;teuer;31.02.2026",
            encoding="cp1252",
        ),
        "Liste Partner 2026.csv",
    )
    assert counts(run) == (1, 0, 0, 3, 0)
    assert (run.source, run.about) == ("Liste Partner", "Windows-1252")
    wrong = {row.number: [error["cell"] for error in row.errors] for row in desk.rows(run, RowKind.WRONG)}
    assert wrong == {3: ["C3"], 4: ["A4"], 5: ["D5", "E5", "F5"]}
    desk.apply(run)

    said = desk.says("zellchemie")
    assert (said.duration_text, said.duration_minutes, said.price_amount) == ("8 Stunden", 480, Decimal("1200.50"))
    assert (said.provider, said.as_of) == ("akademie-nord", date(2026, 2, 1))
    assert said.terms == {"topic": ("sicherheit",), "duration": ("bis-1-tag",)}
    with desk.database.read() as session:
        assert modules.get(session, desk.actor, "zellchemie").state == WorkflowState.DRAFT


def test_wrong_rows_can_be_downloaded_mended_and_imported_with_the_same_mapping(desk: Desk) -> None:
    first = desk.upload(
        csv_file("Kurs;Wann;Wieviel", "Löten;01.01.2026;zehn"), "kurse.csv", ["title", "as_of", "max_participants"]
    )
    with desk.database.read() as session:
        table = imports.wrong_rows(session, desk.actor, first)
    assert [column.label for column in table.columns] == ["Kurs", "Wann", "Wieviel", "Fehler"]
    assert str(table.rows[0]["error"]).startswith("C2: „zehn“ ist keine Zahl.")

    content = csv_file("Kurs;Wann;Wieviel;Fehler", "Löten;01.01.2026;10;C2: war falsch")
    with desk.database.write() as session:
        from catalogue.services.spreadsheets import open_sheet

        run = imports.upload(session, desk.actor, "kurse.csv", open_sheet("kurse.csv", content))
        assert run.mapping == ["title", "as_of", "max_participants", ""]
        imports.assign(session, desk.actor, run.id, run.mapping)
    assert counts(desk.work(run)) == (1, 0, 0, 0, 0)


def test_modules_are_found_by_slug_then_code_then_source_and_title(desk: Desk) -> None:
    desk.add(
        FULL, ModuleInput(title="Recycling", source_url="https://beispiel.example/r"), ModuleInput(title="Recycling 2")
    )
    run = desk.upload(
        csv_file(
            "Kennung,Kürzel,Titel,Quelle,Ort",
            "recycling-2,,Recycling 2,,Gera",
            ",ZM-1,Zellmontage – Grundlagen,https://beispiel.example/zm,Jena",
            ",,RECYCLING,https://beispiel.example/r,Weimar",
            ",,Recycling,https://beispiel.example/anders,Suhl",
        ),
        "liste.csv",
    )
    assert counts(run) == (1, 3, 0, 0, 0)


def test_two_lines_for_one_module_are_an_error(desk: Desk) -> None:
    run = desk.upload(csv_file("Kürzel;Titel", "A-1;Eins", "A-1;Zwei"), "liste.csv")
    assert counts(run) == (1, 0, 0, 1, 0)
    assert desk.rows(run, RowKind.WRONG)[0].errors[0]["params"] == {"line": 2}


def test_empty_cells_of_a_foreign_list_and_hand_edited_fields_are_not_taken_unasked(desk: Desk) -> None:
    (slug,) = desk.add(FULL)
    desk.edit(slug, level_text="Von Hand")
    run = desk.upload(
        csv_file("Kürzel;Titel;Ort;Niveau im Wortlaut;Zielgruppe", "ZM-1;Neuer Titel;;Aus der Liste;alle"), "l.csv"
    )
    (row,) = desk.rows(run, RowKind.CHANGED)
    found = {change["field"]: (change["selected"], "edited" in change, "clears" in change) for change in row.changes}
    assert found == {
        "title": (True, False, False),
        "place_text": (False, False, True),
        "level_text": (False, True, False),
        "audience_text": (True, False, False),
    }
    with desk.database.write() as session:
        imports.choose(
            session, desk.actor, run.id, Choice(frozenset({"2:level_text", "2:title"}), frozenset({"2:level_text"}))
        )
    desk.apply(run)
    said = desk.says(slug)
    assert (said.title, said.place_text, said.level_text, said.audience_text) == (
        FULL.title, "Arnstadt", "Aus der Liste", "alle",
    )  # fmt: skip


def test_locked_fields_stay_whatever_is_ticked(desk: Desk) -> None:
    (slug,) = desk.add(FULL)
    with desk.database.write() as session:
        module_locks.set_locks(session, desk.actor, modules.get(session, desk.actor, slug), ["place_text"])
    run = desk.upload(csv_file("Kürzel;Titel;Ort", "ZM-1;Neuer Titel;Jena"), "l.csv")
    with desk.database.write() as session:
        imports.choose_all(session, desk.actor, run.id, RowKind.CHANGED, ticked=True)
        imports.lock_field(session, desk.actor, run.id, 2, "title")
        with pytest.raises(Conflict):
            imports.ask_apply(session, desk.actor, run.id)
    assert desk.says(slug).title == FULL.title
    with desk.database.read() as session:
        locks = module_locks.locks_of(session, desk.actor, modules.get(session, desk.actor, slug))
        assert [one.field for one in locks] == ["title", "place_text"]


def test_undo_restores_what_was_before_and_archives_what_was_new(desk: Desk) -> None:
    (slug,) = desk.add(FULL)
    run = desk.upload(
        csv_file("Kürzel;Titel;Ort;Themen", "ZM-1;Neuer Titel;Jena;", "ZM-2;Ganz neu;;Sicherheit"), "l.csv"
    )
    with desk.database.write() as session:
        imports.choose_all(session, desk.actor, run.id, RowKind.CHANGED, ticked=True)
    run = desk.apply(run)
    assert run.counts["applied"] == 2
    assert desk.says(slug).terms == {"level": ("basis",)}

    run = desk.undo(run)
    assert (run.state, run.conflicts) == (ImportState.UNDONE, [])
    assert desk.says(slug) == FULL
    with desk.database.read() as session:
        assert modules.get(session, desk.actor, "ganz-neu").state == WorkflowState.ARCHIVED

    again = desk.apply(desk.upload(csv_file("Kürzel;Titel;Ort;Themen", "ZM-2;Ganz neu;;Sicherheit"), "l.csv"))
    assert again.counts["new"] == 1
    with desk.database.read() as session:
        assert modules.get(session, desk.actor, "ganz-neu").state == WorkflowState.DRAFT


def test_undo_names_later_edits_and_leaves_them(desk: Desk) -> None:
    (slug,) = desk.add(FULL)
    run = desk.apply(desk.upload(csv_file("Kürzel;Titel;Ort", "ZM-1;Neuer Titel;Jena", "N-1;Neu;"), "l.csv"))
    desk.edit(slug, title="Noch neuer", summary="Später")
    desk.edit("neu", summary="Weiter bearbeitet")
    run = desk.undo(run)
    assert run.conflicts == ["Noch neuer", "Neu"]
    said = desk.says(slug)
    assert (said.title, said.place_text, said.summary) == ("Noch neuer", "Arnstadt", "Später")
    with desk.database.read() as session:
        assert modules.get(session, desk.actor, "neu").state == WorkflowState.DRAFT


def test_a_change_between_check_and_apply_stops_the_import_and_checks_again(desk: Desk) -> None:
    (slug,) = desk.add(FULL)
    run = desk.upload(csv_file("Kürzel;Titel;Ort", "ZM-1;Neuer Titel;Jena", "N-1;Neu;"), "l.csv")
    desk.edit(slug, place_text="Suhl")
    run = desk.apply(run)
    assert run.state == ImportState.CHECKED
    assert "wurde seit der Prüfung geändert" in str(run.problem["params"])
    assert set(desk.everything()) == {slug}
    assert not {c["field"]: c for c in desk.rows(run, RowKind.CHANGED)[0].changes}["place_text"]["selected"]


def test_new_providers_are_added_once_and_only_if_wanted(desk: Desk) -> None:
    content = csv_file("Titel;Anbieter", "Eins;Werkstatt Ost", "Zwei;Werkstatt Ost")
    assert counts(desk.upload(content, "l.csv")) == (0, 0, 0, 2, 0)
    run = desk.apply(desk.upload(content, "l.csv", create_providers=True))
    assert run.counts["providers"] == 1
    assert desk.says("eins").provider == desk.says("zwei").provider == "werkstatt-ost"


def test_what_vanished_from_a_list_is_named_and_stays(desk: Desk) -> None:
    desk.apply(desk.upload(csv_file("Kürzel;Titel", "A;Eins", "B;Zwei"), "partner-2025.csv"))
    run = desk.upload(csv_file("Kürzel;Titel", "A;Eins"), "partner-2026.csv")
    assert counts(run) == (0, 0, 1, 0, 1)
    assert [row.label for row in desk.rows(run, RowKind.VANISHED)] == ["Zwei"]
    assert set(desk.everything()) == {"eins", "zwei"}


def test_what_no_cell_can_hold_stays_as_it_is(desk: Desk) -> None:
    long = tuple("ä" * 990 + f" {number}" for number in range(40))
    (slug,) = desk.add(ModuleInput(title="Lang", contents=long))
    assert counts(desk.upload(desk.export())) == (0, 0, 1, 0, 0)
    assert desk.says(slug).contents == long


def test_mapping_needs_something_to_find_modules_by_and_no_column_twice(desk: Desk, people: People) -> None:
    for mapping in (["place_text", ""], ["title", "title"], ["title", "state"]):
        with pytest.raises(Invalid):
            desk.upload(csv_file("A;B", "1;2"), "l.csv", mapping)
    with pytest.raises(NotAllowed):
        Desk(desk.database, desk.settings, desk.index, people.company_admin).upload(csv_file("Titel", "1"), "l.csv")


def test_discarding_forgets_the_file_and_applies_nothing(desk: Desk) -> None:
    run = desk.upload(csv_file("Titel", "Eins"), "l.csv")
    with desk.database.write() as session:
        imports.discard(session, desk.actor, run.id)
    with desk.database.write() as session, pytest.raises(Conflict):
        imports.ask_apply(session, desk.actor, run.id)
    with desk.database.read() as session:
        assert session.query(Module).count() == session.query(ModuleVersion).count() == 0
        assert imports.get(session, desk.actor, run.id).state == ImportState.DISCARDED
