"""The migrations lead to exactly what the models say, forwards and backwards, with data in the tables, on both databases."""

import threading
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from catalogue import schema
from catalogue.db import Base, Database, utcnow
from catalogue.models import Demand, DemandEvent, Module, Relevance, Vocabulary
from tests import factories
from tests.postgres import postgres_url

NEWEST = 4  # older steps do not change any more


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        yield database
        database.dispose()
        return
    with postgres_url("migrations") as url:
        database = Database(url)
        yield database
        database.dispose()


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        return list(compare_metadata(context, Base.metadata))


def fill(database: Database) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        module = factories.make_module(session, "Sicherheit und Batterie", terms=[topic], contents=["Lagerung"])
        company = factories.make_company(session, "Muster AG", sector_id=topic.id)
        factories.make_user(session, "alice@muster.example", company=company)
        demand = Demand(company=company, module=module, relevance=Relevance.MUST, purposes=["training"], people=6)
        session.add(demand)
        session.flush()
        session.add(
            DemandEvent(
                demand_id=demand.id, company_id=company.id, module_id=module.id, action="marked", snapshot={"people": 6}
            )
        )


def counts(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        return {name: connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in names}  # noqa: S608


def test_upgrade_from_nothing_equals_the_models(empty: Database) -> None:
    schema.upgrade(empty)
    assert differences(empty) == []
    assert schema.is_current(empty)


def test_the_newest_steps_back_and_forth_keep_the_data(empty: Database) -> None:
    schema.upgrade(empty)
    fill(empty)
    walk(empty, NEWEST)


def walk(database: Database, steps: int) -> None:
    """From the newest revision on take each step back, forth, and back: data and structure stay. make faults takes all."""
    before = counts(database)
    revisions = [script.revision for script in ScriptDirectory.from_config(schema.config(database)).walk_revisions()]
    for newer, older in list(pairwise(revisions))[:steps]:
        shaped = shape(database)
        schema.downgrade(database, older, lose_data=True)
        command.upgrade(schema.config(database), newer)
        assert shape(database) == shaped, newer
        schema.downgrade(database, older, lose_data=True)
    schema.upgrade(database)
    after = counts(database)
    kept = {"module", "company", "user", "membership", "demand", "demand_event", "term", "module_term"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert differences(database) == []


def shape(database: Database) -> dict[str, list[str]]:
    """What is promised about each table: columns, keys, references, checks, indexes."""
    with database.engine.connect() as connection:
        look, found = sa.inspect(connection), dict[str, list[str]]()
        for read in (
            look.get_multi_columns, look.get_multi_pk_constraint, look.get_multi_foreign_keys, look.get_multi_indexes,
            look.get_multi_unique_constraints, look.get_multi_check_constraints,
        ):  # fmt: skip
            for (_, table), things in read().items():
                said = things if isinstance(things, list) else [things]
                found.setdefault(table, []).extend(sorted(str(sorted(thing.items(), key=str)) for thing in said))
        return found


def test_going_back_is_refused_if_it_deletes_what_was_entered(empty: Database) -> None:
    schema.upgrade(empty)
    fill(empty)
    with pytest.raises(schema.DataLoss, match="1 rows of company"):
        schema.downgrade(empty, "base")
    assert schema.is_current(empty)
    assert counts(empty)["demand"] == 1


def test_downgrade_to_nothing_and_upgrade_again(empty: Database) -> None:
    schema.upgrade(empty)
    fill(empty)
    schema.downgrade(empty, "base", lose_data=True)
    assert set(counts(empty)) <= {"alembic_version"}
    schema.upgrade(empty)
    assert differences(empty) == []


def test_old_states_of_remarks_find_a_new_one_and_answers_stay(empty: Database) -> None:
    schema.upgrade(empty)
    fill(empty)
    schema.downgrade(empty, "28e79e9639f9", lose_data=True)
    old = [
        ("new", "weakness", ""),
        ("read", "weakness", ""),
        ("answered", "weakness", "Ja"),
        ("answered", "question", "Ja"),
    ]
    old += [("closed", "strength", ""), ("closed", "strength", "Danke")]
    with empty.engine.begin() as connection:
        company = connection.exec_driver_sql("SELECT id FROM company").scalar_one()
        feedback = sa.Table("feedback", sa.MetaData(), autoload_with=connection)
        for place, (state, kind, answer) in enumerate(old):
            now = utcnow()
            values = {"id": uuid.UUID(int=place).hex, "company_id": company, "kind": kind, "visibility": "members"}
            values |= {"text": "x", "state": state, "answer": answer, "answered_at": now if answer else None}
            connection.execute(feedback.insert().values(**values, created_at=now, updated_at=now, version=1))
    schema.upgrade(empty)
    with empty.engine.connect() as connection:
        states = connection.exec_driver_sql("SELECT state FROM feedback ORDER BY id").scalars().all()
        steps = connection.exec_driver_sql("SELECT action, text FROM feedback_step ORDER BY feedback_id").all()
    assert states == ["new", "seen", "seen", "done", "done", "done"]
    assert [tuple(step) for step in steps] == [("seen", "Ja"), ("done", "Ja"), ("done", "Danke")]
    schema.downgrade(empty, "28e79e9639f9", lose_data=True)
    with empty.engine.connect() as connection:
        states = connection.exec_driver_sql("SELECT state FROM feedback ORDER BY id").scalars().all()
    assert states == ["new", "read", "answered", "closed", "closed", "closed"]


def test_two_processes_that_start_at_once_migrate_once(empty: Database) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            schema.upgrade(empty)
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    # Alembic keeps its context in module globals, so that two threads may not enter it: the lock must keep them apart
    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert schema.is_current(empty)


def test_migrations_do_not_depend_on_todays_code() -> None:
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    assert [path.name for path in folder.glob("*.py") if "catalogue." in path.read_text(encoding="utf-8")] == []


def test_old_rows_keep_their_meaning(empty: Database) -> None:
    schema.upgrade(empty)
    fill(empty)
    with empty.read() as session:
        module = session.scalars(sa.select(Module)).one()
        assert (module.title, module.contents, module.version) == ("Sicherheit und Batterie", ["Lagerung"], 1)
