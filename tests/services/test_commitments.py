"""Zusagen: who is asked, what an answer does, what companies hear about a run – each once, never with figures of others."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    CommitmentState,
    DemandSource,
    Membership,
    Module,
    OutboxMail,
    Relevance,
    Run,
    RunCommitment,
    RunState,
    User,
)
from catalogue.services import commitments, demand, prospects, run_news, runs
from catalogue.services import people as people_service
from catalogue.services.commitments import Answer
from catalogue.services.demand import DemandInput
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.settings import Settings
from tests import factories
from tests.conftest import ON_SQLITE, People

TODAY = date(2026, 11, 22)
COMING, OTHER, DECLINED = CommitmentState.COMING, CommitmentState.OTHER_TIME, CommitmentState.DECLINED


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel("2026-11-22T10:00:00+00:00", tick=False):
        yield


@pytest.fixture
def module(database: Database, people: People) -> Module:
    """Alice wants it for 4 people in the first quarter, Bob for 3 in the second half-year; a third company has no account."""
    with database.write() as session:
        module = factories.make_module(session, "Sicherheit", slug="safety")
        demand.mark(session, people.member, module, DemandInput(Relevance.MUST, (), 4, "2027-Q1"))
        demand.mark(session, people.stranger, module, DemandInput(Relevance.SHOULD, (), 3, "2027-H2"))
        factories.make_company(session, "Still KG")
        behalf = demand.OnBehalf("still-kg", DemandSource.CALL, TODAY)
        demand.mark(session, people.curator, module, DemandInput(Relevance.SHOULD, (), 2, "2027"), behalf)
        return module


def plan(database: Database, module: Module, **values: Any) -> Run:
    given = {"starts_on": date(2027, 2, 16), "min_participants": 6, "place": "Erfurt", "decide_by": date(2027, 1, 15)}
    with database.write() as session:
        run = Run(module_id=module.id, **given | values)
        session.add(run)
    return run


def mails(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        found = session.scalars(select(OutboxMail).order_by(OutboxMail.subject, OutboxMail.to))
        return [(mail.to.split("@")[0], mail.subject.split(":")[0]) for mail in found]


def ask(session: Session, settings: Settings, people: People, run: Run) -> commitments.Asked:
    found = commitments.run_of(session, people.curator, run.id)
    return commitments.ask(session, settings, people.curator, found, TODAY)


def one_of(session: Session, people: People) -> RunCommitment:
    (found,) = commitments.open_for(session, people.member, TODAY)
    return found


def test_companies_that_fit_are_asked_once_and_those_without_an_account_are_named(
    session: Session, database: Database, settings: Settings, people: People, module: Module
) -> None:
    run = plan(database, module)
    assert ask(session, settings, people, run) == commitments.Asked(("Muster AG",), ("Still KG",))
    assert ask(session, settings, people, run) == commitments.Asked((), ("Still KG",))
    session.commit()
    assert mails(database) == [("alice", "Kommen Ihre Leute? Termin am 16.02.2027")]
    found = one_of(session, people)
    text = session.scalars(select(OutboxMail.text)).one()
    assert commitments.link_of(settings, found.id, people.member_user.id) in text
    assert "Bedarf für 4 Personen" in text
    assert commitments.open_for(session, people.stranger, TODAY) == []
    with pytest.raises(NotFound):
        commitments.get(session, people.stranger, found.id)
    with pytest.raises(NotAllowed):
        commitments.run_of(session, people.company_admin, run.id)


def test_an_answer_is_kept_changed_and_refused_when_it_cannot_be_meant(
    session: Session, database: Database, settings: Settings, people: People, module: Module
) -> None:
    ask(session, settings, people, plan(database, module, max_participants=10))
    found = one_of(session, people)
    for given, field in (
        (Answer(None), "state"), (Answer(COMING), "people"), (Answer(COMING, 0), "people"), (Answer(COMING, 11), "people"),
        (Answer(OTHER, None, "bald"), "period"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            commitments.answer(session, people.member, found, given, TODAY)
        assert list(refused.value.fields) == [field]
    assert commitments.wanted(session, found) == 4
    link = commitments.link_of(settings, found.id, people.member_user.id).rsplit("/", 1)[1]
    by_link = commitments.by_link(session, settings, found.id, link)
    commitments.answer_by_link(session, by_link, Answer(COMING, 3, "2027-Q1", found.version), TODAY)
    assert (found.state, found.people, found.period, found.source, found.answered_by_id) == (
        COMING,
        3,
        "",
        DemandSource.SELF,
        None,
    )
    with pytest.raises(Stale):
        commitments.answer(session, people.company_admin, found, Answer(DECLINED, version=found.version - 1), TODAY)
    commitments.answer(session, people.company_admin, found, Answer(OTHER, 3, "2027-Q4", found.version), TODAY)
    assert (found.state, found.people, found.period) == (OTHER, None, "2027-Q4")
    with pytest.raises(NotFound):
        commitments.by_link(session, settings, found.id, "0" * 64)
    with pytest.raises(Conflict):
        commitments.answer(session, people.member, found, Answer(COMING, 3), date(2027, 2, 17))


def test_staff_write_down_what_a_company_said_that_was_never_asked(
    session: Session, database: Database, people: People, module: Module
) -> None:
    run = commitments.run_of(session, people.curator, plan(database, module).id)
    new = commitments.of_company(session, people.curator, run, "still-kg")
    saved = commitments.answer(session, people.curator, new, Answer(COMING, 2), TODAY, DemandSource.VISIT)
    assert (saved.people, saved.source, saved.asked_at) == (2, DemandSource.VISIT, None)
    assert commitments.of_company(session, people.curator, run, "still-kg") is saved
    with pytest.raises(Conflict):
        commitments.answer(session, people.curator, new, Answer(COMING, 5), TODAY, DemandSource.VISIT)
    with pytest.raises(NotFound):
        commitments.of_company(session, people.curator, run, "gibt-es-nicht")


def later(minutes: int = 11) -> time_machine.travel:
    return time_machine.travel(utcnow() + timedelta(minutes=minutes), tick=False)


def test_companies_hear_once_that_a_run_is_planned_takes_place_or_not(
    database: Database, settings: Settings, people: People, module: Module
) -> None:
    run = plan(database, module)
    assert run_news.send_due(database, settings) == 0  # somebody may still correct a slip
    with later():
        assert run_news.send_due(database, settings) == 1
        assert run_news.send_due(database, settings) == 0
    assert mails(database) == [("alice", "Termin geplant")]  # Bob wants it later, Still KG has nobody to write to
    with database.write() as session:
        session.execute(update(Run).values(state=RunState.CONFIRMED, updated_at=utcnow()))
    with later():
        assert run_news.send_due(database, settings) == 1
    with database.write() as session:
        found = session.get(Run, run.id)
        assert found is not None
        version, edited = found.version, found.updated_at
        given = runs.input_of(session.merge(commitments.run_of(session, people.curator, run.id)))
        assert given.state == RunState.CONFIRMED
        assert (version, edited) == (1, utcnow())  # telling is no edit
        session.execute(update(Run).values(starts_on=date(2027, 8, 10), updated_at=utcnow()))
    with later():
        run_news.send_due(database, settings)
    with database.write() as session:
        session.execute(update(Run).values(state=RunState.CANCELLED, cancel_reason="Krank", updated_at=utcnow()))
    with later():
        run_news.send_due(database, settings)
    assert mails(database) == [
        ("bob", "Termin abgesagt"), ("alice", "Termin geplant"), ("alice", "Termin kommt zustande"), ("alice", "Termin verlegt"),
        ("bob", "Termin verlegt"),
    ]  # fmt: skip


def test_a_yes_is_for_its_day_and_is_asked_for_again_when_the_run_moves(
    database: Database, settings: Settings, people: People, module: Module
) -> None:
    run = plan(database, module, told="planned 2027-02-16", min_participants=5, enough_at=utcnow())
    with database.write() as session:
        for company, number, state in ((people.company, 6, COMING), (people.other_company, None, DECLINED)):
            session.add(RunCommitment(run_id=run.id, company_id=company.id, state=state, people=number))
        session.execute(update(Run).values(starts_on=date(2027, 3, 9), updated_at=utcnow()))
    with later():
        assert run_news.send_due(database, settings) == 1
    with database.read() as session:
        answers = {one.company_id: (one.state, one.people) for one in session.scalars(select(RunCommitment))}
        moved, text = session.scalars(select(Run)).one(), session.scalars(select(OutboxMail.text)).one()
        assert prospects.one(session, commitments.run_of(session, people.curator, run.id)).committed == 0
    assert answers == {people.company.id: (CommitmentState.ASKED, None), people.other_company.id: (DECLINED, None)}
    assert moved.enough_at is None
    assert "Ihre Zusage galt für den früheren Tag" in text
    assert "/commitments/" in text


def test_enough_commitments_are_told_once_to_those_who_made_them(
    database: Database, settings: Settings, people: People, module: Module
) -> None:
    run = plan(database, module, told="planned 2027-02-16", min_participants=5)
    for company, people_, state in ((people.company, 4, COMING), (people.other_company, None, DECLINED)):
        with database.write() as session:
            session.add(RunCommitment(run_id=run.id, company_id=company.id, state=state, people=people_))
    assert run_news.send_due(database, settings) == 0
    with database.write() as session:
        session.execute(update(RunCommitment).where(RunCommitment.state == COMING).values(people=5))
    assert run_news.send_due(database, settings) == 1
    assert run_news.send_due(database, settings) == 0
    assert mails(database) == [("alice", "Genug Zusagen")]
    with database.read() as session:
        assert session.scalars(select(Run.enough_at)).one() == utcnow()
        text = session.scalars(select(OutboxMail.text)).one()
    assert "5" not in text.replace("15.01.2027", "")  # no figure, of nobody


@ON_SQLITE
def test_demand_alone_never_tells_companies_that_there_is_enough(
    database: Database, settings: Settings, people: People, module: Module
) -> None:
    plan(database, module, told="planned 2027-02-16", min_participants=2)
    assert run_news.send_due(database, settings) == 0
    assert mails(database) == []


def test_a_link_is_of_one_person_and_ends_when_they_leave_the_company(
    session: Session, database: Database, settings: Settings, people: People, module: Module
) -> None:
    ask(session, settings, people, plan(database, module))
    found = one_of(session, people)

    def opens(user: User) -> bool:
        try:
            signature = commitments.link_of(settings, found.id, user.id).rsplit("/", 1)[1]
            return commitments.by_link(session, settings, found.id, signature) is found
        except NotFound:
            return False

    assert opens(people.member_user)
    assert not opens(people.stranger_user)
    mine = select(Membership).where(Membership.user_id == people.member_user.id)
    member = session.scalars(mine.options(joinedload(Membership.user))).one()
    people_service.remove(session, people.company_admin, member)
    assert not opens(people.member_user)
    assert opens(people.company_admin_user)
    session.get_one(User, people.company_admin_user.id).active = False
    session.flush()
    assert not opens(people.company_admin_user)
