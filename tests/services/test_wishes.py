"""Wishes: shown as far as they allow, joined by others, ended by an answer that everybody concerned hears of."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import given as given_data
from hypothesis import strategies as st
from sqlalchemy import func, select

from catalogue.db import Database, Session
from catalogue.models import Company, Confidentiality, OutboxMail, Vocabulary, Wish, WishState, WishSupport
from catalogue.services import wish_answers, wishes
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.permissions import VISITOR, Actor
from catalogue.services.wish_answers import AnswerInput
from catalogue.services.wishes import WishInput
from tests import factories
from tests.conftest import People

NETWORK, ANONYMOUS, MEMBERS = Confidentiality
BENCHES = WishInput("Prüfstände kalibrieren", "bis 1000 Volt", people=6, period="2027")


def join(session: Session, wish: Wish, number: int) -> None:
    for _ in range(number):
        session.add(WishSupport(wish_id=wish.id, company_id=factories.make_company(session).id))
    session.flush()
    session.refresh(wish, ["supports"])


def test_a_wish_is_open_and_anonymous_unless_said_otherwise(session: Session, people: People) -> None:
    wish = wishes.create(session, people.member, BENCHES)
    assert (wish.state, wish.confidentiality, wish.people, wish.period) == (WishState.OPEN, ANONYMOUS, 6, "2027")


@pytest.mark.parametrize(
    ("field", "input"),
    [
        ("title", WishInput("  ")),
        ("title", WishInput("x" * 201)),
        ("text", WishInput("Titel", "x" * 4001)),
        ("people", WishInput("Titel", people=0)),
        ("period", WishInput("Titel", period="bald")),
        ("topic", WishInput("Titel", topic="gibt-es-nicht")),
    ],
)
def test_values_outside_the_rules_are_named(session: Session, people: People, field: str, input: WishInput) -> None:
    with pytest.raises(Invalid) as refused:
        wishes.create(session, people.member, input)
    assert list(refused.value.fields) == [field]


def test_the_same_words_again_give_the_same_wish(session: Session, people: People) -> None:
    assert wishes.create(session, people.member, BENCHES) is wishes.create(session, people.company_admin, BENCHES)


@pytest.mark.parametrize(
    ("kind", "seen", "named"), [(NETWORK, False, False), (ANONYMOUS, True, False), (MEMBERS, True, True)]
)
def test_others_see_what_the_wish_allows(
    session: Session, people: People, kind: Confidentiality, seen: bool, named: bool
) -> None:
    wish = wishes.create(session, people.member, WishInput("Prüfstände", confidentiality=kind))
    wish = wishes.get(session, people.curator, wish.id)
    found = wishes.listed(session, people.stranger, 5)
    assert bool(found) == seen
    assert [view.company for view in found] == (["Muster AG" if named else ""] if seen else [])
    assert wishes.listed(session, people.curator, 5)[0].company == "Muster AG"
    if not seen:
        with pytest.raises(NotFound):
            wishes.get(session, people.stranger, wish.id)


def test_visitors_see_no_wishes(session: Session, people: People) -> None:
    wish = wishes.create(session, people.member, BENCHES)
    with pytest.raises(NotAllowed):
        wishes.listed(session, VISITOR, 5)
    with pytest.raises(NotFound):
        wishes.get(session, VISITOR, wish.id)
    with pytest.raises(NotAllowed):
        wishes.create(session, VISITOR, BENCHES)


def test_the_number_of_supporters_follows_the_rule_of_five(session: Session, people: People) -> None:
    wish = wishes.create(session, people.member, BENCHES)
    wish = wishes.get(session, people.member, wish.id)
    join(session, wish, 4)
    assert wishes.view_of(people.member, wish, 5).supporters is None
    wishes.support(session, people.stranger, wish)
    assert wishes.view_of(people.stranger, wish, 5).supporters is None  # their own company does not count
    assert wishes.view_of(people.member, wish, 5).supporters == 5
    join(session, wish, 3)
    assert wishes.view_of(people.member, wish, 5).supporters == 5
    assert wishes.view_of(people.curator, wish, 5).supporters == 8


@given_data(st.integers(0, 40), st.booleans(), st.integers(1, 9))
def test_no_member_reads_a_small_or_exact_number(number: int, joins: bool, k: int) -> None:
    me = Actor(company_id=uuid4())
    wish = Wish(confidentiality=ANONYMOUS, state=WishState.OPEN, company=None)
    wish.supports = [WishSupport(company_id=uuid4(), company=Company(active=True)) for _ in range(number)]
    without = wishes.view_of(me, wish, k).supporters
    if joins:
        wish.supports.append(WishSupport(company_id=me.company_id, company=Company(active=True)))
    assert wishes.view_of(me, wish, k).supporters == without
    assert without is None or (without % 5 == 0 and max(k, 3) <= number and 0 < without <= number)


def test_companies_that_left_the_network_do_not_count_as_supporters(session: Session, people: People) -> None:
    wish = wishes.get(session, people.member, wishes.create(session, people.member, BENCHES).id)
    join(session, wish, 6)
    wish.supports[0].company.active = False
    assert wishes.view_of(people.curator, wish, 5).supporters == 5


def test_supporting_twice_counts_once_and_can_be_taken_back(session: Session, people: People) -> None:
    wish = wishes.get(session, people.member, wishes.create(session, people.member, BENCHES).id)
    wishes.support(session, people.stranger, wish)
    wishes.support(session, people.stranger, wish)
    assert wishes.view_of(people.stranger, wish, 5).supported
    assert [view.wish.id for view in wishes.joined(session, people.stranger, 5)] == [wish.id]
    wishes.unsupport(session, people.stranger, wish)
    wishes.unsupport(session, people.stranger, wish)
    assert not wishes.view_of(people.stranger, wish, 5).supported
    with pytest.raises(Conflict):
        wishes.support(session, people.member, wish)
    with pytest.raises(NotAllowed):
        wishes.support(session, people.curator, wish)


def test_six_presses_at_once_are_one_support(database: Database, people: People) -> None:
    with database.write() as session:
        wish_id = wishes.create(session, people.member, BENCHES).id

    def press(_number: int) -> None:
        with database.write() as session:
            wishes.support(session, people.stranger, wishes.get(session, people.stranger, wish_id))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(press, range(6)))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(WishSupport)) == 1


def test_an_own_wish_can_be_changed_until_it_is_over(session: Session, people: People) -> None:
    factories.make_term(session, Vocabulary.TOPIC, "pruefung", "Prüfung")
    wish = wishes.get(session, people.member, wishes.create(session, people.member, BENCHES).id)
    seen = wish.version
    wishes.update(session, people.company_admin, wish, WishInput("Prüfstände", topic="pruefung", version=seen))
    assert (wish.title, wish.topic and wish.topic.code) == ("Prüfstände", "pruefung")
    with pytest.raises(Stale):
        wishes.update(session, people.member, wish, WishInput("Anders", version=seen))
    with pytest.raises(NotAllowed):
        wishes.update(session, people.stranger, wish, WishInput("Fremd"))
    wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.DECLINED, "Zu wenige"))
    with pytest.raises(Conflict):
        wishes.update(session, people.member, wish, WishInput("Zu spät"))


def test_an_answered_question_goes_back_to_the_network_office(session: Session, people: People) -> None:
    wish = wishes.get(session, people.member, wishes.create(session, people.member, BENCHES).id)
    wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.QUESTION, "Welche Spannung?"))
    assert wish.decided_at is None
    wishes.update(session, people.member, wish, WishInput("Prüfstände", "bis 800 Volt"))
    assert wish.state == WishState.REVIEW


def test_everybody_who_wanted_it_hears_what_became_of_it(session: Session, people: People) -> None:
    module = factories.make_module(session, "Prüfstände")
    wish = wishes.get(session, people.member, wishes.create(session, people.member, BENCHES).id)
    wishes.support(session, people.stranger, wish)
    wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.PLANNED, "Termin im Herbst"))
    decided = wish.decided_at
    wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.FULFILLED, "Modul ergänzt", module.slug))
    assert (wish.decided_at, wish.module) == (decided, module)
    assert wish.fulfilled_at is not None
    mails = session.scalars(select(OutboxMail).order_by(OutboxMail.to)).all()
    assert sorted(mail.to for mail in mails) == ["alice@muster.example"] * 2 + ["bob@beispiel.example"] * 2
    assert not any(name in mail.text for mail in mails for name in ("Muster AG", "Beispiel GmbH"))


def test_an_answer_needs_a_sentence_and_an_existing_module(session: Session, people: People) -> None:
    wish = wishes.get(session, people.member, wishes.create(session, people.member, BENCHES).id)
    for field, wrong in (
        ("answer", AnswerInput(WishState.DECLINED, " ")),
        ("module", AnswerInput(WishState.FULFILLED, "Da", "gibt-es-nicht")),
    ):
        with pytest.raises(Invalid) as refused:
            wish_answers.answer(session, people.curator, wish, wrong)
        assert list(refused.value.fields) == [field]
    with pytest.raises(NotAllowed):
        wish_answers.answer(session, people.member, wish, AnswerInput(WishState.PLANNED, "Ja"))


def test_a_wish_of_the_network_office_has_no_company(session: Session, people: People) -> None:
    wish = wishes.create(session, people.curator, BENCHES)
    assert wish.company_id is None
    assert wishes.listed(session, people.member, 5)[0].company == ""
    assert session.get(Company, people.company.id) is not None
