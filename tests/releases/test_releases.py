"""What a released version left behind is opened by this one: nothing is missing, pages and search work."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from catalogue import schema
from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import demo, kept
from catalogue.services.restore import restore
from catalogue.settings import Settings
from tests.browsing import post
from tests.postgres import postgres_url
from tests.releases import FOLDER, RELEASES, Rows, bring, rows_of

# what restoring ends on purpose: sign-ins, links of one use; mails are marked
ENDED = {"user_session", "one_time_link", "outbox_mail", "index_queue"}
CONVERTED = {("feedback", "state")}  # remarks have other states since 0.2
PAGES = {
    "mitglied@muster.example": ("/company", "/wishes", "/interest", "/account"),
    "netzwerk@muster.example": ("/planning", "/curation", "/admin/users", "/planning/swot"),
}


def missing(before: Rows, after: Rows) -> dict[str, int]:
    """Rows of old tables that are not there any more as they were, in the columns that still exist."""
    lost = {}
    for table, rows in before.items():
        new = after.get(table, [])
        columns = set(rows[0]) & set(new[0]) if rows and new else set()
        columns -= {column for name, column in CONVERTED if name == table}
        known = {tuple(sorted((name, repr(row[name])) for name in columns)) for row in new}
        gone = [row for row in rows if tuple(sorted((name, repr(row[name])) for name in columns)) not in known]
        if gone and table not in ENDED:
            lost[table] = len(gone)
    return lost


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An empty installation."""
    (tmp_path / "state").mkdir()
    settings = Settings(state=tmp_path / "state", secret_key="test" * 16, rate_limits=False)
    if request.param == "sqlite":
        yield settings
        return
    with postgres_url("releases") as url:
        yield replace(settings, database=url)


@pytest.mark.parametrize("release", RELEASES)
def test_a_database_of_a_release_is_upgraded_and_nothing_is_missing(
    release: str, place: Settings, made_app: Flask
) -> None:
    database = Database(place.database_url)
    before = (restored if database.is_sqlite else upgraded)(release, place, database)
    assert len(before["module"]) >= 100
    assert missing(before, rows_of(database)) == {}
    look_around(made_app, place, database)
    kept.forget(database)
    database.dispose()


def restored(release: str, settings: Settings, database: Database) -> Rows:
    """Restore the backup that the release made; return what is in it."""
    (settings.state / "old").mkdir()
    old = Database(f"sqlite:///{settings.state / 'old/catalogue.sqlite3'}")
    bring(release, old, settings.state / "old")
    before = rows_of(old)
    old.dispose()
    assert restore(settings, database, FOLDER / f"{release}.tar.gz").manifest.revision == RELEASES[release]
    return before


def upgraded(release: str, settings: Settings, database: Database) -> Rows:
    """Upgrade a database that holds what the release left; return what that was."""
    bring(release, database, settings.state)
    before = rows_of(database)
    schema.upgrade(database)
    return before


def look_around(app: Flask, settings: Settings, database: Database) -> None:
    """Search, read, sign in, walk through the main pages."""
    index = SearchIndex(settings.index_folder)
    sync.rebuild(database, index)
    app.extensions.update(settings=settings, database=database, search=index)
    assert "/modules/" in app.test_client().get("/?q=sicherheit").get_data(as_text=True)
    with database.read() as session:
        slug = session.scalar(sa.text("SELECT slug FROM module WHERE state = 'published' ORDER BY slug LIMIT 1"))
    for email, pages in PAGES.items():
        client = app.test_client()
        assert post(client, "/login", {"email": email, "password": demo.PASSWORD}).status_code == 303
        for page in (*pages, "/", f"/modules/{slug}"):
            assert client.get(page, follow_redirects=True).status_code == 200, page
    assert app.test_client().get("/readyz").status_code == 200
