"""Finding modules through the service: facets, sorting, pages, limits, highlights, suggestions."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from catalogue.db import Database, Session, utcnow
from catalogue.models import Module, OfferStatus, Run, Vocabulary
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import Facet, Page, Query
from catalogue.services import search
from catalogue.services.permissions import VISITOR
from tests import factories

TODAY = utcnow().date()


@pytest.fixture
def catalogue(database: Database, index: SearchIndex) -> dict[str, uuid.UUID]:
    """Five modules: three on cells or storage, one without any term, one in two topics; indexed."""
    with database.write() as session:
        production = factories.make_term(session, Vocabulary.TOPIC, "herstellung", "Herstellung", position=1)
        cell = factories.make_term(
            session, Vocabulary.TOPIC, "zelle", "Zellfertigung", position=2, parent_id=production.id
        )
        store = factories.make_term(session, Vocabulary.TOPIC, "lager", "Lagerung", position=3, label_en="Storage")
        online = factories.make_term(session, Vocabulary.FORMAT, "online", "Online")
        onsite = factories.make_term(session, Vocabulary.FORMAT, "praesenz", "Präsenz")
        provider = factories.make_provider(session, "Übungsakademie")
        make = factories.make_module
        made = [
            make(session, "Zellen stapeln", terms=[cell, online], position=1, duration_minutes=480, provider=provider),
            make(session, "Zellen formieren", terms=[cell, onsite], position=2, duration_minutes=45),
            make(session, "Batterien lagern", terms=[store, onsite], position=3, offer_status=OfferStatus.PILOTED),
            make(session, "Ähren <b>zählen</b>", position=4),
            make(session, "Lager und Zelle", terms=[cell, store, online], position=5),
        ]
        session.add(Run(module_id=made[2].id, starts_on=TODAY + timedelta(days=9)))
        session.add(Run(module_id=made[1].id, starts_on=TODAY + timedelta(days=4)))
        session.add(Run(module_id=made[0].id, starts_on=TODAY - timedelta(days=4)))
        ids = {module.title: module.id for module in made}
    sync.drain(database, index)
    return ids


@pytest.fixture
def find(database: Database, index: SearchIndex, catalogue: dict[str, uuid.UUID]):  # type: ignore[no-untyped-def]
    def ask(text: str = "", **values: object) -> Page:
        with database.read() as session:
            page = search.find(session, VISITOR, index, replace(Query(text=text), **values))  # type: ignore[arg-type]
        assert not page.degraded
        return page

    return ask


def titles(page: Page) -> list[str]:
    return [hit.module.title for hit in page.hits]


def facet(page: Page, name: str) -> Facet:
    return next(one for one in page.facets if one.name == name)


def counts(page: Page, name: str) -> dict[str, int]:
    return {value.value: value.count for value in facet(page, name).values}


def test_without_a_text_everything_is_listed_in_the_order_of_the_catalogue(find) -> None:  # type: ignore[no-untyped-def]
    page = find()
    assert titles(page)[0] == "Zellen stapeln"
    assert page.total == 5
    assert counts(page, "topic") == {"herstellung": 3, "zelle": 3, "lager": 2, "none": 1}
    assert [value.depth for value in facet(page, "topic").values] == [0, 1, 0, 0]


def test_counts_of_a_facet_ignore_its_own_selection(find) -> None:  # type: ignore[no-untyped-def]
    page = find(filters={"topic": ("lager",), "format": ("online",)})
    assert titles(page) == ["Lager und Zelle"]
    assert counts(page, "topic") == {"herstellung": 2, "zelle": 2, "lager": 1}
    assert counts(page, "format") == {"online": 1, "praesenz": 1}


def test_values_of_a_facet_are_alternatives_unless_all_are_asked(find) -> None:  # type: ignore[no-untyped-def]
    chosen = {"topic": ("lager", "zelle")}
    assert find(filters=chosen).total == 4
    page = find(filters=chosen, all_of=frozenset({"topic"}))
    assert titles(page) == ["Lager und Zelle"]
    assert facet(page, "topic").match_all


def test_modules_that_do_not_say_can_be_asked_for(find) -> None:  # type: ignore[no-untyped-def]
    assert titles(find(filters={"topic": ("none",)})) == ["Ähren <b>zählen</b>"]


def test_a_chosen_value_without_modules_stays_and_unknown_ones_are_named(find) -> None:  # type: ignore[no-untyped-def]
    page = find("lagern", filters={"status": ("idea",), "topic": ("gibtesnicht",), "farbe": ("rot",)})
    assert page.total == 0
    assert page.ignored == ("topic=gibtesnicht", "farbe=rot")
    assert [value.value for value in facet(page, "status").selected] == ["idea"]


def test_marks_limit_and_exclude_by_id(find, catalogue: dict[str, uuid.UUID]) -> None:  # type: ignore[no-untyped-def]
    own = frozenset({catalogue["Batterien lagern"], uuid.uuid4()})
    assert titles(find(only=own)) == ["Batterien lagern"]
    assert find(without=own).total == 4
    assert counts(find(only=own), "topic") == {"lager": 1}


@pytest.mark.parametrize(
    ("sort", "first"),
    [("title", "Ähren <b>zählen</b>"), ("duration", "Zellen formieren"), ("next_run", "Zellen formieren"), ("relevance", "Zellen stapeln")],
)  # fmt: skip
def test_lists_can_be_sorted(find, sort: str, first: str) -> None:  # type: ignore[no-untyped-def]
    assert titles(find(sort=sort))[0] == first


def test_a_page_beyond_the_end_is_the_last_one(find) -> None:  # type: ignore[no-untyped-def]
    page = find(page=99, per_page=2)
    assert (page.query.page, page.pages, len(page.hits)) == (3, 3, 1)
    assert find("gibtesnicht", page=7).query.page == 1


def test_hits_are_marked_and_nothing_of_them_is_markup(find) -> None:  # type: ignore[no-untyped-def]
    hit = find("zaehlen").hits[0]
    assert hit.title == "Ähren &lt;b&gt;<mark>zählen</mark>&lt;/b&gt;"


def test_detours_are_explained(find) -> None:  # type: ignore[no-untyped-def]
    because = find("Batterielagerung").hits[0].because
    assert because
    assert because[0].kind in ("compound", "synonym")
    assert find("Zellen stapeln").hits[0].because == ()


def test_a_slip_is_answered_and_the_right_word_offered(find) -> None:  # type: ignore[no-untyped-def]
    page = find("formeiren")
    assert titles(page)[0] == "Zellen formieren"
    assert page.suggestion is not None
    assert page.suggestion.text == "formieren"
    assert page.suggestion.total == page.total


def test_labels_are_in_the_language_of_the_reader(find) -> None:  # type: ignore[no-untyped-def]
    labels = [value.label for value in facet(find(language="en"), "topic").values]
    assert "Storage" in labels


def test_similar_modules_leave_the_module_itself_out(
    database: Database, index: SearchIndex, catalogue: dict[str, uuid.UUID]
) -> None:
    with database.read() as session:
        module = search.find(session, VISITOR, index, Query(text="stapeln")).hits[0].module
        similar = search.similar(session, VISITOR, index, module)
    assert [other.title for other in similar][:2] == ["Zellen formieren", "Lager und Zelle"]


def test_suggestions_have_kinds(database: Database, index: SearchIndex, catalogue: dict[str, uuid.UUID]) -> None:
    with database.read() as session:
        found = search.suggest(session, VISITOR, index, "lag")
        assert {one.kind for one in found} == {"topic", "module"}
        assert search.suggest(session, VISITOR, index, "BMS")[0].kind == "abbreviation"
        assert [one.kind for one in search.suggest(session, VISITOR, index, "übungs")][:1] == ["provider"]
        assert search.suggest(session, VISITOR, index, "  ") == []


def test_count_agrees_with_find(database: Database, index: SearchIndex, catalogue: dict[str, uuid.UUID]) -> None:
    query = Query(text="Zelle", filters={"format": ("online",)})
    with database.read() as session:
        assert search.count(session, VISITOR, index, query) == search.find(session, VISITOR, index, query).total


def test_what_was_unpublished_meanwhile_is_not_shown(
    database: Database, index: SearchIndex, catalogue: dict[str, uuid.UUID]
) -> None:
    with database.engine.begin() as connection:  # the index does not know yet
        connection.execute(Module.__table__.update().where(Module.title == "Batterien lagern").values(state="archived"))
    with database.read() as session:
        assert "Batterien lagern" not in titles(search.find(session, VISITOR, index, Query(text="lagern")))


def test_the_database_answers_where_there_is_no_index(session: Session, index: SearchIndex) -> None:
    factories.make_module(session, "100 % Zellen_Test")
    factories.make_module(session, "Anderes", published_at=utcnow())
    index.healing.acquire()  # nobody heals meanwhile
    page = search.find(session, VISITOR, index, Query(text="% zellen_"))
    index.healing.release()
    assert page.degraded
    assert titles(page) == ["100 % Zellen_Test"]
