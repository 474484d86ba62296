"""What changes feeds the index, in the same transaction."""

from datetime import date

from sqlalchemy import select

from catalogue.db import Base, Database, Session
from catalogue.models import IndexQueue, Module, Run, Vocabulary
from catalogue.search.feed import FEEDS, SILENT
from tests import factories


def queued(session: Session) -> set[object]:
    return set(session.scalars(select(IndexQueue.module_id)))


def test_every_mapped_class_says_whether_it_feeds_the_index() -> None:
    mapped = {mapper.class_ for mapper in Base.registry.mappers}
    assert mapped == set(FEEDS) | SILENT
    assert not set(FEEDS) & SILENT


def test_a_new_and_a_changed_module_are_queued(session: Session) -> None:
    module = factories.make_module(session)
    assert queued(session) == {module.id}
    session.execute(IndexQueue.__table__.delete())
    module.summary = "neu"
    session.flush()
    assert queued(session) == {module.id}


def test_a_rolled_back_change_leaves_no_row(session: Session) -> None:
    factories.make_module(session)
    session.rollback()
    assert queued(session) == set()


def test_terms_providers_and_runs_queue_their_modules(session: Session) -> None:
    above = factories.make_term(session, Vocabulary.TOPIC, "oben")
    term = factories.make_term(session, Vocabulary.TOPIC, "unten", parent_id=above.id)
    provider = factories.make_provider(session)
    module = factories.make_module(session, terms=[term], provider=provider)
    factories.make_module(session, "Anderes")
    for thing in (term, above, provider):
        session.execute(IndexQueue.__table__.delete())
        setattr(thing, "label_de" if hasattr(thing, "label_de") else "name", "Neuer Name")
        session.flush()
        assert queued(session) == {module.id}
    session.execute(IndexQueue.__table__.delete())
    session.add(Run(module_id=module.id, starts_on=date(2027, 2, 1)))
    session.flush()
    assert queued(session) == {module.id}


def test_assigning_a_term_queues_the_module(session: Session) -> None:
    term = factories.make_term(session, Vocabulary.TOPIC, "zelle")
    module = factories.make_module(session)
    session.execute(IndexQueue.__table__.delete())
    module.terms.append(term)
    session.flush()
    assert queued(session) == {module.id}


def test_a_deleted_module_is_queued(database: Database) -> None:
    with database.write() as session:
        module = factories.make_module(session)
    with database.write() as session:
        session.execute(IndexQueue.__table__.delete())
        session.delete(session.get_one(Module, module.id))
        session.flush()
        assert queued(session) == {module.id}
