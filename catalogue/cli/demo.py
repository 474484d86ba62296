"""``python -m catalogue.cli.demo``, called by ``make run``: the catalogue with the real modules and an invented network around it."""

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from catalogue import schema
from catalogue.cli import serve
from catalogue.cli.context import database_problem
from catalogue.db import Database, DBAPIError
from catalogue.paths import PACKAGE, resources
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import demo, documents, loading
from catalogue.services.errors import Refused
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings, SettingsError, prepare_state

__all__ = ["main", "prepare"]

HOST = "127.0.0.1"
LOADED = "demo.loaded"  # in the state folder: what the data was when it was last loaded


def main() -> None:
    """Prepare what is missing, say where the catalogue is and who can sign in, and serve it."""
    try:
        port = _port(os.environ.get("PORT", "8000"))
        settings = replace(Settings.from_env(), demo=True)
        prepare_state(settings)
        if problem := serve.port_problem(HOST, port):
            raise SettingsError(problem)
        prepare(settings)
    except (SettingsError, Refused) as error:
        click.echo(f"catalogue: {error}", err=True)
        sys.exit(1)
    except DBAPIError as error:
        click.echo(f"catalogue: {database_problem(error)}", err=True)
        sys.exit(1)
    _announce(port)
    serve.run(settings, HOST, port)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def prepare(settings: Settings) -> bool:
    """Bring database, modules, invented data and index up to date; False if nothing had changed since the last time."""
    database, index = Database(settings.database_url), SearchIndex(settings.index_folder)
    mark, wanted = settings.state / LOADED, _fingerprint(settings)
    try:
        if _read(mark) == wanted and schema.is_current(database):
            return False
        click.echo("Die Datenbank wird vorbereitet …")
        schema.upgrade(database)
        with database.write() as session:
            report = loading.load(session, SYSTEM, documents.read(resources("data/modules")))
            demo.load(session)
        click.echo(f"{report.new} Module neu, {report.changed} geändert, {report.unchanged} unverändert.")
        sync.drain_quietly(database, index)
        mark.write_text(wanted, encoding="ascii")
        return True
    finally:
        database.dispose()


def _fingerprint(settings: Settings) -> str:
    """Return a hash of everything that decides what would be loaded, and into which database."""
    digest = hashlib.sha256(settings.database_url.encode())
    folders = [resources("data/vocabularies"), resources("data/modules"), resources("data/demo")]
    files = [path for folder in folders for path in sorted(folder.glob("*.*"))]
    for path in [*files, *sorted((PACKAGE / "services").glob("*load*.py")), PACKAGE / "services/source_lists.py"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _announce(port: int) -> None:
    click.echo(f"\nDer Modulkatalog läuft: http://{HOST}:{port}   (Ende mit Strg+C)\n")
    click.echo(f"Anmelden zum Ausprobieren, Passwort immer {demo.PASSWORD}")
    for email, who in demo.LOGINS:
        click.echo(f"  {email:<26} {who}")
    click.echo("Unternehmen, Personen, Bedarf und Termine sind erfunden; die Module sind echte öffentliche Angebote.\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
