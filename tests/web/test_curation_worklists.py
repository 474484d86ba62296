"""Each figure of the work list is the length of the list that it opens."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    Action,
    ActionState,
    Confidentiality,
    Demand,
    DemandSource,
    Feedback,
    FeedbackKind,
    FeedbackState,
    ImportRun,
    ImportState,
    Invitation,
    LinkCheck,
    OutboxMail,
    PendingVersion,
    Run,
    SearchGap,
    Source,
    SourceKind,
    SourceOutcome,
    SourceRun,
    Wish,
    WishState,
    WorkflowState,
)
from catalogue.services import worklist
from catalogue.web.curation.worklists import LISTS, TROUBLE, work_entries
from tests import factories
from tests.browsing import sign_in
from tests.conftest import People

EXPECTED = {
    "review": 2, "pending": 1, "drafts": 3, "stale": 1, "feedback": 2, "wishes": 2, "refused": 1, "late_actions": 2, "requests": 2, "gaps": 2,
    "runs_ready": 1, "links": 1,
    "imports": 3, "failed_imports": 2, "failed_mails": 1, "sources_waiting": 1, "sources_failed": 2,
}  # fmt: skip


def fill(session: Session, people: People) -> None:
    fresh = {"confirmed_at": utcnow()}
    for state, number in ((WorkflowState.REVIEW, 2), (WorkflowState.DRAFT, 3), (WorkflowState.ARCHIVED, 1)):
        for _ in range(number):
            factories.make_module(session, state=state)
    factories.make_module(session, "Alt", as_of=date(2020, 1, 1), created_at=datetime(2020, 1, 1, tzinfo=UTC))
    module = factories.make_module(session, "Frisch", source_url="https://weg.example/", **fresh)
    session.add(PendingVersion(module_id=module.id, base={"title": module.title}, snapshot={"title": "Neu"}))
    session.add_all(
        LinkCheck(url=url, failures=2, problem="HTTP 404", checked_at=utcnow())
        for url in ("https://weg.example/", "https://nicht-genannt.example/")
    )
    company, other = people.company.id, people.other_company.id
    for state in (FeedbackState.NEW, FeedbackState.NEW, FeedbackState.SEEN, FeedbackState.DONE):
        session.add(Feedback(company_id=company, kind=FeedbackKind.QUESTION, text="?", state=state))
    for state in (WishState.OPEN, WishState.OPEN, WishState.REVIEW, WishState.DECLINED):
        session.add(Wish(company_id=company, title="Wunsch", state=state, confidentiality=Confidentiality.NETWORK))
    for values in ({"refused_at": utcnow()}, {"refused_at": utcnow(), "refusal_read_at": utcnow()}, {}):
        about = factories.make_module(session, **fresh)
        call = {"source": DemandSource.CALL, "source_date": date(2026, 11, 2), "withdrawn_at": utcnow()}
        session.add(Demand(company_id=company, module_id=about.id, **call, **values))
    for number, (where, more) in enumerate(
        (
            (None, {}),
            (other, {}),
            (company, {}),
            (None, {"declined_at": utcnow(), "decided_by": "Nora"}),
            (None, {"verified_at": None}),
        )
    ):
        values = {
            "requested_at": utcnow(),
            "verified_at": utcnow(),
            "created_at": utcnow(),
            "expires_at": utcnow(),
        } | more
        session.add(
            Invitation(
                email=f"n{number}@x.example",
                name="N",
                role="member",
                token_hash=str(number),
                company_id=where,
                **values,
            )
        )
    soon = utcnow().date() + timedelta(days=60)
    for booked in (6, 5):
        session.add(Run(module_id=module.id, starts_on=soon, min_participants=6, booked=booked))
    _sources(session)
    session.add_all(SearchGap(query=text, day=utcnow().date(), hits=0, count=1) for text in ("leuchtfarbe", "lötzinn"))
    problem = {"message": "Das ging nicht.", "params": {}}
    for state, wrong in (
        ("uploaded", {}),
        ("checked", problem),
        ("checked", {}),
        ("applied", problem),
        ("applied", {}),
        ("discarded", {}),
    ):
        session.add(ImportRun(file_name="liste.csv", state=ImportState(state), problem=wrong))
    for due, state in (
        (2020, ActionState.OPEN),
        (2020, ActionState.STARTED),
        (2020, ActionState.DONE),
        (2199, ActionState.OPEN),
    ):
        session.add(Action(title="Tun", due_on=date(due, 1, 1), state=state))
    session.add_all(
        [
            OutboxMail(to="a@x.example", subject="A", text="A", failed_at=utcnow()),
            OutboxMail(to="b@x.example", subject="B", text="B"),
        ]
    )


def _sources(session: Session) -> None:
    """Two that cannot be read, one that waits, one at rest."""
    for number, values in enumerate(({"failures": 1}, {"failures": 3}, {}, {"failures": 1, "enabled": False})):
        session.add(Source(name=f"Quelle {number}", url=f"https://q{number}.example/", kind=SourceKind.CSV, **values))
    session.flush()
    source = session.scalars(select(Source).where(Source.name == "Quelle 2")).one()
    found = ImportRun(file_name="quelle", state=ImportState.CHECKED, source_id=source.id)
    session.add(found)
    session.flush()
    session.add(SourceRun(source_id=source.id, import_id=found.id, outcome=SourceOutcome.WAITING))


def rows(page: str) -> int:
    """Count the rows of the page's list, be it a table or a list."""
    main = page[page.index("<main") :]
    tables = re.findall(r"<tbody>(.*?)</tbody>", main, re.DOTALL)
    lists = re.findall(r'<ul class="plain work[^"]*">(.*?)</ul>', main, re.DOTALL)
    return sum(text.count("<tr") for text in tables) + sum(text.count("<li") for text in lists)


@pytest.fixture
def filled(database: Database, people: People) -> Database:
    with database.write() as session:
        fill(session, people)
    return database


def test_every_figure_is_the_length_of_its_list(
    app: Flask, client: FlaskClient, people: People, filled: Database
) -> None:
    sign_in(client, people.admin_user)
    with filled.read() as session, app.test_request_context():
        entries = work_entries(worklist.counts(session, people.admin))
    assert {entry.key: entry.number for entry in entries} == EXPECTED
    assert {entry.key: rows(client.get(entry.url).get_data(as_text=True)) for entry in entries} == EXPECTED
    start = client.get("/curation").get_data(as_text=True)
    assert all(f'href="{entry.url.replace("&", "&amp;")}"' in start for entry in entries)


def test_curators_see_no_figure_whose_list_they_may_not_open(
    app: Flask, client: FlaskClient, people: People, filled: Database
) -> None:
    sign_in(client, people.curator_user)
    with filled.read() as session, app.test_request_context():
        entries = work_entries(worklist.counts(session, people.curator))
    assert {entry.key for entry in entries} == set(EXPECTED) - {"requests", "failed_mails"}
    assert {entry.key: client.get(entry.url).status_code for entry in entries} == {entry.key: 200 for entry in entries}


def test_every_figure_has_a_list() -> None:
    figures = set(worklist.Worklist.__dataclass_fields__) - {"modules", "published"}
    assert figures == {row[0] for row in (*LISTS, *TROUBLE)}
