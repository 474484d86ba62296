"""The application with one of everything, put back after each change; its routes; a browser for each kind of person."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

from catalogue import create_app, schema
from catalogue.db import Database
from catalogue.models import Company, TokenScope, User
from catalogue.services import kept, sessions, tokens
from catalogue.settings import Settings
from tests.browsing import csrf_token, sign_in
from tests.web.world import World, build_world

SKIPPED = {"static", "bootstrap.static"}
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it
VISITOR = "visitor"
asked: set[str] = set()  # names of arguments and fields that views looked for; whoever wants to know clears it before


class Recording(ImmutableMultiDict[str, str]):
    """Arguments or fields of a request; notes the names that a view looks for."""

    def __getitem__(self, key: str) -> str:
        asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        asked.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        asked.add(key)
        return super().get(key, *args, **kwargs)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        asked.add(key)
        return super().getlist(key, *args, **kwargs)


class RecordingRequest(Request):
    """A request whose arguments and form fields are :class:`Recording`."""

    parameter_storage_class = Recording


@dataclass
class Installation:
    """The application, the things in it, who is signed in, and how to put all of it back."""

    app: Flask
    world: World
    folder: Path
    watch: sqlite3.Connection
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    version: int = 0

    @property
    def database(self) -> Database:
        """The database of the application."""
        found: Database = self.app.extensions["database"]
        return found

    def admit(self, role: str, user: User | None) -> None:
        """Let *user* (None: nobody) sign in once, so that :meth:`browser` has their cookie and ``tokens`` their CSRF token."""
        client = self.app.test_client()
        if user is not None:
            sign_in(client, user)
        self.tokens[role] = csrf_token(client, "/help")
        cookie = client.get_cookie("session")
        assert cookie
        self.cookies[role] = cookie.value

    def browser(self, role: str) -> FlaskClient:
        """Return a new browser of that role."""
        client = self.app.test_client()
        client.set_cookie("session", self.cookies[role])
        return client

    def bearer(self, user: User) -> dict[str, str]:
        """Return the header of a new API token of *user*."""
        with self.database.write() as session:
            return {
                "Authorization": f"Bearer {tokens.create(session, sessions.actor_of(user), 'Test', scope=TokenScope.WRITE)}"
            }

    def keep(self) -> None:
        """What the database holds now is what :meth:`back` brings back."""
        _copy(self.folder / "catalogue.sqlite3", self.folder / "kept.sqlite3")
        self.version = self._changes()

    def back(self) -> bool:
        """Put the database back; return whether anything had been written."""
        if not self.is_changed():
            return False
        _copy(self.folder / "kept.sqlite3", self.folder / "catalogue.sqlite3")
        kept.forget(self.database)
        self.version = self._changes()
        return True

    def is_changed(self) -> bool:
        """Return whether anything was written since."""
        return self.version != self._changes()

    def _changes(self) -> int:
        """SQLite's number for what other connections wrote."""
        return int(self.watch.execute("PRAGMA data_version").fetchone()[0])

    def path(self, rule: Rule, method: str = "GET", **other: Any) -> str:
        """Return an address of the route; *other* goes before what the world offers for its arguments."""
        values = {name: other.get(name) or self.world.sample(rule.endpoint, name) for name in rule.arguments}
        with self.app.test_request_context():
            return self.app.url_map.bind("localhost").build(rule.endpoint, values, method=method)


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Return every rule with every method that somebody wrote."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        if rule.endpoint not in SKIPPED:
            found += [(rule, method) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@contextmanager
def installation(template: Path | None = None) -> Iterator[Installation]:
    """Make one in memory; *template* is an empty database at the newest revision, which saves the migrations."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        settings = Settings(
            state=Path(folder),
            secret_key="matrix" * 8,
            rate_limits=False,
            metrics_token="metrics",
            inline_indexing=False,
        )  # noqa: S106
        file = settings.state / "catalogue.sqlite3"
        if template:
            shutil.copy(template, file)
        database = Database(settings.database_url)
        schema.upgrade(database)
        with database.write() as session:
            world = build_world(session)
        database.dispose()
        app = create_app(settings)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.request_class = RecordingRequest
        made = Installation(app, world, settings.state, sqlite3.connect(file))
        _admit_all(made)
        made.keep()
        yield made
        made.watch.close()
        made.database.dispose()


def _admit_all(made: Installation) -> None:
    """Everybody signs in; then one account is locked and one company leaves the network."""
    made.admit(VISITOR, None)
    for role, user in made.world.people.items():
        made.admit(role, user)
    with made.database.write() as session:
        locked = session.get(User, made.world.people["locked"].id)
        assert locked
        locked.active = False
        gone = session.query(Company).filter_by(slug="ausgetreten").one()
        gone.active = False
