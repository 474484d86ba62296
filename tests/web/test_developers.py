"""What developers read is true: examples of the page run, the client of docs/ works against a server, the description is shown whole."""

import csv
import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import jsonschema
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from catalogue.db import Database
from catalogue.models import TokenScope, WorkflowState
from catalogue.search import sync
from catalogue.services import demand, tokens
from catalogue.web.reference import sections
from tests import factories
from tests.conftest import ON_SQLITE, People

DOCUMENT = json.loads((Path(__file__).parents[2] / "catalogue/web/openapi.json").read_text(encoding="utf-8"))
CLIENT = Path(__file__).parents[2] / "docs/client.py"
MODULES = 3


@pytest.fixture
def filled(app: Flask, database: Database) -> Flask:
    """Three published modules that the index knows, a draft and an archived one."""
    with database.write() as session:
        for slug, title in (("zellen", "Zellen bauen"), ("formel", '=CMD|"calc"'), ("sicher", "Sicherheit; Lager")):
            factories.make_module(session, title, slug=slug, provider_text="Akademie", source_url="https://x.example")
        factories.make_module(session, "Entwurf", slug="entwurf", state=WorkflowState.DRAFT)
        factories.make_module(session, "Alt", slug="alt", state=WorkflowState.ARCHIVED)
    sync.drain_quietly(database, app.extensions["search"])
    return app


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """A real server; the settings know its address."""
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        address = f"http://127.0.0.1:{server.port}"
        app.extensions["settings"] = replace(app.extensions["settings"], base_url=address)
        yield address
        server.shutdown()


def token_of(database: Database, people: People, scope: TokenScope) -> str:
    with database.write() as session:
        return tokens.create(session, people.member, "Beispiel", scope=scope)


def fetch(command: str, token: str) -> tuple[int, bytes]:
    """Do what a curl command would."""
    words = iter(shlex.split(command.replace("$TOKEN", token)))
    assert next(words) == "curl"
    headers, address = {}, ""
    for word in words:
        if word == "--header":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "--output":
            next(words)
        else:
            assert not word.startswith("-"), word
            address = word
    with urlopen(Request(address, headers=headers), timeout=10) as answer:
        return answer.status, answer.read()


@ON_SQLITE
def test_the_examples_of_the_page_run(filled: Flask, database: Database, people: People) -> None:
    token = token_of(database, people, TokenScope.READ)
    with serving(filled) as address:
        page = filled.test_client().get("/developers").get_data(as_text=True)
        found = [
            (lang, unescape(code))
            for lang, code in re.findall(r'<code data-lang="(\w+)"[^>]*>(.*?)</code>', page, re.S)
        ]
        assert [lang for lang, _ in found] == ["shell", "shell", "python", "shell"]
        assert all(address in code for _, code in found)
        answers = [fetch(code, token) for lang, code in found if lang == "shell"]
        assert [json.loads(answers[0][1])["items"][0]["slug"], answers[1][1][:3]] == ["sicher", b"\xef\xbb\xbf"]
        assert json.loads(answers[2][1])["items"] == []
        python = next(code for lang, code in found if lang == "python")
        ran = subprocess.run(
            [sys.executable, "-c", python], capture_output=True, text=True, timeout=30, check=True,
            env={"PYTHONIOENCODING": "utf-8", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert sorted(ran.stdout.splitlines()) == sorted(
            f"{title} – Akademie" for title in ("Zellen bauen", '=CMD|"calc"', "Sicherheit; Lager")
        )


def client_module() -> Any:
    spec = importlib.util.spec_from_file_location("catalogue_client", CLIENT)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@ON_SQLITE
def test_the_client_pages_asks_again_and_writes(
    filled: Flask, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = client_module()
    monkeypatch.setattr(example, "PER_PAGE", 2)
    statuses: list[int] = []
    filled.after_request_funcs.setdefault(None, []).append(lambda answer: statuses.append(answer.status_code) or answer)
    try:
        with serving(filled) as address:
            visitor = example.Catalogue(address)
            assert len({one["slug"] for one in visitor.modules()}) == MODULES
            assert len({one["slug"] for one in visitor.modules()}) == MODULES
            assert statuses == [200, 200, 304, 304]
            with pytest.raises(example.Refused) as refused:
                visitor.get("/demand")
            assert refused.value.status == 401
            member = example.Catalogue(address, token_of(database, people, TokenScope.WRITE))
            wrong = {"relevance": "must", "people": 0}
            with pytest.raises(example.Refused) as refused:
                member.send("PUT", "/modules/zellen/demand", wrong)
            assert (refused.value.status, list(refused.value.fields)) == (422, ["people"])
            saved = member.send("PUT", "/modules/zellen/demand", {"relevance": "must", "people": 4})
            assert saved["people"] == 4
            assert member.get("/demand")["items"][0]["module"] == "zellen"
            assert member.send("DELETE", "/modules/zellen/demand", version=str(saved["version"])) is None
    finally:
        filled.after_request_funcs[None].pop()
    with database.read() as session:
        assert demand.own_list(session, people.member) == []


def test_the_client_waits_as_long_as_it_is_told_and_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    example = client_module()
    waited: list[int] = []
    monkeypatch.setattr(example.time, "sleep", waited.append)

    def busy(environ: dict[str, Any], start: Any) -> list[bytes]:
        asked.append(environ["PATH_INFO"])
        if len(asked) == 3:
            start("200 OK", [("Content-Type", "application/json")])
            return [b'{"total": 0, "items": []}']
        start("429 Too Many", [("Retry-After", "7" if len(asked) < 3 else "5000")])
        return [b""]

    asked: list[str] = []
    with make_server("127.0.0.1", 0, busy, threaded=True) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        there = example.Catalogue(f"http://127.0.0.1:{server.port}")
        assert list(there.modules()) == []
        assert waited == [7, 7]
        with pytest.raises(example.Refused):
            there.get("/modules")
        assert waited[2:] == [example.LONGEST_WAIT] * (example.TRIES - 1)
        server.shutdown()


@ON_SQLITE
def test_the_description_is_shown_whole_and_every_link_in_it_leads_somewhere(client: FlaskClient) -> None:
    page = client.get("/developers/api").get_data(as_text=True)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert "$ref" not in page
    shown = unescape(re.sub(r"<[^>]+>", "", page))
    for path, item in DOCUMENT["paths"].items():
        for method in set(item) - {"parameters", "servers"}:
            told = item[method]
            assert told["operationId"] in ids
            assert f"{method.upper()} {'' if 'servers' in item else '/api/v1'}{path}" in shown
            assert told["summary"] in shown
    assert 'href="/developers"' in client.get("/help").get_data(as_text=True)


def test_examples_of_the_description_have_the_shape_that_it_describes() -> None:
    checked = 0
    for section in sections(DOCUMENT):
        assert section.operations
        for one in section.operations:
            path = one.path.removeprefix("/api/v1")
            told = DOCUMENT["paths"][path][one.method.lower()]
            pairs = [(one.example, told.get("requestBody", {}))]
            pairs += [
                (answer.example, told["responses"][answer.status])
                for answer in one.answers
                if answer.status != "default"
            ]
            for example, holder in pairs:
                if example:
                    schema = next(iter(holder["content"].values()))["schema"]
                    root = {**schema, "components": DOCUMENT["components"]}
                    jsonschema.Draft202012Validator(root).validate(json.loads(example))
                    checked += 1
    assert checked > 20


def test_scopes_of_the_description_are_the_ones_that_are_asked_for() -> None:
    for section in sections(DOCUMENT):
        for one in section.operations:
            wanted = "write" if one.method != "GET" else "read"
            public = one.method == "GET" and one.path in (
                "/api/v1/modules",
                "/api/v1/modules/{slug}",
                "/api/v1/openapi.json",
            )
            if one.path.startswith("/modules."):
                assert one.scopes == ("",)
            else:
                assert one.scopes == (("", "catalogue") if public else (wanted,)), one


@ON_SQLITE
def test_a_search_is_taken_away_as_table_and_as_json(filled: Flask) -> None:
    client = filled.test_client()
    listed = {name: client.get(f"/modules.{name}?sort=title") for name in ("csv", "xlsx", "json")}
    lines = list(csv.DictReader(io.StringIO(listed["csv"].data.decode("utf-8-sig")), delimiter=";"))
    assert [line["Titel"] for line in lines] == ['\'=CMD|"calc"', "Sicherheit; Lager", "Zellen bauen"]
    items = json.loads(listed["json"].data)
    assert (items["total"], [one["slug"] for one in items["items"]]) == (MODULES, ["formel", "sicher", "zellen"])
    sheet = openpyxl.load_workbook(io.BytesIO(listed["xlsx"].data))["Daten"]
    assert [(row[0].value, row[0].data_type) for row in sheet.iter_rows(min_row=2)][0] == ('=CMD|"calc"', "s")
    assert sheet.max_row == MODULES + 1
    for name, answer in listed.items():
        assert answer.headers["Cache-Control"] == "public, max-age=60", name
        again = client.get(f"/modules.{name}?sort=title", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), name
    assert json.loads(client.get("/modules.json?q=Lager&per_page=1").data)["items"][0]["slug"] == "sicher"
    page = client.get("/?q=Zellen&format=online&file=x&format=none").get_data(as_text=True)
    for name in ("csv", "xlsx", "json"):
        assert re.search(rf'href="/modules\.{name}\?[^"]*q=Zellen', page) or "Keine Module" in page
