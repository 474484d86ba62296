"""Filtering by what the own company said: from the database, per company, never from the index."""

import pytest

from catalogue.db import Database, Session
from catalogue.models import Module, Relevance
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import demand, marks, module_table, search, ways_out
from catalogue.services.demand import DemandInput
from catalogue.services.permissions import VISITOR, Actor
from tests import factories
from tests.conftest import People


@pytest.fixture
def modules(database: Database, index: SearchIndex, people: People) -> list[Module]:
    """Of five modules Alice marked the first as relevant, the second as not, and her colleague Anton marked the third."""
    with database.write() as session:
        made = [factories.make_module(session, f"Modul {name}", position=n) for n, name in enumerate("ABCDE")]
        demand.mark(session, people.member, made[0], DemandInput())
        demand.mark(session, people.member, made[1], DemandInput(relevance=Relevance.NONE))
        demand.mark(session, people.company_admin, made[2], DemandInput())
    sync.rebuild(database, index)
    return made


def found(session: Session, index: SearchIndex, actor: Actor, *chosen: str) -> str:
    query = marks.narrow(session, actor, Query(), chosen)
    return "".join(hit.module.title[-1] for hit in search.find(session, actor, index, query).hits)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], "ABCDE"), (["ours"], "AC"), (["colleagues"], "C"), (["unseen"], "DE"), (["ours", "unseen"], "ACDE"),
        (["colleagues", "unseen"], "CDE"), (["quatsch"], "ABCDE"),
    ],
)  # fmt: skip
def test_marks_narrow_the_question(
    session: Session, index: SearchIndex, people: People, modules: list[Module], chosen: list[str], expected: str
) -> None:
    assert found(session, index, people.member, *chosen) == expected


def test_other_companies_marks_do_not_count(
    session: Session, index: SearchIndex, people: People, modules: list[Module]
) -> None:
    assert found(session, index, people.stranger, "ours") == ""
    assert found(session, index, people.stranger, "unseen") == "ABCDE"


def test_people_without_a_company_have_no_marks(
    session: Session, index: SearchIndex, people: People, modules: list[Module]
) -> None:
    for actor in (VISITOR, people.curator):
        assert found(session, index, actor, "ours") == "ABCDE"
        assert marks.facet(session, actor, index, Query(), [], "Unser Unternehmen") is None


def test_counts_follow_the_question(
    session: Session, index: SearchIndex, people: People, modules: list[Module]
) -> None:
    facet = marks.facet(session, people.member, index, Query(), ["ours"], "Unser Unternehmen")
    assert facet is not None
    assert [(value.value, value.count, value.selected) for value in facet.values] == [
        ("ours", 2, True), ("colleagues", 1, False), ("unseen", 2, False),
    ]  # fmt: skip


def test_ways_out_find_what_they_promise(
    session: Session, index: SearchIndex, people: People, modules: list[Module]
) -> None:
    nothing = marks.narrow(session, people.stranger, Query(text="Modul"), ["ours"])
    ways = ways_out.ways_out(session, people.stranger, index, nothing)
    assert [(way.kind, way.total) for way in ways] == [("unfiltered", 5)]
    for way in ways:
        assert search.find(session, people.stranger, index, way.query).total == way.total


def test_the_table_holds_all_pages_in_order(
    session: Session, index: SearchIndex, modules: list[Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_table, "AT_ONCE", 2)
    table = module_table.of_query(session, VISITOR, index, Query(page=2, per_page=1), "https://katalog.example/")
    assert [row["title"][-1] for row in table.rows] == list("ABCDE")
    assert table.rows[0]["address"] == "https://katalog.example/modules/modul-a"
