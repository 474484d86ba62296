"""The synonyms that staff added: read from the database and kept until they change, so that they count for the next search."""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select

from catalogue.db import Database, Session
from catalogue.models import SynonymRule
from catalogue.search.thesaurus import Rule

__all__ = ["current", "rule_of_row"]

_Mark = tuple[Any, ...]  # compared, never read: its values differ between databases
_known: WeakKeyDictionary[Database, tuple[_Mark, tuple[Rule, ...]]] = WeakKeyDictionary()
# every change counts up a version, so whatever another process did shows in these three; the table is small
_MARK = "SELECT count(*), sum(version), max(updated_at) FROM synonym_rule"  # plain: asked with every search


def current(session: Session) -> tuple[Rule, ...]:
    """Return the active rules, oldest first. Asks the database for one row unless something changed."""
    database: Database = session.info["database"]
    mark = tuple(session.connection().exec_driver_sql(_MARK).one())
    known = _known.get(database)
    if known is None or known[0] != mark:
        known = _known[database] = (mark, _read(session))
    return known[1]


def rule_of_row(row: SynonymRule) -> Rule:
    """Return what *row* says to the search."""
    return Rule(tuple(row.terms), tuple(row.targets))


def _read(session: Session) -> tuple[Rule, ...]:
    active = select(SynonymRule).where(SynonymRule.active).order_by(SynonymRule.created_at, SynonymRule.id)
    return tuple(rule_of_row(row) for row in session.scalars(active))
