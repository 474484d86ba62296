"""What members may see of others: never a figure of fewer than k companies, never a single click, never their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalogue.db import Database, Session
from catalogue.models import Company, Confidentiality, Demand, Module, Relevance
from catalogue.services import demand
from catalogue.services.demand import DemandInput
from catalogue.services.disclosure import Contribution, figures
from catalogue.services.interest import Interest, interest_of_others
from catalogue.services.permissions import VISITOR, Actor
from tests import factories
from tests.conftest import People

NETWORK, ANONYMOUS, MEMBERS = Confidentiality


@pytest.fixture
def module(session: Session) -> Module:
    return factories.make_module(session, "Sicherheit und Batterie")


def say(
    session: Session,
    module: Module,
    number: int,
    confidentiality: Confidentiality = ANONYMOUS,
    people: int | None = 4,
    **values: object,
) -> list[Company]:
    """Let *number* new companies want *module*."""
    companies = [factories.make_company(session) for _ in range(number)]
    for company in companies:
        session.add(
            Demand(company_id=company.id, module_id=module.id, confidentiality=confidentiality, people=people, **values)
        )
    session.flush()
    return companies


def test_four_others_are_too_few_five_are_enough(session: Session, people: People, module: Module) -> None:
    say(session, module, 4)
    assert interest_of_others(session, people.member, module, 5).suppressed
    say(session, module, 1)
    assert interest_of_others(session, people.member, module, 5) == Interest(companies=5, people=20)


def test_one_more_click_shows_in_no_figure(session: Session, people: People, module: Module) -> None:
    say(session, module, 5, people=4)
    before = interest_of_others(session, people.member, module, 5)
    say(session, module, 1, people=4)
    assert interest_of_others(session, people.member, module, 5) == before


def test_the_own_company_counts_neither_for_the_limit_nor_in_the_figure(
    session: Session, people: People, module: Module
) -> None:
    say(session, module, 4)
    demand.mark(session, people.member, module, DemandInput(people=40, confidentiality=ANONYMOUS))
    assert interest_of_others(session, people.member, module, 5).suppressed
    say(session, module, 1)
    before = interest_of_others(session, people.member, module, 5)
    demand.withdraw(session, people.member, module)
    assert interest_of_others(session, people.member, module, 5) == before


@pytest.mark.parametrize(
    "values",
    [{"confidentiality": NETWORK}, {"relevance": Relevance.NONE}],
)
def test_what_is_for_the_office_only_or_not_relevant_never_counts(
    session: Session, people: People, module: Module, values: dict[str, object]
) -> None:
    say(session, module, 30, **values)  # type: ignore[arg-type]
    assert interest_of_others(session, people.member, module, 5) == Interest()


def test_withdrawn_demand_and_companies_that_left_do_not_count(
    session: Session, people: People, module: Module
) -> None:
    companies = say(session, module, 6, MEMBERS)
    for company in companies[:2]:
        company.active = False
    session.flush()
    seen = interest_of_others(session, people.member, module, 5)
    assert seen.suppressed
    assert len(seen.names) == 4


def test_only_companies_that_chose_so_are_named(session: Session, people: People, module: Module) -> None:
    say(session, module, 5)
    say(session, module, 2, NETWORK)
    named = say(session, module, 2, MEMBERS)
    seen = interest_of_others(session, people.member, module, 5)
    assert seen.names == tuple(sorted(company.name for company in named))
    assert seen.companies == 5


def test_the_anonymous_ones_cannot_be_found_by_subtracting_the_named(
    session: Session, people: People, module: Module
) -> None:
    say(session, module, 4, MEMBERS)
    say(session, module, 1, ANONYMOUS, people=90)
    seen = interest_of_others(session, people.member, module, 5)
    assert (seen.companies, seen.people) == (None, None)


def test_people_are_summed_only_if_enough_companies_gave_a_number(
    session: Session, people: People, module: Module
) -> None:
    say(session, module, 4, people=10)
    say(session, module, 3, people=None)
    assert interest_of_others(session, people.member, module, 5) == Interest(companies=5, people=None)


def test_a_sum_that_two_companies_dominate_is_not_shown(session: Session, people: People, module: Module) -> None:
    say(session, module, 2, people=500)
    say(session, module, 5, people=2)
    assert interest_of_others(session, people.member, module, 5) == Interest(companies=5, people=None)


def test_the_limit_is_never_below_three(session: Session, people: People, module: Module) -> None:
    say(session, module, 2)
    assert interest_of_others(session, people.member, module, 1).suppressed


def test_visitors_see_nothing_and_staff_see_the_same_rule(session: Session, people: People, module: Module) -> None:
    say(session, module, 5, MEMBERS)
    assert interest_of_others(session, VISITOR, module, 5) == Interest()
    assert interest_of_others(session, people.curator, module, 5).companies == 5


@dataclass(frozen=True)
class Voice:
    """What one random company says."""

    kind: Confidentiality
    people: int | None


VOICES = st.lists(st.builds(Voice, st.sampled_from(Confidentiality), st.none() | st.integers(1, 300)), max_size=40)


def as_said(voices: Sequence[Voice]) -> list[Contribution]:
    return [Contribution(f"firma-{n}", v.people, v.kind == MEMBERS) for n, v in enumerate(voices) if v.kind != NETWORK]


@given(VOICES, st.integers(3, 12))
def test_no_figure_is_ever_made_of_too_few(voices: list[Voice], k: int) -> None:
    seen = figures(as_said(voices), k)
    anonymous = [v for v in voices if v.kind == ANONYMOUS]
    named = [v for v in voices if v.kind == MEMBERS]
    if seen.companies is not None:
        assert seen.companies % 5 == 0
        assert 0 < seen.companies <= len(anonymous) + len(named)
        assert len(anonymous) + len(named) >= k
        # what remains when the named ones are subtracted is nothing or at least k companies
        assert seen.companies <= len(named) or len(anonymous) >= k
    if seen.people is not None:
        stated = [v.people for v in anonymous + named if v.people is not None]
        assert seen.companies is not None
        assert seen.people % 5 == 0
        assert 0 < seen.people <= sum(stated)
        assert len(stated) >= k


@given(VOICES, st.integers(1, 300), st.integers(3, 12))
def test_office_only_companies_change_nothing_at_all(voices: list[Voice], people: int, k: int) -> None:
    assert figures(as_said([*voices, Voice(NETWORK, people)]), k) == figures(as_said(voices), k)


@hypothesis_settings(max_examples=15, deadline=None)
@given(voices=VOICES, own=st.none() | st.builds(Voice, st.sampled_from(Confidentiality), st.integers(1, 300)))
def test_the_database_answers_like_the_rule_whatever_the_own_company_says(
    sqlite_database: Database, voices: list[Voice], own: Voice | None
) -> None:
    with sqlite_database.session(write=True) as session:  # never committed
        module = factories.make_module(session)
        mine = factories.make_company(session)
        for voice in voices:
            say(session, module, 1, voice.kind, voice.people)
        if own:
            session.add(Demand(company_id=mine.id, module_id=module.id, confidentiality=own.kind, people=own.people))
            session.flush()
        seen = interest_of_others(session, Actor(company_id=mine.id), module, 5)
        expected, named = figures(as_said(voices), 5), sum(voice.kind == MEMBERS for voice in voices)
        assert (seen.companies, seen.people, len(seen.names)) == (expected.companies, expected.people, named)


@pytest.fixture(scope="module")
def sqlite_database(sqlite_template: object) -> Database:
    return Database(f"sqlite:///{sqlite_template}")
