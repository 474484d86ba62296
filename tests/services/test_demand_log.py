"""The columns in memory say what the table says, whatever happened to it meanwhile."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from catalogue.db import Database, Session
from catalogue.models import Company, DemandEvent, Module, Term, Vocabulary
from catalogue.services import demand, report_records, sessions
from catalogue.services.demand import DemandInput
from catalogue.services.demand_log import DemandLog, demand_log
from catalogue.services.permissions import Actor
from catalogue.services.report_query import ReportQuery
from tests import factories


@pytest.fixture
def said(database: Database) -> list[Actor]:
    """Two members, of whom each said something about each of two modules."""
    with database.write() as session:
        actors = [
            sessions.actor_of(factories.make_user(session, company=factories.make_company(session, name)))
            for name in ("Anna GmbH", "Berg AG")
        ]
        for module in (factories.make_module(session, "Eins", slug="eins"), factories.make_module(session, "Zwei")):
            for actor in actors:
                demand.mark(session, actor, module, DemandInput(people=3))
    return actors


def people(database: Database) -> list[tuple[str, str, int | None]]:
    """Company, module and people of all statements, as a reader sees them."""
    with database.read() as session:
        found = report_records.records(session, ReportQuery())
        return sorted((one.company.name, one.module.title, one.people) for one in found)


ALL = [("Anna GmbH", "Eins", 3), ("Anna GmbH", "Zwei", 3), ("Berg AG", "Eins", 3), ("Berg AG", "Zwei", 3)]


def module(session: Session, slug: str) -> Module:
    return session.scalars(sa.select(Module).where(Module.slug == slug)).one()


def test_what_is_appended_is_read_and_nothing_else(database: Database, said: list[Actor]) -> None:
    assert people(database) == ALL
    with database.read() as session:
        before = demand_log(session)
    with database.write() as session:
        demand.mark(session, said[0], module(session, "eins"), DemandInput(people=8))
    assert people(database) == [("Anna GmbH", "Eins", 8), *ALL[1:]]
    with database.read() as session:
        after = demand_log(session)
        assert (len(before), len(after)) == (4, 5)
        assert after.demands is before.demands
        assert demand_log(session) is after


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # there a reader sees one moment
def test_a_reader_that_began_before_a_write_does_not_read_all_anew(
    database: Database, said: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    original = DemandLog.followed_by
    monkeypatch.setattr(DemandLog, "followed_by", lambda log, rows: (read.append(len(rows)), original(log, rows))[1])
    with database.read() as early:
        assert early.scalar(sa.select(sa.func.count()).select_from(DemandEvent)) == 4
        assert people(database) == ALL
        with database.write() as session:
            demand.mark(session, said[0], module(session, "eins"), DemandInput(people=8))
        assert people(database) == [("Anna GmbH", "Eins", 8), *ALL[1:]]
        assert [one.people for one in report_records.records(early, ReportQuery())] == [3] * 4
    assert people(database) == [("Anna GmbH", "Eins", 8), *ALL[1:]]
    assert [count for count in read if count] == [4, 1, 1]


def test_what_is_rolled_back_was_never_said(database: Database, said: list[Actor]) -> None:
    assert people(database) == ALL
    with database.session(write=True) as session:
        demand.mark(session, said[0], module(session, "eins"), DemandInput(people=8))
        assert sum(one.people or 0 for one in report_records.records(session, ReportQuery())) == 17
        session.rollback()
    assert people(database) == ALL


def test_an_event_that_appears_late_with_a_lower_number_counts(database: Database, said: list[Actor]) -> None:
    with database.write() as session:
        first = session.scalars(sa.select(DemandEvent).order_by(DemandEvent.id)).first()
        assert first is not None
        values = {column.name: getattr(first, column.name) for column in DemandEvent.__table__.columns}
        session.delete(first)
    assert people(database) == ALL[1:]
    with database.write() as session:
        session.execute(sa.insert(DemandEvent), [values])
    assert people(database) == ALL


def test_what_a_deleted_company_said_is_forgotten(database: Database, said: list[Actor]) -> None:
    assert people(database) == ALL
    with database.write() as session:
        session.execute(sa.delete(Company).where(Company.name == "Anna GmbH"))
    assert people(database) == ALL[2:]


def test_another_table_of_the_same_size_is_not_taken_for_the_same(database: Database, said: list[Actor]) -> None:
    """As after a restore: as many events, the same numbers, other words."""
    assert people(database) == ALL
    with database.write() as session:
        last = session.scalars(sa.select(DemandEvent).order_by(DemandEvent.id.desc()).limit(1)).one()
        last.snapshot, last.at = {**last.snapshot, "people": 9}, last.at + timedelta(seconds=1)
    assert people(database) == [*ALL[:3], ("Berg AG", "Zwei", 9)]


def test_new_names_are_seen_at_once(database: Database, said: list[Actor]) -> None:
    assert people(database) == ALL
    with database.write() as session:
        found = module(session, "eins")
        found.title = "Anders"
        session.scalars(sa.select(Company).where(Company.name == "Berg AG")).one().name = "Tal AG"
    assert people(database) == [("Anna GmbH", "Anders", 3), ("Anna GmbH", "Zwei", 3), ("Tal AG", "Anders", 3), ("Tal AG", "Zwei", 3)]  # fmt: skip


def test_a_filter_knows_a_topic_that_was_just_given(database: Database, said: list[Actor]) -> None:
    query = ReportQuery(filters={"topic": ("recht",)})
    with database.read() as session:
        assert len(report_records.records(session, query)) == 0
    with database.write() as session:
        term: Term = factories.make_term(session, Vocabulary.TOPIC, "recht", "Recht")
        found = session.scalars(
            sa.select(Module).where(Module.slug == "eins").options(sa.orm.selectinload(Module.terms))
        ).one()
        found.terms.append(term)
        found.summary = "Mit Recht"
    with database.read() as session:
        assert {one.module.slug for one in report_records.records(session, query)} == {"eins"}
