"""PostgreSQL in a backup: pg_dump and pg_restore do the work, called so that no password is seen and nothing is half done.

A restore is built in a schema of its own in the same database, brought to the newest revision there, and takes the place of
``public`` by two renames in one transaction. The old one stays as schema ``before_restore_…``.
"""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from catalogue.db import APPLICATION, Database, DBAPIError, utcnow
from catalogue.services.backup_archive import DUMP, Manifest, Unusable

__all__ = ["check", "copy", "holds_something", "others", "stage", "swap"]

STAGED = "catalogue_restore"
INSTALLED = Path("/usr/lib/postgresql")  # where Debian and Ubuntu keep several versions side by side
COPY = re.compile(rb'^COPY public\."?([a-z_]+)"? ')


@dataclass(frozen=True)
class Programs:
    """One folder with pg_dump, pg_restore and psql of one version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def programs(at_least: int) -> Programs:
    """Return the first programs on the PATH, or installed beside them, that can work with version *at_least*."""
    found = [one for folder in _folders() if (one := _version(folder))]
    if not found:
        raise Unusable(f"pg_dump, pg_restore and psql are missing: install postgresql-client-{at_least}.")
    for one in found:
        if one.major >= at_least:
            return one
    raise Unusable(
        f"pg_dump {found[0].version} is older than PostgreSQL {at_least}: install postgresql-client-{at_least}."
    )


def _folders() -> list[Path]:
    on_path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return on_path + sorted(INSTALLED.glob("*/bin"), reverse=True)


def _version(folder: Path) -> Programs | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("pg_dump", "pg_restore", "psql")):
        return None
    said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"\) (\d+(?:\.\d+)?)", said.stdout)
    return Programs(folder, found[1]) if found else None


def _run(database: Database | None, tools: Programs, name: str, *arguments: str) -> None:
    """Run one program; the password goes into its environment, never into the list of processes."""
    environ, command = dict(os.environ), [str(tools.folder / name), *arguments]
    if database is not None:
        given = database.engine.dialect.create_connect_args(database.engine.url)[1]
        plain = {key: value for key, value in given.items() if isinstance(value, (str, int))}
        environ["PGPASSWORD"] = str(plain.pop("password", environ.get("PGPASSWORD", "")))
        plain.pop("sslpassword", None)
        command += ["--no-password", f"--dbname={make_conninfo('', **plain)}"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = (
            [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines() or ["?"]
        )
        raise Unusable(f"{name} failed: {said[0].strip()}")


def holds_something(database: Database) -> bool:
    """Whether there are tables to lose."""
    with database.engine.connect() as connection:
        return bool(sa.inspect(connection).get_table_names())


def others(database: Database, own: int) -> int:
    """Return how many connections other processes of the catalogue hold, beside *own* ones, after a moment for ours to end."""
    database.dispose()
    count = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND application_name = :name"
    )
    with database.engine.connect() as connection:
        for _ in range(10):
            found = connection.scalar(count, {"name": APPLICATION}) or 0
            connection.rollback()
            if found <= own:
                return 0
            time.sleep(0.1)
    return int(found) - own


def copy(database: Database, folder: Path) -> tuple[str, dict[str, int], dict[str, str]]:
    """Dump one moment; revision and number of rows are read from the same snapshot. Return them, and the versions."""
    snapshot = database.engine.execution_options(isolation_level="REPEATABLE READ")
    with snapshot.connect() as connection, connection.begin():
        version = connection.scalar(sa.text("SHOW server_version")).split(" ")[0]
        tools = programs(int(version.split(".")[0]))
        name = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        tables = sa.inspect(connection).get_table_names()
        if "alembic_version" not in tables:
            raise Unusable("There is no catalogue in this database to back up.")
        rows = {table: _count(connection, table) for table in sorted(tables)}
        revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        _run(
            database, tools, "pg_dump", "--format=custom", "--schema=public", "--no-owner", "--no-privileges",
            f"--snapshot={name}", f"--file={folder / DUMP}",
        )  # fmt: skip
    return str(revision), rows, {"PostgreSQL": version, "pg_dump": tools.version}


def _count(connection: sa.Connection, table: str) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0


def check(path: Path, manifest: Manifest) -> None:
    """Read the whole dump and count its rows, without any server; raise :class:`Unusable` if they are not those of the backup."""
    script = _script(path, manifest)
    rows, table = dict.fromkeys(manifest.tables, 0), ""
    with open(script, "rb") as lines:
        for line in lines:
            if table and line == b"\\.\n":
                table = ""
            elif table:
                rows[table] = rows.get(table, 0) + 1
            elif found := COPY.match(line):
                table = found[1].decode()
    if table or rows != manifest.tables:
        raise Unusable("The database in this backup is damaged.")


def _script(path: Path, manifest: Manifest) -> Path:
    """Write the dump as SQL beside it, once."""
    script = path.with_suffix(".sql")
    if not script.exists():
        tools = programs(_major(manifest, "pg_dump"))
        _run(
            None, tools, "pg_restore", "--schema=public", "--no-owner", "--no-privileges", f"--file={script}", str(path)
        )
    return script


def _major(manifest: Manifest, program: str) -> int:
    return int(manifest.made_with.get(program, "0").split(".")[0])


def stage(database: Database, path: Path, manifest: Manifest) -> Database:
    """Build the content of the dump in a schema of its own, in one transaction; return that schema as a database."""
    with database.engine.connect() as connection:
        server = int(connection.scalar(sa.text("SHOW server_version_num"))) // 10_000
    if server < _major(manifest, "PostgreSQL"):
        raise Unusable(f"This backup needs PostgreSQL {_major(manifest, 'PostgreSQL')}, the server is {server}.")
    script = _script(path, manifest)
    before, after = path.with_suffix(".before.sql"), path.with_suffix(".after.sql")
    before.write_text(
        f"DROP SCHEMA IF EXISTS {STAGED} CASCADE;\nALTER SCHEMA public RENAME TO catalogue_live;\nCREATE SCHEMA public;\n"
    )
    after.write_text(f"ALTER SCHEMA public RENAME TO {STAGED};\nALTER SCHEMA catalogue_live RENAME TO public;\n")
    tools = programs(max(server, _major(manifest, "pg_dump")))
    parts = [f"--file={part}" for part in (before, script, after)]
    options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    _run(database, tools, "psql", *options, *parts)
    url = database.engine.url
    options_given = str(url.query.get("options", ""))
    staged = url.update_query_dict({"options": f"{options_given} -csearch_path={STAGED}".strip()})
    return Database(staged.render_as_string(hide_password=False))


def swap(database: Database, *, keep: bool) -> str:
    """Exchange ``public`` for what was staged, in one transaction; return the name of the schema that holds the old one."""
    aside = f"before_restore_{utcnow():%Y%m%d_%H%M%S_%f}"
    old = f"ALTER SCHEMA public RENAME TO {aside}" if keep else "DROP SCHEMA public"
    try:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(old)
            connection.exec_driver_sql(f"ALTER SCHEMA {STAGED} RENAME TO public")
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise Unusable(f"The restored data could not take its place ({reason}); the old one is untouched.") from error
    return aside if keep else ""
