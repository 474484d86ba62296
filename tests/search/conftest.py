"""The real offers, loaded once per database kind and indexed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue import schema
from catalogue.db import Database
from catalogue.paths import resources
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import documents, loading
from catalogue.services.permissions import SYSTEM


@pytest.fixture(scope="session")
def offers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, SearchIndex]]:
    """The 110 real offers in an SQLite database, and their index. Do not change them."""
    folder: Path = tmp_path_factory.mktemp("offers")
    database = Database(f"sqlite:///{folder / 'catalogue.sqlite3'}")
    schema.upgrade(database)
    with database.write() as session:
        loading.load(session, SYSTEM, documents.read(resources("data/modules") / "modules.json"))
    index = SearchIndex(folder / "index")
    sync.rebuild(database, index)
    yield database, index
    database.dispose()
