"""Several machines on one PostgreSQL: what is saved through one is found through the others, and killing one loses nothing."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from catalogue.db import Database
from catalogue.models import Module, TokenScope, Vocabulary
from catalogue.search import changes, sync
from catalogue.search.index import SearchIndex
from catalogue.services import sessions, tokens
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.servers import Browser, Gone, Server, environment, free_port
from tests.faults.table import Faults

FOUND_WITHIN = 2.0  # seconds; what docs/operation.md promises
ON_POSTGRESQL = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


class Staff:
    """A curator's program at one node."""

    def __init__(self, port: int, token: str) -> None:
        self.browser, self.headers = Browser(port), {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, data: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(data) if data is not None else b""
        kind = {"Content-Type": "application/json"} if data is not None else {}
        answer = self.browser.ask(method, f"/api/v1{path}", body, self.headers | kind | sent)
        assert answer.status in (200, 201), answer.page
        found: dict[str, Any] = json.loads(answer.page)
        return found

    def retitle(self, slug: str, title: str) -> None:
        version = self.send("GET", f"/modules/{slug}")["version"]
        self.send("PATCH", f"/modules/{slug}", {"title": title}, If_Match=str(version))


def seen_after(happens: Callable[[], bool], seconds: float = 30) -> float:
    """Return after how many seconds it happens; fails after *seconds*."""
    begun = time.monotonic()
    while not happens():
        assert time.monotonic() - begun < seconds, "never seen"
        time.sleep(0.02)
    return time.monotonic() - begun


def found(port: int, text: str, **filters: str) -> set[str]:
    answer = Browser(port).get(f"/api/v1/modules?{urlencode({'q': text, **filters})}")
    return {item["slug"] for item in json.loads(answer.page)["items"]}


def facets(port: int) -> Any:
    return json.loads(Browser(port).get("/api/v1/modules").page)["facets"]


def suggested(port: int, text: str) -> str:
    return Browser(port).get(f"/suggest?{urlencode({'q': text})}").page


@pytest.fixture
def token(database: Database, people: People) -> str:
    with database.write() as session:
        term = factories.make_term(session, Vocabulary.TOPIC, "recycling", "Recycling")
        factories.make_module(session, "Grundlagen der Zelle", slug="grundlagen", summary="Kurz.", terms=[term])
        factories.make_provider(session, "Akademie Nord")
        made = tokens.create(session, sessions.actor_of(people.admin_user), "test", scope=TokenScope.WRITE)
    database.dispose()
    return made


@pytest.fixture
def nodes(settings: Settings, token: str, tmp_path: Path) -> Iterator[list[Server]]:
    """Two nodes with state folders of their own."""
    with ExitStack() as stack:
        yield [stack.enter_context(Server(replace(settings, state=tmp_path / name))) for name in ("a", "b")]


def ready(*ports: int) -> None:
    for port in ports:
        seen_after(partial(_is_ready, port))


def _is_ready(port: int) -> bool:
    return found(port, "Grundlagen") == {"grundlagen"}


@pytest.mark.short
@ON_POSTGRESQL
def test_what_one_node_saves_the_other_finds_within_two_seconds(
    nodes: list[Server], token: str, people: People, faults: Faults
) -> None:
    a, b = nodes[0].port, nodes[1].port
    ready(a, b)
    staff, seconds = Staff(a, token), []
    values = {
        "title": "Zerlegung von Quetzalzellen",
        "slug": "zerlegung",
        "summary": "Zerlegen.",
        "topics": ["recycling"],
        "provider": "akademie-nord",
    }
    staff.send("POST", "/modules", values | {"source_url": "https://beispiel.example/"})
    assert found(b, "Quetzalzellen") == set()
    staff.send("POST", "/modules/zerlegung/publish")
    assert found(a, "Quetzalzellen") == {"zerlegung"}  # at once where it was saved
    seconds.append(seen_after(lambda: found(b, "Quetzalzellen") == {"zerlegung"}))
    assert "Quetzalzellen" in suggested(b, "Quetzalz")
    assert "Recycling" in json.dumps(facets(b), ensure_ascii=False)
    assert facets(a) == facets(b)
    staff.retitle("zerlegung", "Zerlegung von Axolotlzellen")
    seconds.append(seen_after(lambda: found(b, "Axolotlzellen") == {"zerlegung"}))
    assert found(b, "Quetzalzellen") == set()
    Staff(b, token).send("POST", "/modules/zerlegung/archive")
    seconds.append(seen_after(lambda: found(a, "Axolotlzellen") == set()))
    assert "Axolotl" not in suggested(a, "Axolotl")

    there = Browser(a).sign_in(people.member_user.email)
    here = Browser(b, dict(there.cookies), there.token)  # the same browser, sent to the other node
    assert here.get("/company").status == 200
    assert here.post("/modules/grundlagen/demand/mark").status == 303
    assert "Grundlagen der Zelle" in there.get("/company").page
    assert here.post("/logout").status == 303
    assert there.get("/company").status != 200  # signed out on one is signed out on both

    faults.record("R26", "saved through one node, found through the other", tries=len(seconds), healed=max(seconds))
    assert max(seconds) < FOUND_WITHIN


class Writer(threading.Thread):
    """Renames modules through one node and remembers what was acknowledged; ends when the node is gone or *stop* is set.

    *under_way* is what nobody was told about: it may be saved or not.
    """

    def __init__(self, staff: Staff, slugs: list[str], stop: threading.Event) -> None:
        super().__init__()
        self.staff, self.slugs, self.stop = staff, slugs, stop
        self.titles: dict[str, str] = {}
        self.under_way: dict[str, str] = {}

    def run(self) -> None:
        for number in range(10_000):
            slug = self.slugs[number % len(self.slugs)]
            title = f"Stand {random.getrandbits(60):x} von {slug}"
            try:
                self.staff.retitle(slug, title)
            except Gone:
                self.under_way = {slug: title}
                return
            self.titles[slug] = title
            if self.stop.is_set():
                return


@pytest.mark.slow
@ON_POSTGRESQL
def test_a_killed_node_loses_nothing_and_catches_up(
    nodes: list[Server], database: Database, settings: Settings, token: str, faults: Faults
) -> None:
    with database.write() as session:
        slugs = [factories.make_module(session, f"Modul {number}", slug=f"modul-{number}").slug for number in range(10)]
    database.dispose()
    a, b = nodes
    ready(a.port, b.port)
    acknowledged, lost, healed = 0, 0, 0.0
    for tries in range(6):
        stop, (victim, other) = threading.Event(), (a, b) if tries % 2 else (b, a)
        writers = [
            Writer(Staff(victim.port, token), slugs[:5], stop),
            Writer(Staff(other.port, token), slugs[5:], stop),
        ]
        for writer in writers:
            writer.start()
        time.sleep(1 + random.random())
        victim.kill()
        time.sleep(1)
        stop.set()
        for writer in writers:
            writer.join()
        titles = writers[0].titles | writers[1].titles
        acknowledged += len(titles)
        unsure = writers[0].under_way | writers[1].under_way
        with database.read() as session:
            stored = dict(session.execute(sa.select(Module.slug, Module.title)).all())
        database.dispose()
        lost += sum(stored.get(slug) not in (title, unsure.get(slug)) for slug, title in titles.items())
        victim.start()
        for node in (other, victim):
            healed = max(healed, seen_after(partial(shows, node.port, stored, slugs)))
    faults.record("R26", "kill -9 of one of two nodes", tries=6, lost=lost, healed=healed)
    assert lost == 0
    assert acknowledged > 30


def shows(port: int, stored: dict[str, str], slugs: list[str]) -> bool:
    """Whether each title is found through the node, under its own unmistakable word."""
    return all(slug in found(port, stored[slug].split()[1]) for slug in slugs if stored[slug].startswith("Stand"))


@pytest.mark.slow
@ON_POSTGRESQL
def test_a_node_that_was_away_for_long_catches_up(
    nodes: list[Server], database: Database, settings: Settings, token: str, tmp_path: Path, faults: Faults
) -> None:
    a, b = nodes
    ready(a.port, b.port)
    b.process.send_signal(signal.SIGTERM)
    b.process.wait(20)
    staff = Staff(a.port, token)
    for number in range(20):
        staff.retitle("grundlagen", f"Grundlagen in Fassung {number}")
    with database.write() as session:
        factories.make_module(session, "Neues vom Quokka", slug="quokka")
    with database.write() as session:  # a month later the log was cleared
        session.execute(sa.text("UPDATE index_queue SET queued_at = queued_at - interval '40 days'"))
        assert changes.prune(session) >= 20
    database.dispose()
    b.start()
    healed = seen_after(lambda: found(b.port, "Quokka") == {"quokka"})
    assert found(b.port, "Fassung") == {"grundlagen"}
    other = SearchIndex(tmp_path / "b" / "index")
    assert not sync.check(database, other)
    # an index whose position says nothing here, as after a restored database
    b.kill()
    with database.write() as session:
        session.execute(
            sa.text("UPDATE module SET title = 'Gürteltier' WHERE slug = 'quokka'")
        )  # behind the log's back
        session.execute(sa.text("TRUNCATE index_queue"))
    database.dispose()
    b.start()
    healed = max(healed, seen_after(lambda: found(b.port, "Gürteltier") == {"quokka"}))
    database.dispose()
    faults.record("R26", "node away for long, or its index from another time", tries=2, healed=healed)


# --- several processes on one machine


@pytest.fixture
def gunicorn(settings: Settings, token: str) -> Iterator[int]:
    """gunicorn with two workers on one state folder, as docs/operation.md shows it; gives its port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--threads",
        "4",
        "wsgi:app",
    ]
    process = subprocess.Popen(command, env=environment(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seen_after(lambda: answers(port), 60)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        return Browser(port).get("/healthz").status == 200
    except Gone:
        return False


@pytest.mark.slow
@ON_SQLITE
def test_two_gunicorn_workers_share_one_index(gunicorn: int, token: str, faults: Faults) -> None:
    ready(gunicorn)
    staff, worst = Staff(gunicorn, token), 0.0
    for number in range(20):
        word = f"Wort{random.getrandbits(40):x}"
        staff.retitle("grundlagen", f"Grundlagen {number} {word}")
        in_a_row = 0
        begun = time.monotonic()
        while in_a_row < 8:  # whichever worker answers
            in_a_row = in_a_row + 1 if found(gunicorn, word) == {"grundlagen"} else 0
            if not in_a_row:
                worst = max(worst, time.monotonic() - begun)
            assert time.monotonic() - begun < 30
    faults.record("R26", "saved through one gunicorn worker, found through the other", tries=20, healed=worst)
    assert worst < FOUND_WITHIN
