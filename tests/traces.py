"""Leaves one row about a person in every table that may hold one, filled from the declaration: what it names is there to be found."""

import itertools
import uuid
from datetime import date
from typing import Any

import sqlalchemy as sa

from catalogue.db import Base, Session, UTCDateTime, utcnow
from catalogue.models import User
from catalogue.services.personal_tables import HOLDINGS

TABLES = Base.metadata.tables
MADE_BEFORE = {"user", "membership", "company"}
_count = itertools.count(1)


def leave(session: Session, user: User) -> None:
    """Add one row to each declared table about *user*, who has a company; parents are made where one is needed."""
    made: dict[str, dict[str, Any]] = {"company": {"id": user.membership.company_id}} if user.membership else {}
    for table in Base.metadata.sorted_tables:
        if table.name in HOLDINGS and table.name not in MADE_BEFORE:
            _make(session, table, user, made)
    session.flush()


def _make(session: Session, table: sa.Table, user: User, made: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if table.name not in made:
        values = {
            column.name: _value(session, table, column, user, made) for column in table.c if not _is_counter(column)
        }
        session.execute(sa.insert(table).values(values))
        made[table.name] = values
    return made[table.name]


def _is_counter(column: sa.Column[Any]) -> bool:
    return column.primary_key and isinstance(column.type, sa.Integer) and len(column.table.primary_key) == 1


def _value(
    session: Session, table: sa.Table, column: sa.Column[Any], user: User, made: dict[str, dict[str, Any]]
) -> Any:
    holding = HOLDINGS.get(table.name)
    if holding is not None:
        if column.name in holding.persons:
            return user.id
        if column.name in holding.names:
            return user.name
        if column.name in holding.addresses:
            return user.email
        if column.name in holding.texts or column.name in holding.echoes:
            return _words(column, user, whole=column.name in holding.echoes)
    for key in column.foreign_keys:
        if column.name == "company_id" or not column.nullable:
            return _make(session, key.column.table, user, made)[key.column.name]
        return None
    if column.name == "company_id":
        return made["company"]["id"]
    if column.name == "module_id":
        return _make(session, TABLES["module"], user, made)["id"]
    return None if column.nullable else _filler(column)


def _words(column: sa.Column[Any], user: User, *, whole: bool) -> Any:
    sentence = f"Fragen an {user.name}, {user.email}!"
    if isinstance(column.type, sa.JSON):
        return {"to": user.name, "by": user.email} if whole else {"note": sentence, "list": [sentence]}
    return sentence[: getattr(column.type, "length", None) or 999]


def _filler(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.enums[0]
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.Uuid):
        return uuid.uuid4()
    if isinstance(kind, sa.LargeBinary):
        return b"x"
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return 5
    if isinstance(kind, sa.Date):
        return date(2026, 11, 22)
    if isinstance(kind, UTCDateTime):
        return utcnow()
    return f"x{next(_count)}"[: getattr(kind, "length", None) or 99]


def dump(session: Session) -> set[tuple[str, str]]:
    """All rows of all tables as texts."""
    return {
        (table.name, repr(tuple(row)))
        for table in Base.metadata.sorted_tables
        for row in session.execute(sa.select(table))
    }
