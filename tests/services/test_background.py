"""What a serving process reads ahead."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from catalogue.db import Database
from catalogue.search.index import SearchIndex
from catalogue.services import background, kept
from catalogue.services.demand_log import demand_log
from catalogue.services.report_facts import Facts
from catalogue.services.report_query import ReportQuery
from tests import factories
from tests.conftest import People


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """What the database was asked."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(database.engine, "before_cursor_execute", note)


def test_after_reading_ahead_no_page_reads_all_events_again(
    database: Database, index: SearchIndex, people: People, statements: list[str]
) -> None:
    with database.write() as session:
        for _ in range(3):
            factories.make_demand(session, people.company, factories.make_module(session))
    background.warm(database, index)
    assert any("demand_event.snapshot" in text for text in statements)
    statements.clear()
    with database.read() as session:
        assert len(demand_log(session)) == 3
        assert len(Facts(session, ReportQuery()).modules) == 3
    assert not [text for text in statements if "demand_event.snapshot" in text or "module_term" in text]


def test_what_is_read_ahead_is_held_once(database: Database, index: SearchIndex) -> None:
    background.warm(database, index)
    with database.read() as first, database.read() as second:
        assert demand_log(first) is demand_log(second)


def test_a_database_that_cannot_be_read_does_not_end_the_process(database: Database, index: SearchIndex) -> None:
    other = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    background.warm(other, index)
    kept.forget(other)
