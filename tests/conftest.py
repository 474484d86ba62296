"""Real parts for the tests: SQLite files, a PostgreSQL server from pip, the real application and its real index."""

import gc
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from xdist.scheduler.loadscope import LoadScopeScheduling

from catalogue import create_app, schema
from catalogue.db import Base, Database, Session
from catalogue.models import Company, CompanyRole, NetworkRole, User
from catalogue.search.index import SearchIndex
from catalogue.services import kept, secrets, sessions
from catalogue.services.permissions import VISITOR, Actor
from catalogue.settings import Settings
from tests import factories
from tests.faults.table import pytest_terminal_summary
from tests.postgres import postgres_url

__all__ = ["pytest_terminal_summary"]
DATABASES = ["sqlite", "postgresql"]
ON_SQLITE = pytest.mark.parametrize(
    "settings", ["sqlite"], indirect=True
)  # for what no database could answer differently
ON_BOTH = {
    "test_api.py",
    "test_bad_input.py",
    "test_canary.py",
    "test_demand.py",
    "test_imports.py",
    "test_permissions.py",
}
ROOM = 2**30
TOGETHER = (
    "tests/browser/",
    "tests/search/test_quality",
    "test_no_generated_request_breaks_the_api",
    "tests/web/test_hostile_tenants",
    "tests/web/test_hostile_forms",
)
Flask.jinja_options = {
    "bytecode_cache": FileSystemBytecodeCache(pattern="catalogue-test-%s.cache")
}  # one compilation for all
secrets.use_hasher(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))  # a real hash takes 64 MiB and 0.1 s


class TogetherScheduling(LoadScopeScheduling):
    """Spreads tests over the workers one by one, but keeps those together that share what takes long to start."""

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name in TOGETHER if name in nodeid), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    """Let pytest-xdist (``--dist load…``) schedule so."""
    return TogetherScheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--every-database`` and ``--short-faults``."""
    parser.addoption("--every-database", action="store_true", help="all pages on PostgreSQL, too: make databases")
    parser.addoption("--short-faults", action="store_true", help="of tests/faults only what takes seconds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Services know databases, pages do not: of their tests only those that ask every route, or send hostile input, run on both."""
    left = set()
    if not config.getoption("every_database"):
        left |= {item for item in items if _only_repeats(item)}
    if config.getoption("short_faults"):
        left |= {item for item in items if item.path.parent.name == "faults" and not item.get_closest_marker("short")}
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]


def _only_repeats(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    on_postgres = call is not None and call.params.get("settings") == "postgresql"
    return on_postgres and item.path.parent.name == "web" and item.path.name not in ON_BOTH


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what tests make only: walking through all modules and tests took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest revision, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "catalogue.sqlite3"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """URL of an own PostgreSQL database at the newest revision, one per test process."""
    with postgres_url() as url:
        database = Database(url)
        schema.upgrade(database)
        database.dispose()
        yield url


@pytest.fixture(scope="session")
def opened() -> Iterator[Callable[[str], Database]]:
    """Gives the one database of a URL in this process: an engine of its own per test would compile every statement anew."""
    made: dict[str, Database] = {}
    yield lambda url: made[url] if url in made else made.setdefault(url, Database(url))
    for one in made.values():
        one.dispose()


@pytest.fixture(scope="session")
def state_folder() -> Iterator[Path]:
    """The state folder of this process' tests, emptied for each; in memory where that is possible, because SQLite waits for disks."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    with tempfile.TemporaryDirectory(prefix="catalogue-test-", dir=memory if roomy else None) as folder:
        state = Path(folder) / "state"
        state.mkdir()
        yield state


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, state_folder: Path, sqlite_template: Path) -> Settings:
    """Settings of an installation in an empty folder, once on SQLite and once on PostgreSQL."""
    shutil.rmtree(state_folder)
    state_folder.mkdir()
    base = Settings(state=state_folder, secret_key="test" * 16, rate_limits=False)
    if request.param == "sqlite":
        shutil.copy(sqlite_template, state_folder / "catalogue.sqlite3")
        return base
    request.getfixturevalue("empty_postgres")()
    return replace(base, database=request.getfixturevalue("postgres_database"))


@pytest.fixture(scope="session")
def empty_postgres(postgres_database: str) -> Iterator[Callable[[], None]]:
    """A function that empties the process' PostgreSQL database, touching only the tables that hold something."""
    engine = sa.create_engine(postgres_database)
    tables = list(reversed(Base.metadata.sorted_tables))
    filled = sa.union_all(*(sa.select(sa.literal(table.name)).where(sa.exists(sa.select(table))) for table in tables))

    def empty() -> None:
        with engine.begin() as connection:
            names = set(connection.scalars(filled))
            # the record refuses deletions; nothing but a replica that copies them gets past its triggers
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in tables:
                if table.name in names:
                    connection.execute(table.delete())

    yield empty
    engine.dispose()


@pytest.fixture
def database(settings: Settings, opened: Callable[[str], Database]) -> Iterator[Database]:
    """The database of *settings*, empty."""
    yield opened(settings.database_url)
    for thread in threading.enumerate():
        if thread.name.startswith("index-"):  # it mends the index, and would leave a connection to this database behind
            thread.join(30)
    opened(settings.database_url).dispose()
    kept.forget(opened(settings.database_url))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session; what a test does is seen by others only after ``session.commit()``."""
    with database.session(write=True) as writing:
        yield writing


@pytest.fixture
def index(settings: Settings) -> SearchIndex:
    """The search index of *settings*, empty."""
    return SearchIndex(settings.index_folder)


@pytest.fixture(scope="session")
def made_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, made once per test process: building it and compiling its templates takes longer than most tests."""
    made = create_app(Settings(state=tmp_path_factory.mktemp("app"), secret_key="test" * 16, rate_limits=False))
    made.config["PROPAGATE_EXCEPTIONS"] = False
    made.extensions["database"].dispose()
    return made


@pytest.fixture
def app(settings: Settings, database: Database, made_app: Flask) -> Flask:
    """The real application on *settings*. What is fixed when it is made (secret key, cookies, limits) needs an app of its own."""
    made_app.extensions["settings"] = settings
    made_app.extensions["database"] = database
    made_app.extensions["search"] = SearchIndex(settings.index_folder)
    return made_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts, not signed in. CSRF stays on: use :func:`tests.browsing.post`."""
    return app.test_client()


@dataclass(frozen=True)
class People:
    """Two companies and the actors that every permission test needs, with the people behind them."""

    company: Company
    other_company: Company
    member_user: User
    company_admin_user: User
    stranger_user: User
    curator_user: User
    admin_user: User
    visitor: Actor = VISITOR

    @property
    def member(self) -> Actor:
        return sessions.actor_of(self.member_user)

    @property
    def company_admin(self) -> Actor:
        return sessions.actor_of(self.company_admin_user)

    @property
    def stranger(self) -> Actor:
        """Member of the other company."""
        return sessions.actor_of(self.stranger_user)

    @property
    def curator(self) -> Actor:
        return sessions.actor_of(self.curator_user)

    @property
    def admin(self) -> Actor:
        return sessions.actor_of(self.admin_user)


@pytest.fixture
def people(database: Database) -> People:
    """Alice and Anton at Muster AG, Bob at Beispiel GmbH, curator Clara, network admin Nora; committed."""
    with database.write() as session:
        company = factories.make_company(session, name="Muster AG")
        other = factories.make_company(session, name="Beispiel GmbH")
        return People(
            company=company,
            other_company=other,
            member_user=factories.make_user(session, "alice@muster.example", name="Alice Muster", company=company),
            company_admin_user=factories.make_user(
                session, "anton@muster.example", name="Anton Muster", company=company, role=CompanyRole.ADMIN
            ),
            stranger_user=factories.make_user(session, "bob@beispiel.example", name="Bob Beispiel", company=other),
            curator_user=factories.make_user(
                session, "clara@netz.example", name="Clara Netz", network_role=NetworkRole.CURATOR
            ),
            admin_user=factories.make_user(
                session, "nora@netz.example", name="Nora Netz", network_role=NetworkRole.ADMIN
            ),
        )


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder outside pytest's own, for servers that must not open up a home folder to others."""
    path = Path(tempfile.mkdtemp(prefix="catalogue-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
