"""The mail server is down, slow, refuses, lies or breaks off: pages never wait, nothing is lost or sent twice, the rest goes out."""

import asyncio
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from flask import Flask
from sqlalchemy import select, update

from catalogue.db import Database, utcnow
from catalogue.models import OutboxMail
from catalogue.services import mail, outbox
from catalogue.settings import Settings
from tests.browsing import post
from tests.conftest import ON_SQLITE, People
from tests.faults.servers import command, environment
from tests.faults.table import Faults

MAILS = 6
LATER = timedelta(minutes=2)


class Moods:
    """A mail server's answers: normal ones, unless the test sets something else for a step."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str]] = []  # message id, recipient
        self.refusals: dict[str, str] = {}  # answer by recipient
        self.sender, self.text, self.farewell = "250 OK", "250 OK", "221 Bye"
        self.break_off: Callable[[int], bool] = lambda _number: False  # after the text of the n-th mail, taken or not
        self.pause = 0.0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.pause)
        envelope.rcpt_tos.append(address)
        return self.refusals.get(address, "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.text.startswith("250"):
            message = BytesParser(policy=default).parsebytes(envelope.content)
            self.arrived.append((str(message["Message-ID"]), envelope.rcpt_tos[0]))
        if self.break_off(len(self.arrived)):
            server.transport.abort()
        return self.text

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return self.farewell

    @property
    def twice(self) -> int:
        """How many mails arrived more than once."""
        return sum(number > 1 for number in Counter(name for name, _ in self.arrived).values())


class Server(Controller):
    """A mail server on a free port."""

    def factory(self) -> SMTP:
        """Say nothing of encryption."""
        return SMTP(self.handler, hostname="127.0.0.1")

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def moods() -> Moods:
    return Moods()


@pytest.fixture
def mailing(settings: Settings, moods: Moods) -> Iterator[Settings]:
    """Settings with a mail server in these moods."""
    server = Server(moods, hostname="127.0.0.1", port=0)
    server.start()
    yield replace(settings, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
    server.stop()


def queue(database: Database, number: int = MAILS, ends: str = "") -> None:
    """Put mails into the outbox, one after the other."""
    for place in range(number):
        with database.write() as session:
            outbox.send(session, f"p{place}@muster.example", f"Mail {place}", "Text", unsubscribe_url=ends)


def where(database: Database) -> Counter[str]:
    """How many mails were sent, given up, or still wait."""
    with database.read() as session:
        mails = session.scalars(select(OutboxMail)).all()
    return Counter("sent" if one.sent_at else "given up" if one.failed_at else "waiting" for one in mails)


def lost(database: Database, moods: Moods) -> int:
    """How many mails are neither delivered nor known to wait or to be given up."""
    with database.read() as session:
        mails = session.scalars(select(OutboxMail)).all()
    names = {name.strip("<>").partition("@")[0] for name, _ in moods.arrived}
    return sum(one.sent_at is not None and str(one.id) not in names for one in mails)


@ON_SQLITE
@pytest.mark.short
def test_a_server_that_is_down_keeps_the_order_and_no_page_waits(
    app: Flask, people: People, database: Database, mailing: Settings, moods: Moods, faults: Faults
) -> None:
    with socket.socket() as hole:  # takes connections and never says a word
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        app.extensions["settings"] = replace(mailing, smtp_port=hole.getsockname()[1])
        begun = time.monotonic()
        answer = post(app.test_client(), "/password", {"email": people.member_user.email}, page="/password")
        waited = time.monotonic() - begun
        assert answer.status_code == 303
    queue(database)
    assert mail.deliver(database, replace(mailing, smtp_port=1)) == 0
    assert where(database) == {"waiting": MAILS + 1}
    with time_machine.travel(utcnow() + LATER):
        begun = time.monotonic()
        assert mail.deliver(database, mailing) == MAILS + 1
    faults.record("R18", "mail server down", tries=MAILS + 1, lost=lost(database, moods), duplicated=moods.twice,
                  healed=time.monotonic() - begun)  # fmt: skip
    assert waited < 2
    assert [to for _, to in moods.arrived[1:]] == [f"p{place}@muster.example" for place in range(MAILS)]


@ON_SQLITE
@pytest.mark.short
def test_one_refused_recipient_keeps_no_other_mail_from_going_out(
    database: Database, mailing: Settings, moods: Moods, faults: Faults
) -> None:
    queue(database)
    moods.refusals = {"p1@muster.example": "550 no such user", "p3@muster.example": "451 come back"}
    assert mail.deliver(database, mailing) == MAILS - 2
    assert where(database) == {"sent": MAILS - 2, "given up": 1, "waiting": 1}
    moods.refusals = {}
    with time_machine.travel(utcnow() + LATER):
        assert mail.deliver(database, mailing) == 1
    faults.record(
        "R18", "recipients refused: 550, 451", tries=MAILS, lost=lost(database, moods), duplicated=moods.twice
    )
    assert (lost(database, moods), moods.twice) == (0, 0)


@ON_SQLITE
@pytest.mark.short
@pytest.mark.parametrize("ends", ["", "https://katalog.example/unsubscribe/x"])
def test_a_server_that_breaks_off_after_the_text_gets_nothing_twice_that_nobody_waits_for(
    database: Database, mailing: Settings, moods: Moods, faults: Faults, ends: str
) -> None:
    queue(database, ends=ends)
    moods.break_off = lambda number: number in (1, 3)
    sent = mail.deliver(database, mailing)
    assert sent == MAILS - 2, "the others go out by a new connection"
    moods.break_off = lambda _number: False
    with time_machine.travel(utcnow() + LATER):
        again = mail.deliver(database, mailing)
    kind = "digests" if ends else "links that somebody waits for"
    faults.record(
        "R18", f"connection cut after DATA: {kind}", tries=MAILS, lost=lost(database, moods), duplicated=moods.twice
    )
    assert (again, moods.twice) == ((0, 0) if ends else (2, 2))  # the same Message-ID: mail programs show one
    assert where(database) == ({"sent": MAILS - 2, "given up": 2} if ends else {"sent": MAILS})


@ON_SQLITE
@pytest.mark.short
def test_a_rude_farewell_and_a_refused_sender_lose_nothing(
    database: Database, mailing: Settings, moods: Moods, faults: Faults
) -> None:
    queue(database)
    moods.sender = "553 not your address"
    assert mail.deliver(database, mailing) == 0
    assert where(database) == {"waiting": MAILS}, "the set-up is wrong, not the mail"
    moods.sender, moods.farewell = "250 OK", "451 why?"
    with time_machine.travel(utcnow() + LATER):
        assert mail.deliver(database, mailing) == MAILS
    faults.record(
        "R18", "sender refused, QUIT refused", tries=MAILS, lost=lost(database, moods), duplicated=moods.twice
    )
    assert where(database) == {"sent": MAILS}


@ON_SQLITE
@pytest.mark.short
def test_a_slow_server_keeps_the_worker_only_for_a_while(
    database: Database, mailing: Settings, moods: Moods, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "ROUND", 0.3)
    queue(database)
    moods.pause = 0.2
    first = mail.deliver(database, mailing)
    monkeypatch.setattr(mail, "ROUND", 60)
    moods.pause = 0
    begun = time.monotonic()
    second = mail.deliver(database, mailing)
    faults.record("R18", "mail server slow", tries=MAILS, lost=lost(database, moods), duplicated=moods.twice,
                  healed=time.monotonic() - begun)  # fmt: skip
    assert first < MAILS
    assert first + second == MAILS, "what there was no time for goes out with the next round"
    assert [to for _, to in moods.arrived] == [f"p{place}@muster.example" for place in range(MAILS)]


@ON_SQLITE
@pytest.mark.short
def test_a_server_that_never_answers_is_given_up_in_time(
    database: Database, mailing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.2)
    queue(database)
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        begun = time.monotonic()
        assert mail.deliver(database, replace(mailing, smtp_port=hole.getsockname()[1])) == 0
    assert time.monotonic() - begun < 2
    assert where(database) == {"waiting": MAILS}


@pytest.mark.slow
def test_a_killed_worker_loses_no_mail_and_sends_no_digest_twice(
    database: Database, mailing: Settings, moods: Moods, faults: Faults
) -> None:
    number, kills = 12, 4
    queue(database, number, "https://katalog.example/unsubscribe/x")
    with database.read() as session:
        digests = {str(one) for one in session.scalars(select(OutboxMail.id))}
    queue(database, number)
    moods.pause = 0.15
    mine = environment(
        mailing, CATALOGUE_SMTP_HOST="127.0.0.1", CATALOGUE_SMTP_PORT=str(mailing.smtp_port), CATALOGUE_SMTP_SECURITY="none"
    )  # fmt: skip
    database.dispose()
    for _ in range(kills):
        seen = len(moods.arrived)
        process = subprocess.Popen(command("worker", "--once"), env=mine, stdout=subprocess.DEVNULL)
        while len(moods.arrived) < seen + 3 and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with database.write() as session:  # ten minutes later
            session.execute(update(OutboxMail).where(OutboxMail.sent_at.is_(None)).values(due_at=utcnow()))
    moods.pause = 0
    begun = time.monotonic()
    mail.deliver(database, mailing)
    with database.read() as session:
        uncertain = session.query(OutboxMail).filter(OutboxMail.failed_at.is_not(None)).count()
    arrived = Counter(re.sub(r"[<>]|@.*", "", name) for name, _ in moods.arrived)
    faults.record("R18", f"kill -9 of the worker while sending ({uncertain} digests left to staff)", tries=kills,
                  lost=lost(database, moods), duplicated=moods.twice, healed=time.monotonic() - begun)  # fmt: skip
    assert where(database)["waiting"] == 0
    assert lost(database, moods) == 0
    assert uncertain <= kills
    assert moods.twice <= kills, "at most the one that was under way"
    assert [name for name in digests if arrived[name] > 1] == []
