"""„Interesse im Netzwerk“: a small network computed by hand."""

import pytest

from catalogue.db import Session
from catalogue.models import Company, Confidentiality, Module, Relevance, Term, Vocabulary, WorkflowState
from catalogue.services import network_interest
from catalogue.services.disclosure import SUPPRESSED, Figures
from catalogue.services.errors import NotAllowed
from catalogue.services.network_interest import modules_table, overview, topics_table
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import ON_SQLITE, People

NETWORK, ANONYMOUS, MEMBERS = Confidentiality


@pytest.fixture
def terms(session: Session) -> dict[str, Term]:
    made = [
        (Vocabulary.TOPIC, "zelle"),
        (Vocabulary.TOPIC, "speicher"),
        (Vocabulary.LEVEL, "basis"),
        (Vocabulary.LEVEL, "fokus"),
    ]
    return {code: factories.make_term(session, kind, code, position=n) for n, (kind, code) in enumerate(made)}  # fmt: skip


def module(session: Session, title: str, *terms: Term, **values: object) -> Module:
    return factories.make_module(session, title, terms=list(terms), **values)


def say(session: Session, module: Module, number: int, people: int | None = 4, **values: object) -> list[Company]:
    companies = [factories.make_company(session) for _ in range(number)]
    values.setdefault("confidentiality", ANONYMOUS)
    for one in companies:
        factories.make_demand(session, one, module, people=people, **values)
    return companies


def test_topics_by_levels_and_modules_by_hand(session: Session, people: People, terms: dict[str, Term]) -> None:
    zelle, speicher, basis, fokus = terms.values()
    a = module(session, "A", zelle, basis)
    b = module(session, "B", zelle, speicher, basis)
    c = module(session, "C", speicher, fokus)
    say(session, a, 7)  # shown: ≥ 5 companies, ≥ 25 people
    say(session, b, 11)  # shown in both topics: ≥ 10, ≥ 40
    say(session, c, 4, people=90)  # hidden everywhere
    say(session, c, 30, confidentiality=NETWORK)
    say(session, c, 30, relevance=Relevance.NONE)
    seen = overview(session, people.member, 5)
    assert [fact.code for fact in seen.rows] == ["zelle", "speicher"]
    zelle_row, speicher_row = seen.rows
    basis_column, fokus_column = seen.levels
    assert seen.cell(zelle_row, basis_column) == Figures(15, 70)  # 7 + 11 companies, 28 + 44 people
    assert seen.cell(speicher_row, basis_column) == Figures(10, 40)
    assert seen.cell(speicher_row, fokus_column) == seen.cell(zelle_row, fokus_column) == SUPPRESSED
    assert seen.table.row_totals == {"zelle": Figures(15, 70), "speicher": Figures(10, 40)}
    assert seen.table.total == Figures(15, 70)  # B counts once
    assert [(one.title, one.figures) for one in seen.modules] == [("B", Figures(10, 40)), ("A", Figures(5, 25))]
    assert seen.others == 1


def test_a_topic_alone_shows_the_same_figures(session: Session, people: People, terms: dict[str, Term]) -> None:
    zelle, speicher, basis, fokus = terms.values()
    say(session, module(session, "A", zelle, basis), 7)
    say(session, module(session, "B", zelle, speicher, basis), 3)
    say(session, module(session, "C", speicher, fokus), 6)
    every, one = overview(session, people.member, 5), overview(session, people.member, 5, "speicher")
    assert [fact.code for fact in one.rows] == ["speicher"]
    assert one.topics == every.topics
    assert all(one.cell(one.rows[0], level) == every.cell(one.rows[0], level) for level in every.levels)
    assert [found.title for found in one.modules] == ["C"]
    assert overview(session, people.member, 5, "kein Thema").rows == every.rows


def test_suppressed_ones_sort_as_zero_whatever_is_hidden(
    session: Session, people: People, terms: dict[str, Term]
) -> None:
    zelle, speicher, basis, _ = terms.values()
    say(session, module(session, "Viel", speicher, basis), 4, people=900)
    say(session, module(session, "Zwei", zelle, basis), 0)
    assert [fact.code for fact in overview(session, people.member, 5).rows] == ["zelle", "speicher"]


def test_the_own_company_and_unpublished_modules_count_nowhere(
    session: Session, people: People, terms: dict[str, Term]
) -> None:
    hidden = module(session, "Entwurf", terms["zelle"], state=WorkflowState.DRAFT)
    say(session, hidden, 9)
    shown = module(session, "Offen", terms["zelle"])
    companies = say(session, shown, 4)
    factories.make_demand(session, people.company, shown, confidentiality=MEMBERS, people=50)
    assert overview(session, people.member, 5).table.total == SUPPRESSED
    assert overview(session, people.curator, 5).modules == ()  # four anonymous ones beside one that is known
    companies[0].active = False
    say(session, shown, 2)
    assert overview(session, people.member, 5).table.total == Figures(5, 20)


def test_exports_hold_what_the_page_shows_and_nothing_else(
    session: Session, people: People, terms: dict[str, Term]
) -> None:
    zelle, speicher, basis, fokus = terms.values()
    say(session, module(session, "A", zelle, basis), 7)
    say(session, module(session, "C", speicher, fokus), 4, people=77)
    seen = overview(session, people.member, 5)
    topics = topics_table(seen, ())
    assert topics.rows[0] == {
        "topic": "Zelle", "basis companies": 5, "basis people": 25, "fokus companies": None, "fokus people": None,
        "total companies": 5, "total people": 25,
    }  # fmt: skip
    assert set(topics.rows[1].values()) == {"Speicher", None}
    assert topics.footer is not None
    assert topics.footer["total companies"] == 5
    assert [row["title"] for row in modules_table(seen, ()).rows] == ["A"]


@ON_SQLITE
def test_visitors_see_none_of_it(session: Session) -> None:
    with pytest.raises(NotAllowed):
        overview(session, VISITOR, 5)


@pytest.mark.parametrize(("companies", "heat"), [(None, 0), (5, 1), (10, 2), (15, 3), (20, 4), (25, 4), (30, 5)])
def test_heat_steps_are_fixed(companies: int | None, heat: int) -> None:
    assert network_interest.step(Figures(companies)) == heat
