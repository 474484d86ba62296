"""Digests: what is in them, when they come, what their links do, and that one person gets one mail."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, cast

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    Confidentiality,
    Demand,
    DemandSource,
    Digest,
    Feedback,
    FeedbackKind,
    FeedbackState,
    FeedbackVisibility,
    Frequency,
    Membership,
    Module,
    OutboxMail,
    Relevance,
    User,
    Vocabulary,
    Wish,
    WishState,
)
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import (
    demand,
    digest_choices,
    digest_content,
    digests,
    feedback,
    feedback_desk,
    mail,
    mail_links,
    outbox,
    saved_searches,
    wish_answers,
    wishes,
)
from catalogue.services import people as people_service
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.feedback import FeedbackInput
from catalogue.services.feedback_desk import Reply
from catalogue.services.saved_searches import SearchInput
from catalogue.services.wish_answers import AnswerInput
from catalogue.services.wishes import WishInput
from catalogue.settings import Settings
from tests import factories
from tests.conftest import ON_SQLITE, People
from tests.services.test_mail import Server
from tests.services.test_saved_searches import publish

WEDNESDAY = datetime(2026, 11, 25, 10, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
ALICE = "alice@muster.example"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(WEDNESDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def module(clock: object, database: Database, settings: Settings, index: SearchIndex, people: People) -> Module:
    """A module about storage that Alice's company wants; everybody's digest has begun."""
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "lager", "Lager")
        made = factories.make_module(session, "Alte Lagerung", terms=[topic])
        demand.mark_relevant(session, people.member, made)
    run(database, settings, index)
    return made


def run(database: Database, settings: Settings, index: SearchIndex) -> dict[str, OutboxMail]:
    """One round of the worker's; return all digests so far by recipient (the newest of each)."""
    sync.rebuild(database, index)
    digests.send_due(database, settings, index)
    with database.read() as session:
        wanted = select(OutboxMail).where(OutboxMail.dedupe_key.like("digest:%")).order_by(OutboxMail.created_at)
        return {sent.to: sent for sent in session.scalars(wanted)}


def link(mail: OutboxMail, purpose: str) -> str:
    found = re.search(rf"/mail/{purpose}/(\S+)", mail.text)
    assert found is not None
    return found[1]


def fill(session: Session, people: People, module: Module) -> None:
    """Something of each kind for Alice's company: a record to confirm, a question, an answer, a new module of its topic."""
    other = factories.make_module(session, "Vom Büro eingetragen")
    demand.mark(
        session, people.curator, other, DemandInput(people=3), on_behalf=OnBehalf(people.company.slug, DemandSource.CALL, utcnow().date())
    )  # fmt: skip
    wish = wishes.get(session, people.curator, wishes.create(session, people.member, WishInput("Brandschutz")).id)
    wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.QUESTION, "Welche Anlage?"))
    said = feedback.give(session, people.member, FeedbackInput(FeedbackKind.WEAKNESS, "zu kurz"), module)
    said = feedback.get(session, people.curator, said.id)
    feedback_desk.decide(session, people.curator, said, Reply(FeedbackState.PLANNED, "Zwei Tage <ab> Mai"))
    topic = session.scalars(select(factories.Term)).first()
    factories.make_module(session, "Neue Lagerung", terms=[topic], published_at=utcnow())


def test_the_company_hears_what_waits_what_became_and_what_is_new(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.shift(timedelta(days=1))
    with database.write() as session:
        fill(session, people, module)
    assert run(database, settings, index) == {}, "still the same week"
    clock.move_to(MONDAY)
    sent = run(database, settings, index)
    told = sent[ALICE]
    assert told.subject == "Ihre Woche im Modulkatalog BatterieMD"
    order = ["Das wartet auf Sie", "Brandschutz", "Welche Anlage?", "Vom Büro eingetragen", "Stimmt so: http", "Was daraus wurde",
             "geplant: Zwei Tage <ab> Mai", "Neu zu Ihren Themen", "Neue Lagerung", digest_choices.link_of(settings, people.member_user.id)]  # fmt: skip
    places = [told.text.index(words) for words in order]
    assert places == sorted(places)
    assert "Zwei Tage &lt;ab&gt; Mai" in told.html
    assert set(re.findall(r"\b(?:src|style|background|bgcolor)=", told.html)) == set(), (
        "nothing is loaded, nothing is painted"
    )
    assert told.html.count("<h2>") == 3
    assert people.stranger_user.email not in sent, "nothing of it is news for another company"
    clock.shift(timedelta(days=7))
    assert run(database, settings, index)[ALICE].id == told.id, "what waits is no news a second time"


def test_staff_hear_what_came_and_what_waits(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.move_to(MONDAY)
    assert run(database, settings, index).get(people.curator_user.email) is None
    clock.shift(timedelta(days=1))
    with database.write() as session:
        feedback.give(session, people.stranger, FeedbackInput(FeedbackKind.THREAT, "geheim"), module)
        wishes.create(session, people.stranger, WishInput("Recycling"))
    clock.move_to(MONDAY + timedelta(days=7))
    told = run(database, settings, index)[people.curator_user.email].text
    assert "Neue Rückmeldungen: 1\n" in told
    assert "Neue Wünsche: 1\n" in told
    assert "Offene Wünsche: 1\n" in told
    assert "geheim" not in told


@pytest.mark.parametrize(("frequency", "days", "mails"), [
    (Frequency.MONTHLY, 5, 0), (Frequency.MONTHLY, 6, 1), (Frequency.OFF, 40, 0), (Frequency.WEEKLY, 7, 1),
])  # fmt: skip
@ON_SQLITE
def test_it_comes_as_often_as_chosen(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller,
    frequency: Frequency, days: int, mails: int,
) -> None:  # fmt: skip
    with database.write() as session:
        digest_choices.choose(session, people.member, frequency)
        fill(session, people, module)
    clock.shift(timedelta(days=days))
    assert (ALICE in run(database, settings, index)) is bool(mails)


@ON_SQLITE
def test_daily_is_refused_and_switching_on_again_starts_anew(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> None:  # fmt: skip
    with database.write() as session:
        with pytest.raises(Invalid):
            digest_choices.choose(session, people.member, Frequency.DAILY)
        digest_choices.choose(session, people.member, Frequency.OFF)
        assert digest_choices.chosen(session, people.member) == Frequency.OFF
        said = feedback.give(session, people.member, FeedbackInput(FeedbackKind.WEAKNESS, "zu kurz"), module)
        said = feedback.get(session, people.curator, said.id)
        feedback_desk.decide(session, people.curator, said, Reply(FeedbackState.DONE, "Alt"))
    clock.shift(timedelta(days=30))
    with database.write() as session:
        digest_choices.choose(session, people.member, Frequency.WEEKLY)
    clock.shift(timedelta(days=7))
    assert ALICE not in run(database, settings, index)


def test_searches_that_are_due_stand_in_the_same_mail(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> None:  # fmt: skip
    with database.write() as session:
        for name, question in (("Lager", "/?q=lagerung"), ("Alles", "/")):
            saved_searches.create(session, people.member, SearchInput(name, Frequency.WEEKLY, question))
    clock.shift(timedelta(days=1))
    with database.write() as session:
        fill(session, people, module)
        publish(session, people, "Gefahrgutrecht")
    clock.move_to(MONDAY)
    told = run(database, settings, index)[ALICE]
    assert told.text.index("Neu zu Ihren Themen") < told.text.index("Suche „Alles“") < told.text.index("Gefahrgutrecht")
    assert "Suche „Lager“" not in told.text, "nothing new there"
    with database.read() as session:
        keys = session.scalars(select(OutboxMail.dedupe_key).where(OutboxMail.to == ALICE)).all()
    assert [key for key in keys if key and key.startswith("digest:")] == [f"digest:{people.member_user.id}:2026-11-30"]
    headers = mail.message(settings, told)
    assert headers["List-Unsubscribe"] == f"<{digest_choices.link_of(settings, people.member_user.id)}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    with database.write() as session:
        signature = digest_choices.link_of(settings, people.member_user.id).rsplit("/", 1)[1]
        user = digest_choices.unsubscribe(session, settings, people.member_user.id, signature)
        assert digest_choices.is_off(session, user)
        with pytest.raises(NotFound):
            digest_choices.unsubscribe(session, settings, people.stranger_user.id, signature)
    clock.shift(timedelta(days=40))
    assert run(database, settings, index)[ALICE].id == told.id


@ON_SQLITE
def test_english_for_those_who_chose_it(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> None:  # fmt: skip
    with database.write() as session:
        session.get_one(User, people.member_user.id).language = "en"
        fill(session, people, module)
    clock.move_to(MONDAY)
    told = run(database, settings, index)[ALICE]
    assert '<html lang="en">' in told.html
    assert "Welche Anlage?" in told.text, "what somebody wrote stays as it was written"


# --- links


@pytest.fixture
def told(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> OutboxMail:  # fmt: skip
    with database.write() as session:
        fill(session, people, module)
    clock.move_to(MONDAY)
    return run(database, settings, index)[ALICE]


def test_a_link_confirms_once_in_the_name_of_the_person(
    database: Database, settings: Settings, people: People, told: OutboxMail
) -> None:
    token = link(told, "confirm")
    with database.read() as session:
        assert mail_links.open_demand(session, settings, token).actor.user_id == people.member_user.id
    with database.write() as session:
        mail_links.confirm(session, settings, token)
    with database.write() as session:
        confirmed = session.scalars(select(Demand).where(Demand.confirmed_at.is_not(None))).one()
        assert confirmed.people == 3
        with pytest.raises(NotFound):
            mail_links.confirm(session, settings, token)
        with pytest.raises(NotFound):
            mail_links.open_wish(session, settings, token)


def test_a_link_answers_a_question_once(database: Database, settings: Settings, told: OutboxMail) -> None:
    token = link(told, "answer")
    with database.write() as session:
        with pytest.raises(Invalid):
            mail_links.answer(session, settings, token, " ")
        mail_links.answer(session, settings, token, "Die Halle in Erfurt")
    with database.write() as session:
        wish = session.scalars(select(Wish)).one()
        assert "Die Halle in Erfurt" in wish.text
        assert wish.state != WishState.QUESTION
        with pytest.raises(NotFound):
            mail_links.answer(session, settings, token, "noch einmal")


@ON_SQLITE
@pytest.mark.parametrize(
    "why", ["left", "locked", "company locked", "changed", "withdrawn", "expired", "forged", "cut"]
)
def test_a_link_ends(
    database: Database, settings: Settings, people: People, told: OutboxMail, clock: time_machine.Traveller, why: str
) -> None:
    token = link(told, "confirm")
    with database.write() as session:
        said = session.scalars(select(Demand).where(Demand.source == DemandSource.CALL)).one()
        about = session.get_one(Module, said.module_id)
        if why == "left":
            member = people_service.get(session, people.company_admin, people.member_user.id)
            people_service.remove(session, people.company_admin, member)
        elif why == "locked":
            session.get_one(User, people.member_user.id).active = False
        elif why == "company locked":
            session.get_one(type(people.company), people.company.id).active = False
        elif why == "changed":
            demand.set_people(session, people.company_admin, about, 9)
        elif why == "withdrawn":
            demand.withdraw(session, people.company_admin, about)
        elif why == "expired":
            clock.shift(timedelta(days=mail_links.DAYS, minutes=1))
        elif why == "forged":
            token = ("B" if token[0] == "A" else "A") + token[1:]
        else:
            token = token[:-3]
    with database.write() as session, pytest.raises(NotFound):
        mail_links.confirm(session, settings, token)
    with database.read() as session:
        assert session.scalars(select(Demand).where(Demand.confirmed_at.is_not(None))).first() is None


# --- nothing that a page would not show


@ON_SQLITE
@given(data=st.data())
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_members_digest_tells_nothing_of_other_companies(
    database: Database, settings: Settings, people: People, data: st.DataObject
) -> None:
    """Whatever other companies say, with whatever confidentiality: no word, no name, no number of theirs is in it."""
    with database.session(write=True) as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "lager", "Lager")
        module = factories.make_module(session, "Alte Lagerung", terms=[topic], published_at=utcnow())
        demand.mark_relevant(session, people.member, module)
        for number in range(data.draw(st.integers(0, 8))):
            company = factories.make_company(session, f"Kanarienfirma {number}")
            factories.make_user(session, f"kanarie{number}@x.example", name="Kanarienperson", company=company)
            who = data.draw(st.sampled_from(Confidentiality))
            sees = data.draw(st.sampled_from(FeedbackVisibility))
            session.add(Demand(company_id=company.id, module_id=module.id, relevance=Relevance.MUST, people=4711,
                               note="Kanariennotiz", confidentiality=who))  # fmt: skip
            session.add(Wish(company_id=company.id, title="Kanarienwunsch", answer="Kanarienantwort", decided_at=utcnow(),
                             state=WishState.DECLINED, confidentiality=who))  # fmt: skip
            session.add(Feedback(company_id=company.id, module_id=module.id, kind=FeedbackKind.THREAT, text="Kanarienwort",
                                 visibility=sees, answer="Kanarienantwort", answered_at=utcnow()))  # fmt: skip
        session.flush()
        with_company = joinedload(User.membership).joinedload(Membership.company)
        user = session.scalars(select(User).where(User.id == people.member_user.id).options(with_company)).one()
        parts = digest_content.sections(session, settings, user, WEDNESDAY - timedelta(days=900), first=True)
        told = str(parts)
        session.rollback()
    assert "Alte Lagerung" in told
    assert "anarie" not in told
    assert "4711" not in told
    assert not re.search(r"Unternehmen: |mindestens|weitere", told)


# --- one person, one mail


def test_two_workers_make_one_mail_of_it(
    database: Database, settings: Settings, index: SearchIndex, people: People, module: Module, clock: time_machine.Traveller
) -> None:  # fmt: skip
    with database.write() as session:
        fill(session, people, module)
    clock.move_to(MONDAY)
    sync.rebuild(database, index)
    with database.session(write=True) as session:
        assert digests.send_one(session, settings, index, people.member_user.id)
        session.rollback()  # killed before the commit: nothing happened
    assert digests.send_due(database, settings, index) >= 1
    with database.write() as session:
        assert not digests.send_one(session, settings, index, people.member_user.id)
        session.get_one(Digest, people.member_user.id).checked_at = WEDNESDAY  # as if the mark were lost
    digests.send_due(database, settings, index)
    with database.read() as session:
        mine = select(OutboxMail).where(OutboxMail.to == ALICE, OutboxMail.dedupe_key.like("digest:%"))
        assert len(session.scalars(mine).all()) == 1


class Killer:
    """A mail server that takes the mail and kills the worker before it can note that."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.worker: subprocess.Popen[bytes] | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(cast(EmailMessage, BytesParser(policy=default).parsebytes(envelope.content)))
        if self.worker is not None:
            os.kill(self.worker.pid, signal.SIGKILL)
            self.worker = None
        return "250 OK"


@ON_SQLITE
def test_a_worker_killed_while_it_sends_doubles_no_digest(settings: Settings, database: Database) -> None:
    with database.write() as session:
        outbox.send(session, "anna@muster.example", "Ihre Woche", "Text", "digest:x:1", html="<p>Text</p>",
                    unsubscribe_url="https://katalog.example/mail/unsubscribe/x/y")  # fmt: skip
    killer = Killer()
    server = Server(killer)  # type: ignore[arg-type]
    server.start()
    environment = os.environ | {
        "CATALOGUE_STATE": str(settings.state), "CATALOGUE_SMTP_HOST": "127.0.0.1", "CATALOGUE_SMTP_PORT": str(server.port),
        "CATALOGUE_SMTP_SECURITY": "none",
    }  # fmt: skip
    command = [sys.executable, "-m", "catalogue.cli", "worker", "--once"]
    try:
        killer.worker = first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        assert first.wait(timeout=60) == -signal.SIGKILL
        with database.write() as session:
            stored = session.scalars(select(OutboxMail)).one()
            assert stored.sent_at is None
            stored.due_at = utcnow()  # its time as somebody else's is over
        for _ in range(2):
            assert subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=60).returncode == 0
    finally:
        server.stop()
    assert len(killer.messages) == 1
    assert killer.messages[0].get_content_type() == "multipart/alternative"
    with database.read() as session:
        stored = session.scalars(select(OutboxMail)).one()
        assert (stored.last_error, stored.failed_at is not None) == (mail.UNCERTAIN, True)
