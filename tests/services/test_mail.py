"""Sending: a real mail server, verified certificates, patience."""

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
import time_machine
from aiosmtpd.controller import Controller
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import NetworkRole, OutboxMail
from catalogue.services import mail, outbox
from catalogue.services.permissions import Actor
from catalogue.settings import Settings


class Inbox:
    """Keeps what arrives; answers *refusal* if set."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusal = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(cast(EmailMessage, BytesParser(policy=default).parsebytes(envelope.content)))
        return "250 OK"


class Server(Controller):
    """A mail server on a free port."""

    def __init__(self, inbox: Inbox, **options: Any) -> None:
        super().__init__(inbox, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def plain(settings: Settings, inbox: Inbox) -> Iterator[Settings]:
    """Settings that point at a server without encryption."""
    server = Server(inbox)
    server.start()
    yield replace(settings, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
    server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def encrypted(settings: Settings, inbox: Inbox, certificate: Path) -> Iterator[Settings]:
    """Settings that point at a server with STARTTLS and a certificate of its own making."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    server = Server(inbox, tls_context=context, require_starttls=True)
    server.start()
    yield replace(settings, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="starttls")
    server.stop()


def queue(database: Database, **values: Any) -> None:
    with database.write() as session:
        given = {"subject": "Grüße", "text": "Guten Tag Änne,\n\nein Link.\n"} | values
        outbox.send(session, "anna@muster.example", **given)


def stored(database: Database) -> OutboxMail:
    with database.read() as session:
        return session.scalars(select(OutboxMail)).one()


def test_a_mail_arrives_readable_and_its_text_is_forgotten(plain: Settings, database: Database, inbox: Inbox) -> None:
    queue(database)
    assert mail.deliver(database, plain) == 1
    message = inbox.messages[0]
    assert (message["To"], message["Subject"], message["From"]) == ("anna@muster.example", "Grüße", plain.mail_from)
    assert "Änne" in message.get_content()
    assert message["Auto-Submitted"] == "auto-generated"
    assert stored(database).sent_at is not None
    assert stored(database).text == ""
    assert mail.deliver(database, plain) == 0


def test_without_a_mail_server_mails_stay(settings: Settings, database: Database) -> None:
    queue(database)
    assert mail.deliver(database, settings) == 0
    assert (stored(database).attempts, stored(database).sent_at) == (0, None)


def test_a_certificate_that_nobody_vouches_for_is_refused(
    encrypted: Settings, database: Database, inbox: Inbox
) -> None:
    queue(database)
    assert mail.deliver(database, encrypted) == 0
    assert inbox.messages == []
    assert "CERTIFICATE_VERIFY_FAILED" in stored(database).last_error
    assert stored(database).failed_at is None


def test_a_trusted_certificate_is_accepted(
    encrypted: Settings, database: Database, inbox: Inbox, certificate: Path
) -> None:
    queue(database)
    assert mail.deliver(database, encrypted, ssl.create_default_context(cafile=str(certificate))) == 1
    assert len(inbox.messages) == 1


def test_a_server_without_encryption_gets_nothing_when_encryption_is_wanted(
    plain: Settings, database: Database, inbox: Inbox
) -> None:
    queue(database)
    assert mail.deliver(database, replace(plain, smtp_security="starttls")) == 0
    assert inbox.messages == []


def test_a_server_that_is_down_is_tried_again_with_growing_pauses(
    plain: Settings, database: Database, inbox: Inbox
) -> None:
    queue(database)
    down = replace(plain, smtp_port=1)
    assert mail.deliver(database, down) == 0
    assert stored(database).attempts == 1
    assert mail.deliver(database, plain) == 0, "not before the pause is over"
    with time_machine.travel(utcnow() + timedelta(minutes=2)):
        assert mail.deliver(database, plain) == 1
    assert len(inbox.messages) == 1


def test_a_mail_is_given_up_in_the_end(plain: Settings, database: Database) -> None:
    queue(database)
    down, now = replace(plain, smtp_port=1), utcnow()
    for _ in range(len(mail.PAUSES) + 1):
        now += timedelta(days=2)
        with time_machine.travel(now):
            mail.deliver(database, down)
    assert stored(database).failed_at is not None
    assert "ConnectionRefused" in stored(database).last_error


@pytest.mark.parametrize(("refusal", "given_up"), [("550 no such user", True), ("451 try again", False)])
def test_a_refused_recipient_is_given_up_at_once_a_busy_one_is_not(
    plain: Settings, database: Database, inbox: Inbox, refusal: str, given_up: bool
) -> None:
    queue(database)
    inbox.refusal = refusal
    mail.deliver(database, plain)
    assert (stored(database).failed_at is not None) is given_up


def test_two_workers_do_not_send_one_mail_twice(plain: Settings, database: Database, inbox: Inbox) -> None:
    queue(database)
    claimed = mail._claim(database)
    assert len(claimed) == 1
    assert mail.deliver(database, plain) == 0
    with time_machine.travel(utcnow() + mail.SENDING + timedelta(seconds=1)):
        assert mail.deliver(database, plain) == 1, "the other one died: the mail goes out all the same"


def test_a_mail_with_html_arrives_as_text_and_html_and_both_are_forgotten(
    plain: Settings, database: Database, inbox: Inbox
) -> None:
    queue(database, html="<!doctype html><p>Guten Tag Änne</p>")
    assert mail.deliver(database, plain) == 1
    message = inbox.messages[0]
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"], "the last one is what programs show that can"
    assert "Änne" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert stored(database).html == ""


def test_a_worker_that_is_too_slow_loses_its_mails_to_the_next_one(
    plain: Settings, database: Database, inbox: Inbox
) -> None:
    queue(database)
    slow = mail._claim(database)
    with time_machine.travel(utcnow() + mail.SENDING + timedelta(seconds=1)):
        assert mail.deliver(database, plain) == 1
        with mail.smtp(plain) as server:
            assert not mail._send(database, plain, server, slow[0])
    assert len(inbox.messages) == 1


@pytest.mark.parametrize(("ends", "arrives"), [("https://katalog.example/unsubscribe/x", 0), ("", 1)])
def test_what_was_interrupted_while_sending_is_sent_again_only_if_somebody_waits_for_it(
    plain: Settings, database: Database, inbox: Inbox, ends: str, arrives: int
) -> None:
    queue(database, unsubscribe_url=ends)
    assert mail._start(database, mail._claim(database)[0])
    with time_machine.travel(utcnow() + mail.SENDING + timedelta(seconds=1)):
        assert mail.deliver(database, plain) == arrives
        assert (stored(database).last_error == mail.UNCERTAIN) is (not arrives)
        with database.write() as session:
            admin = Actor(label="Netzwerk", network_role=NetworkRole.ADMIN)
            outbox.retry(session, admin, stored(database).id)
        assert mail.deliver(database, plain) == 1 - arrives, "staff decide"
    assert len(inbox.messages) == 1


def test_what_was_sent_long_ago_is_forgotten(plain: Settings, database: Database) -> None:
    queue(database)
    mail.deliver(database, plain)
    queue(database, subject="liegt noch")
    with time_machine.travel(utcnow() + outbox.KEEP + timedelta(days=1)), database.write() as session:
        assert outbox.prune(session) == 1
    assert stored(database).subject == "liegt noch"
