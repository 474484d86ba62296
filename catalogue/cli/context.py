"""What every command needs: settings, database, index."""

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
    """Return the configured database."""
    return Database(open_settings().database_url)


def open_index() -> SearchIndex:
    """Return the search index in the state folder."""
    return SearchIndex(open_settings().index_folder)
