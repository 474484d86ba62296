"""What is logged: one line per event whatever is in it, enough to find a fault, nothing about people."""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database, IntegrityError
from catalogue.logs import configure_logging
from catalogue.models import OutboxMail, User
from catalogue.search.index import SearchIndex
from catalogue.services import housekeeping, mail, search, tokens
from catalogue.settings import Settings
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD

log = structlog.get_logger("catalogue.test")


class Written:
    """What was logged since the test began."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """What is logged meanwhile, as JSON, everything."""
    configure_logging("json", "debug")
    yield Written(capsys)
    configure_logging("text")


def test_a_request_is_one_line_without_its_address(client: FlaskClient, written: Written) -> None:
    answer = client.get("/modules/geheimer-name?q=geheime-frage")
    found = [one for one in written.events if one["event"] == "request"]
    assert len(found) == 1
    assert {key: found[0][key] for key in ("method", "route", "status", "request_id", "level")} == {
        "method": "GET", "route": "/modules/<slug>", "status": 404, "request_id": answer.headers["X-Request-ID"], "level": "info",
    }  # fmt: skip
    assert set(found[0]) >= {"seconds", "pid", "node", "timestamp"}
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("given", "proxies", "taken"),
    [("abcdef-0123456789", 1, True), ("abcdef-0123456789", 0, False), ("kurz", 1, False), ("x" * 65, 1, False), ("a b\x1b[31m12345", 1, False)],
)  # fmt: skip
def test_the_id_of_a_request_is_a_proxys_only_if_it_is_ours_and_well_formed(
    app: Flask, settings: Settings, given: str, proxies: int, taken: bool
) -> None:
    app.extensions["settings"] = replace(settings, proxies=proxies)
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is taken
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize("format_", ["json", "text"])
def test_nothing_in_a_message_starts_a_line_or_colours_it(format_: str, written: Written) -> None:
    configure_logging(format_, "info")
    nasty = "Anna\r\n2026 error forged\x1b[31m\u2028\u202e"
    log.warning(nasty, name=nasty)
    logging.getLogger("library").warning("said %s", nasty)
    logging.getLogger("py.warnings").warning(nasty)
    text = written.text
    assert text.count("\n") == 3
    assert not set(text) & set("\r\x1b\u2028\u202e")


def test_what_nobody_caught_tells_where_but_not_what_was_typed(written: Written) -> None:
    secret = "".join(["ge", "heim"])
    try:
        raise KeyError(secret)
    except KeyError:
        try:
            raise ValueError(f"invalid literal: {secret}") from None
        except ValueError:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    told = written.events[-1]
    assert told["event"] == "not caught"
    assert "test_logs.py" in told["exception"]
    assert "ValueError" in told["exception"]
    assert secret not in written.text


def test_the_level_decides_and_libraries_only_warn(written: Written) -> None:
    configure_logging("json", "warning")
    log.info("not told")
    logging.getLogger("library").info("not told")
    log.warning("told")
    assert [one["event"] for one in written.events] == ["told"]


def test_no_secret_of_a_session_of_all_kinds_is_in_any_log(
    app: Flask,
    settings: Settings,
    database: Database,
    people: People,
    written: Written,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = {
        PASSWORD,
        "falsches-Passwort-77",
        "alice@muster.example",
        "Alice Muster",
        "geheimesuche",
        "127.0.0.1",
        "neu@muster.example",
    }
    client = app.test_client()
    post(client, "/login", {"email": "alice@muster.example", "password": "falsches-Passwort-77"})
    sign_in(client, people.member_user)
    secrets.add(client.get_cookie("session").value)  # type: ignore[union-attr]
    client.get("/?q=geheimesuche")
    post(client, "/password", {"email": "alice@muster.example"})
    secrets |= reset_tokens(database)
    for token in reset_tokens(database):
        client.get(f"/password/{token}")
    with database.write() as session:
        token = tokens.create(session, people.member, "Auswertung")
        secrets.add(token)
    client.get("/api/v1/modules?q=geheimesuche", headers={"Authorization": f"Bearer {token}"})

    # errors in each layer, with what was typed in their messages and in the variables around

    def fail(*arguments: Any, **_options: Any) -> Any:
        typed = "geheimesuche alice@muster.example"
        raise LookupError(typed)

    monkeypatch.setattr(search, "find", fail)
    assert client.get("/?q=geheimesuche").status_code == 500
    try:
        with database.write() as session:
            session.add(User(email="alice@muster.example", name="Alice Muster"))
    except IntegrityError:
        log.exception("twice")

    # the worker, with a mail server that is not there and a job that fails
    monkeypatch.setattr(mail, "smtp", fail)
    round_ = housekeeping.run(database, replace(settings, smtp_host="127.0.0.1"), SearchIndex(settings.index_folder))
    assert (round_.failed, round_.paused) == (("mail",), False)
    assert {"unexpected error", "twice", "job failed"} <= {one["event"] for one in written.events}
    assert {secret for secret in secrets if secret in written.text} == set()


def reset_tokens(database: Database) -> set[str]:
    """The tokens in mails that wait."""
    with database.read() as session:
        texts = " ".join(mail.text for mail in session.query(OutboxMail))
    return {word.rsplit("/", 1)[-1] for word in texts.split() if word.startswith("http") and "/password" in word}
