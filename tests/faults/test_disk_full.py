"""The disk is full – that of the database, the index, the uploads or the log: it is told, reading goes on, and space is all it takes."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from catalogue.db import Database
from catalogue.models import Demand, ImportRun, Module
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.disks import full, small_disk
from tests.faults.servers import Answer, Browser, Gone, Server
from tests.faults.table import Faults

pytestmark = [pytest.mark.parametrize("settings", ["sqlite"], indirect=True)]
PAGES = ("/", "/?q=sicherheit", "/modules/sicherheit", "/company", "/api/v1/modules", "/wishes")


@dataclass
class Place:
    """A serving catalogue with one small disk; the member and the curator are signed in."""

    disk: Path
    server: Server
    member: Browser
    curator: Browser
    database: Database

    def mark(self) -> Answer:
        """Mark the module, and take it back if it is marked."""
        verb = "withdraw" if self.marks() else "mark"
        return self.member.post(f"/modules/sicherheit/demand/{verb}")

    def marks(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(Demand).where(Demand.withdrawn_at.is_(None))) or 0


@pytest.fixture
def module(database: Database, settings: Settings, people: People) -> Module:
    """A published module that is in the index."""
    with database.write() as session:
        made = factories.make_module(session, "Sicherheit", slug="sicherheit")
    sync.drain(database, SearchIndex(settings.index_folder))
    return made


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    settings: Settings,
    database: Database,
    people: People,
    module: Module,
    tmp_path: Path,
) -> Iterator[Place]:
    """The serving catalogue; the parameter says what lies on the small disk."""
    what, disk = request.param, tmp_path / "disk"
    database.dispose()
    with small_disk(disk, 40 if what == "state" else 2), ExitStack() as stack:
        more = {"TMPDIR": str(disk)} if what == "uploads" else {}
        log = stack.enter_context((disk / "log" if what == "log" else Path(os.devnull)).open("ab", buffering=0))
        if what in ("state", "index"):
            live = settings.state if what == "state" else settings.index_folder
            subprocess.run(["cp", "-a", f"{live}/.", str(disk)], check=True)
            subprocess.run(["mount", "--bind", str(disk), str(live)], check=True)
        try:
            with Server(settings, log=log, **more) as server:
                member = Browser(server.port).sign_in(people.member_user.email)
                curator = Browser(server.port).sign_in(people.curator_user.email)
                yield Place(disk, server, member, curator, database)
        finally:
            database.dispose()
            if what in ("state", "index"):
                subprocess.run(["umount", "--lazy", str(live)], check=False)


def reading_goes_on(place: Place) -> None:
    for path in PAGES:
        assert place.member.get(path).status == 200, path


@pytest.mark.short
@pytest.mark.parametrize("place", ["state"], indirect=True)
def test_a_full_disk_is_told_and_space_is_all_it_takes(place: Place, settings: Settings, faults: Faults) -> None:
    assert place.mark().status == 303
    known, refused, lost = place.marks(), [], 0
    with full(place.disk):
        for _ in range(5):
            answer = place.mark()
            if answer.status == 303:  # what was acknowledged has to be there
                known = 1 - known
            else:
                refused.append(answer)
            lost += place.marks() != known
        reading_goes_on(place)
        ready = place.member.get("/readyz")
    freed = time.monotonic()
    again = place.mark()
    faults.record("R4", "disk full: database", tries=5, lost=lost, healed=time.monotonic() - freed)
    assert lost == 0
    assert refused
    assert {answer.status for answer in refused} == {507}
    assert "Speicherplatz" in refused[0].page
    assert '"disk":"full"' in ready.page
    assert (again.status, place.marks()) == (303, 1 - known)
    with closing(sqlite3.connect(settings.state / "catalogue.sqlite3")) as connection:
        assert [*connection.execute("PRAGMA integrity_check")] == [("ok",)]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["index"], indirect=True)
def test_a_full_disk_below_the_index_keeps_nobody_from_writing(
    place: Place, settings: Settings, module: Module, faults: Faults
) -> None:
    archive = "/curation/modules/sicherheit/steps/withdraw"
    with full(place.disk):
        answer = place.curator.post(archive, {"version": module.version})
        reading_goes_on_without = [place.member.get(path).status for path in PAGES if path != "/modules/sicherheit"]
    freed = time.monotonic()
    place.member.post("/modules/sicherheit/bookmark")
    index = SearchIndex(settings.index_folder)
    while sync.is_waiting(place.database, index) and time.monotonic() - freed < 60:
        place.member.get("/?q=sicherheit")
        place.member.post("/preferences", {"theme": "dark"})
        time.sleep(0.2)
    faults.record("R4", "disk full: index", tries=1, healed=time.monotonic() - freed)
    assert answer.status == 303
    assert set(reading_goes_on_without) == {200}
    assert not sync.check(place.database, index)
    assert not sync.is_waiting(place.database, index)


def upload(browser: Browser, megabytes: int) -> Answer:
    lines = "Titel;Ort\n" + "".join(f"Modul {number};{'x' * 900}\n" for number in range(megabytes * 1_000))
    data = {"csrf_token": browser.token, "file": FileStorage(BytesIO(lines.encode()), "liste.csv")}
    content, length, boundary = stream_encode_multipart(data)
    with content:
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return browser.ask("POST", "/curation/imports", content.read(length), kind)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["uploads"], indirect=True)
def test_a_full_disk_for_uploads_refuses_files_only(place: Place, faults: Faults) -> None:
    assert upload(place.curator, 1).status == 303
    with full(place.disk):
        with suppress(*Gone):  # the server ends the connection where it has nowhere to keep what arrives
            assert upload(place.curator, 3).status == 507
        assert place.mark().status == 303
        reading_goes_on(place)
    freed, small = time.monotonic(), upload(place.curator, 1)
    faults.record("R4", "disk full: uploads", tries=1, healed=time.monotonic() - freed)
    assert small.status == 303
    assert [one for one in os.listdir(place.disk) if one != "filler"] == []
    with place.database.read() as session:
        assert session.query(ImportRun).count() == 2


@pytest.mark.slow
@pytest.mark.parametrize("place", ["log"], indirect=True)
def test_a_full_disk_for_the_log_is_no_reason_to_refuse_anything(place: Place, faults: Faults) -> None:
    with full(place.disk):
        assert place.mark().status == 303
        for path in (*PAGES, "/nowhere"):
            assert place.member.get(path).status in (200, 404), path
        assert place.member.post("/login", {"email": "a@b.example", "password": "x"}).status < 500
    faults.record("R4", "disk full: log", tries=1)
