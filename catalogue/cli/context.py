"""What every command needs: settings, database, index."""

import click

from catalogue.db import Database
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings, prepare_state

__all__ = ["open_database", "open_index", "open_settings"]


def open_settings() -> Settings:
    """Return the settings from the environment, with a state folder that can be written."""
    settings = Settings.from_env()
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
