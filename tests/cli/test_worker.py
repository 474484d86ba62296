"""``catalogue worker``."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import LoginAttempt, OutboxMail, UserSession
from catalogue.services import outbox
from catalogue.settings import Settings
from tests.cli.conftest import Run
from tests.conftest import People


def test_one_round_deletes_what_is_over_and_keeps_mails_without_a_server(
    run: Run, people: People, database: Database
) -> None:
    long_ago = utcnow() - timedelta(days=60)
    with database.write() as session:
        session.add(LoginAttempt(key="user:x", at=long_ago))
        session.add(
            UserSession(token_hash="x", user_id=people.member_user.id, created_at=long_ago, seen_at=long_ago, expires_at=long_ago)
        )  # fmt: skip
        outbox.send(session, "a@b.example", "Betreff", "Text")
    for expected in (
        "0 mails sent, 2 old rows deleted, 0 sources read.\n",
        "0 mails sent, 0 old rows deleted, 0 sources read.\n",
    ):
        assert run("worker", "--once").output == expected
    with database.read() as session:
        assert session.scalars(select(OutboxMail.sent_at)).one() is None


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_worker_stops_cleanly_when_asked(settings: Settings) -> None:
    environ = {**os.environ, "CATALOGUE_STATE": str(settings.state)}
    command = [str(Path(sys.executable).with_name("catalogue")), "worker", "--seconds", "60"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "Working every 60 seconds.\n"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
