"""What every command needs: settings, database, index."""

import click

from catalogue.db import Database, DBAPIError, is_busy
from catalogue.logs import configure_logging
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings, prepare_state

__all__ = ["database_problem", "open_database", "open_index", "open_settings"]


def database_problem(error: DBAPIError) -> str:
    """Return one sentence about what the database said, and what to do."""
    reason = str(error.orig).strip().splitlines()[0]
    if is_busy(error):
        return f"The database cannot be reached or is locked ({reason}). Try again later or look at CATALOGUE_DATABASE."
    return f"The database refused ({reason}). If it is older than this code, run: catalogue db upgrade"


def open_settings() -> Settings:
    """Return the settings from the environment, with a state folder that can be written."""
    settings = Settings.from_env()
    configure_logging(settings.log_format, settings.log_level)
    prepare_state(settings)
    return settings


def open_database() -> Database:
    """Return the configured database; its connections are closed when the command ends."""
    database = Database(open_settings().database_url)
    if context := click.get_current_context(silent=True):
        context.call_on_close(database.dispose)
    return database


def open_index() -> SearchIndex:
    """Return the search index in the state folder."""
    return SearchIndex(open_settings().index_folder)
