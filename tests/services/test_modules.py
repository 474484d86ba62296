"""Writing modules: rules, slugs, versions, and who may."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from catalogue.db import Database, Session
from catalogue.models import Module, OfferStatus, Vocabulary, WorkflowState
from catalogue.services import module_listing, modules, workflow
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.module_listing import ListingQuery
from catalogue.services.modules import ModuleInput
from tests import factories
from tests.conftest import People

FULL = ModuleInput(
    title="Größe der Zelle prüfen",
    summary="Ein Satz.",
    objectives=("messen", "bewerten"),
    contents=("Zelle",),
    dqr=4,
    duration_text="2 Tage",
    duration_minutes=720,
    min_participants=4,
    max_participants=12,
    price_amount=Decimal("490.00"),
    offer_status=OfferStatus.PILOTED,
    provider="akademie",
    programme="batteriemd",
    source_url="https://elmug.de/de/aktivitäten/batterie",
    more_sources=("https://example.org/a",),
    as_of=date(2026, 10, 1),
    languages=("de",),
    terms={"topic": ("sicherheit", "recht"), "level": ("basis",)},
)


@pytest.fixture(autouse=True)
def vocabulary(database: Database) -> None:
    with database.write() as session:
        factories.make_term(session, Vocabulary.TOPIC, "sicherheit", position=1)
        factories.make_term(session, Vocabulary.TOPIC, "recht", position=2)
        factories.make_term(session, Vocabulary.LEVEL, "basis")
        factories.make_term(session, Vocabulary.SECTOR, "automotive")
        factories.make_provider(session, "Akademie")
        factories.make_programme(session, "BatterieMD")


def test_a_new_module_is_a_draft_with_a_slug_from_its_title(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, FULL)
    assert (module.slug, module.state, module.sort_title) == (
        "groesse-der-zelle-pruefen", WorkflowState.DRAFT, "grosse der zelle prufen",
    )  # fmt: skip
    assert modules.input_of(module) == modules.tidy(FULL)
    assert [term.code for term in module.terms_of("topic")] == ["sicherheit", "recht"]


def test_the_second_module_of_a_title_gets_a_number(session: Session, people: People) -> None:
    made = [modules.create(session, people.curator, ModuleInput(title="ADR-Basiskurs")).slug for _ in range(3)]
    assert made == ["adr-basiskurs", "adr-basiskurs-2", "adr-basiskurs-3"]


def test_a_module_read_again_from_the_database_says_what_was_written(database: Database, people: People) -> None:
    with database.write() as session:
        slug = modules.create(session, people.curator, FULL).slug
    with database.read() as session:
        assert modules.input_of(modules.get(session, people.curator, slug)) == modules.tidy(FULL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "  "),
        ("title", "x" * 301),
        ("dqr", 0),
        ("dqr", 9),
        ("source_url", "javascript:alert(1)"),
        ("source_url", "https://"),
        ("source_url", "//example.org"),
        ("source_url", "https://example.org/ zwei"),
        ("source_url", "https://[1"),
        ("more_sources", ("https://example.org", "ftp://example.org")),
        ("duration_minutes", 0),
        ("duration_minutes", -5),
        ("min_participants", 0),
        ("price_amount", Decimal("NaN")),
        ("price_amount", Decimal("-1")),
        ("languages", ("deutsch",)),
        ("provider", "unbekannt"),
        ("programme", "unbekannt"),
        ("summary", "x" * 3000),
        ("objectives", ("x",) * 101),
        ("objectives", ("x" * 1001,)),
        ("as_of", date(1066, 10, 14)),
    ],
)
def test_a_broken_rule_is_named_at_its_field(session: Session, people: People, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        modules.create(session, people.curator, replace(FULL, **{field: value}))
    assert list(refused.value.fields) == [field]
    assert session.query(Module).count() == 0


def test_more_participants_at_least_than_at_most_are_refused(session: Session, people: People) -> None:
    with pytest.raises(Invalid) as refused:
        modules.create(session, people.curator, replace(FULL, min_participants=13))
    assert list(refused.value.fields) == ["max_participants"]


@pytest.mark.parametrize("terms", [{"topic": ("unbekannt",)}, {"sector": ("automotive",)}, {"nichts": ("x",)}])
def test_only_known_terms_of_module_vocabularies_are_taken(
    session: Session, people: People, terms: dict[str, tuple[str, ...]]
) -> None:
    with pytest.raises(Invalid) as refused:
        modules.create(session, people.curator, replace(FULL, terms=terms))
    assert list(refused.value.fields) == [f"terms.{name}" for name in terms]


def test_all_broken_rules_are_named_at_once(session: Session, people: People) -> None:
    with pytest.raises(Invalid) as refused:
        modules.create(session, people.curator, ModuleInput(title="", dqr=99, source_url="x"))
    assert set(refused.value.fields) == {"title", "dqr", "source_url"}


def test_a_code_belongs_to_one_module_and_may_be_kept(session: Session, people: People) -> None:
    first = modules.create(session, people.curator, ModuleInput(title="A", code="M-1"))
    modules.update(session, people.curator, first, ModuleInput(title="A neu", code="M-1"), first.version)
    with pytest.raises(Invalid) as refused:
        modules.create(session, people.curator, ModuleInput(title="B", code="M-1"))
    assert list(refused.value.fields) == ["code"]


def test_an_edit_of_a_stale_version_is_refused_with_both_versions(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, FULL)
    read = module.version
    modules.update(session, people.curator, module, replace(FULL, summary="Von Anna."), read)
    with pytest.raises(Stale) as refused:
        modules.update(session, people.admin, module, replace(FULL, summary="Von Bert."), read)
    assert modules.input_of(refused.value.current).summary == "Von Anna."
    assert refused.value.mine.summary == "Von Bert."
    assert module.summary == "Von Anna."


def test_each_change_counts_the_version_up_even_one_of_terms_alone(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, FULL)
    read = module.version
    modules.update(session, people.curator, module, replace(FULL, terms={"topic": ("recht",)}), read)
    assert module.version == read + 1


def test_saving_without_a_change_makes_no_version(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, FULL)
    read = module.version
    modules.update(session, people.curator, module, replace(FULL, summary=" Ein Satz.\r\n"), read)
    assert module.version == read


def test_only_staff_may_write(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, FULL)
    for actor in (people.visitor, people.member, people.company_admin, people.stranger):
        with pytest.raises(NotAllowed):
            modules.create(session, actor, FULL)
        with pytest.raises(NotAllowed):
            modules.update(session, actor, module, FULL, module.version)
        with pytest.raises(NotAllowed):
            modules.restore(session, actor, module, 1)
        with pytest.raises(NotAllowed):
            module_listing.listing(session, actor, ListingQuery())


def test_drafts_are_seen_by_staff_only(session: Session, people: People) -> None:
    slug = modules.create(session, people.curator, FULL).slug
    assert modules.get(session, people.admin, slug).title == FULL.title
    for actor in (people.visitor, people.member):
        with pytest.raises(NotFound):
            modules.get(session, actor, slug)


def test_an_archived_module_keeps_its_page_only_if_it_was_published(session: Session, people: People) -> None:
    shown = modules.create(session, people.curator, replace(FULL, title="Gezeigt"))
    workflow.publish(session, people.curator, shown)
    workflow.archive(session, people.curator, shown)
    hidden = modules.create(session, people.curator, replace(FULL, title="Nie gezeigt"))
    workflow.archive(session, people.curator, hidden)
    assert modules.get(session, people.visitor, "gezeigt").state == WorkflowState.ARCHIVED
    with pytest.raises(NotFound):
        modules.get(session, people.visitor, "nie-gezeigt")


def find(session: Session, people: People, **values: Any) -> list[str]:
    return [module.title for module in module_listing.listing(session, people.curator, ListingQuery(**values)).modules]


def test_the_list_filters_and_sorts_in_german_order(session: Session, people: People) -> None:
    for title in ("Zelle", "Öl", "Ofen", "Ärger"):
        modules.create(session, people.curator, replace(FULL, title=title, duration_text="", duration_minutes=None))
    modules.create(session, people.curator, replace(FULL, title="Batterie & Öl"))
    assert find(session, people, sort="title") == ["Ärger", "Batterie & Öl", "Ofen", "Öl", "Zelle"]
    assert find(session, people, sort="-title")[0] == "Zelle"
    assert find(session, people, text="öl", sort="title") == ["Batterie & Öl", "Öl"]
    assert find(session, people, text="%") == find(session, people)
    assert len(find(session, people, missing="duration")) == 4
    assert find(session, people, missing="topic") == []
    assert find(session, people, missing="objectives") == []
    assert len(find(session, people, missing="prerequisites", state="draft", provider="akademie")) == 5
    assert find(session, people, state="published") == []
    assert len(find(session, people, state="gibtsnicht", missing="gibtsnicht", sort="gibtsnicht", page=99)) == 5
    assert len(find(session, people, status="piloted", sort="status")) == 5


def test_modules_that_nobody_confirmed_for_a_year_are_stale(session: Session, people: People) -> None:
    for title, as_of in (("Alt", date(2020, 1, 1)), ("Neu", date.today())):  # noqa: DTZ011
        workflow.publish(
            session, people.curator, modules.create(session, people.curator, replace(FULL, title=title, as_of=as_of))
        )
    assert find(session, people, stale=True) == ["Alt"]


def test_the_wording_of_the_duration_gives_the_minutes_and_a_new_wording_new_ones(
    session: Session, people: People
) -> None:
    factories.make_term(session, Vocabulary.DURATION, "bis-4-ue")
    factories.make_term(session, Vocabulary.DURATION, "bis-1-tag")
    module = modules.create(session, people.curator, ModuleInput(title="Kurs", duration_text="6 Stunden"))
    assert (module.duration_minutes, [term.code for term in module.terms]) == (360, ["bis-1-tag"])
    sent_along = replace(modules.input_of(module), duration_text="4 UE")
    modules.update(session, people.curator, module, sent_along, module.version)
    assert (module.duration_minutes, [term.code for term in module.terms]) == (180, ["bis-4-ue"])
    by_hand = replace(modules.input_of(module), duration_text="5 UE", duration_minutes=200)
    modules.update(session, people.curator, module, by_hand, module.version)
    assert module.duration_minutes == 200


def test_the_list_finds_the_modules_of_a_term(session: Session, people: People) -> None:
    modules.create(session, people.curator, replace(FULL, title="Mit"))
    modules.create(session, people.curator, replace(FULL, title="Ohne", terms={}))
    assert find(session, people, terms=("topic:recht",)) == ["Mit"]
    assert find(session, people, terms=("topic:",)) == []
    assert find(session, people, terms=("unsinn",)) == []


def test_of_edits_at_the_same_moment_one_wins_and_the_others_are_told(database: Database, people: People) -> None:
    with database.write() as session:
        module = modules.create(session, people.curator, ModuleInput(title="Kurs"))
        slug, read = module.slug, module.version

    def save(number: int) -> str:
        try:
            with database.write() as session:
                found = modules.get(session, people.curator, slug)
                modules.update(session, people.curator, found, ModuleInput(title="Kurs", summary=str(number)), read)
        except Stale as stale:
            return "stale" if stale.mine.summary == str(number) else "wrong input"
        return str(number)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(save, range(4)))
    assert answers.count("stale") == 3
    with database.read() as session:
        assert modules.get(session, people.curator, slug).summary in answers
