"""A company's calendar holds its own planned runs and answers, nothing of others, and ends when it should."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar, Event
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import (
    AuditEvent,
    CommitmentState,
    Company,
    CompanyCalendar,
    Demand,
    Module,
    Relevance,
    Run,
    RunCommitment,
    RunState,
    WorkflowState,
)
from catalogue.services import company_calendars, run_feed
from catalogue.services.errors import Invalid, NotAllowed, NotFound
from catalogue.services.people import end_access
from catalogue.services.reports import today
from tests import factories
from tests.conftest import ON_SQLITE, People

BASE = "https://katalog.example.org"
SINCE = today() - timedelta(days=180)
SOON = today() + timedelta(days=30)


def make_run(session: Session, module: Module, **values: object) -> Run:
    run = Run(module_id=module.id, **{"starts_on": SOON, "place": "Jena", **values})
    session.add(run)
    session.flush()
    return run


def say(
    session: Session, run: Run, company: Company, state: CommitmentState, people: int | None = None
) -> RunCommitment:
    said = RunCommitment(run_id=run.id, company_id=company.id, state=state, people=people)
    session.add(said)
    session.flush()
    return said


def events(session: Session, token: str) -> dict[str, Event]:
    """Parsed back, by title; nothing that a parser forgives."""
    session.expire_all()
    found = company_calendars.opened(session, token)
    body = run_feed.calendar_of_company(company_calendars.planned(session, found, SINCE), "Termine", BASE)
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    parsed = {str(event["summary"]): event for event in Calendar.from_ical(body).events}
    assert len(parsed) == body.count(b"BEGIN:VEVENT")
    return parsed


@pytest.fixture
def module(session: Session, people: People) -> Module:
    """Marked by the company and wanted by the other one, too."""
    made = factories.make_module(session, "Sicher lagern")
    session.add(
        Demand(company_id=people.company.id, module_id=made.id, relevance=Relevance.MUST, people=4, note="GEHEIM")
    )
    session.add(Demand(company_id=people.other_company.id, module_id=made.id, relevance=Relevance.MUST, people=777))
    session.flush()
    return made


def test_it_holds_runs_of_marked_modules_and_runs_the_company_answered_about(
    session: Session, people: People, module: Module
) -> None:
    token = company_calendars.create(session, people.company_admin, "Outlook")
    run = make_run(session, module)
    for title, state in (
        ("Gefragt", CommitmentState.ASKED),
        ("Abgelehnt", CommitmentState.DECLINED),
        ("Anders", CommitmentState.OTHER_TIME),
    ):
        say(session, make_run(session, factories.make_module(session, title)), people.company, state)
    elsewhere = make_run(session, factories.make_module(session, "Nur die anderen"))
    say(session, elsewhere, people.other_company, CommitmentState.COMING, 888)
    say(session, run, people.other_company, CommitmentState.COMING, 999)
    make_run(session, factories.make_module(session, "Entwurf", state=WorkflowState.DRAFT))
    found = events(session, token)
    assert set(found) == {"Sicher lagern", "Gefragt"}
    everything = "".join(event.to_ical().decode() for event in found.values())
    assert not {part for part in ("777", "888", "999", "GEHEIM") if part in everything}
    assert found["Sicher lagern"]["description"].startswith("Ihr Unternehmen: Modul vorgemerkt\n")
    assert "Ihr Unternehmen: noch keine Antwort" in found["Gefragt"]["description"]
    assert found["Sicher lagern"]["transp"] == "TRANSPARENT"


@pytest.mark.parametrize(
    "change",
    [
        {"relevance": Relevance.NONE},
        {"withdrawn_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"refused_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
@ON_SQLITE
def test_what_the_company_does_not_want_is_not_in_it(
    session: Session, people: People, module: Module, change: dict[str, object]
) -> None:
    token = company_calendars.create(session, people.company_admin, "Outlook")
    make_run(session, module)
    assert events(session, token)
    said = session.scalars(select(Demand).where(Demand.company_id == people.company.id)).one()
    for name, value in change.items():
        setattr(said, name, value)
    session.flush()
    assert events(session, token) == {}


@ON_SQLITE
def test_an_answer_changes_the_event_and_not_its_uid_and_a_cancelled_run_stays(
    session: Session, people: People, module: Module
) -> None:
    token = company_calendars.create(session, people.company_admin, "Outlook")
    run = make_run(session, module, ends_on=SOON + timedelta(days=1))
    before = events(session, token)["Sicher lagern"]
    said = say(session, run, people.company, CommitmentState.COMING, 3)
    after = events(session, token)["Sicher lagern"]
    assert before["uid"] == after["uid"] == f"company-{run.id}@katalog.example.org"
    assert after["sequence"] > before["sequence"]
    assert after["last-modified"].dt >= before["last-modified"].dt
    assert after["description"].startswith("Ihr Unternehmen: zugesagt, 3 Personen\n")
    assert (after["transp"], after["dtstart"].dt, after["dtend"].dt) == ("OPAQUE", SOON, SOON + timedelta(days=2))
    said.people = 1
    run.state = RunState.CANCELLED
    session.flush()
    cancelled = events(session, token)["Abgesagt: Sicher lagern"]
    assert (cancelled["status"], cancelled["transp"], cancelled["uid"]) == ("CANCELLED", "TRANSPARENT", before["uid"])
    assert cancelled["sequence"] > after["sequence"]
    assert "zugesagt, 1 Person\n" in cancelled["description"]


@ON_SQLITE
def test_long_past_runs_leave_it(session: Session, people: People, module: Module) -> None:
    token = company_calendars.create(session, people.company_admin, "Outlook")
    make_run(session, module, starts_on=SINCE - timedelta(days=1))
    make_run(session, factories.make_module(session, "Fremd"))
    assert events(session, token) == {}
    make_run(session, module, starts_on=SINCE - timedelta(days=1), ends_on=SINCE)
    assert len(events(session, token)) == 1


def test_only_admins_make_and_revoke_and_only_those_of_their_company(session: Session, people: People) -> None:
    for actor in (people.member, people.curator, people.admin, people.visitor):
        with pytest.raises(NotAllowed):
            company_calendars.create(session, actor, "Outlook")
    token = company_calendars.create(session, people.company_admin, " Outlook  der Personalabteilung ")
    (made,) = company_calendars.listed(session, people.member)
    assert (made.name, made.created_by_label) == ("Outlook der Personalabteilung", people.company_admin.label)
    assert token not in repr(vars(made)), "only its hash is kept"
    assert len(token) >= 43, "256 bits"
    assert company_calendars.listed(session, people.stranger) == []
    with pytest.raises(NotAllowed):
        company_calendars.revoke(session, people.member, made.id)
    for actor in (people.stranger, people.curator):
        with pytest.raises(NotFound):
            company_calendars.revoke(session, actor, made.id)
    for _ in range(2):
        company_calendars.revoke(session, people.company_admin, made.id)
    with pytest.raises(NotFound):
        company_calendars.opened(session, token)
    told = session.scalars(select(AuditEvent.action).where(AuditEvent.action.startswith("calendar."))).all()
    assert sorted(told) == ["calendar.link_made", "calendar.link_revoked"]


@ON_SQLITE
@pytest.mark.parametrize("token", ["", "x", "ä\ud800", "0" * 43])
def test_no_other_address_opens_anything(session: Session, people: People, token: str) -> None:
    company_calendars.create(session, people.company_admin, "Outlook")
    with pytest.raises(NotFound):
        company_calendars.opened(session, token)


@ON_SQLITE
def test_it_ends_with_the_company_and_with_who_made_it(session: Session, people: People) -> None:
    token = company_calendars.create(session, people.company_admin, "Outlook")
    session.get_one(Company, people.company.id).active = False
    session.flush()
    with pytest.raises(NotFound):
        company_calendars.opened(session, token)
    session.get_one(Company, people.company.id).active = True
    company_calendars.opened(session, token)
    end_access(session, people.company_admin_user)
    with pytest.raises(NotFound):
        company_calendars.opened(session, token)


@ON_SQLITE
def test_names_and_numbers_are_limited(session: Session, people: People) -> None:
    for name in ("", "   ", "x" * 121):
        with pytest.raises(Invalid):
            company_calendars.create(session, people.company_admin, name)
    for number in range(company_calendars.MOST):
        company_calendars.create(session, people.company_admin, f"Kalender {number}")
    with pytest.raises(Invalid):
        company_calendars.create(session, people.company_admin, "Noch einer")
    assert len(session.scalars(select(CompanyCalendar.id)).all()) == company_calendars.MOST
