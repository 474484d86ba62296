"""Takes one person out of everything that was written: their address everywhere, their name where it can only mean them."""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catalogue.db import Base, Session, UTCDateTime, utcnow
from catalogue.search import feed
from catalogue.services.personal_data import Fate, Holding, Scope
from catalogue.services.personal_tables import HOLDINGS

__all__ = ["FORMER", "Person", "mentions", "names_of", "scrub"]

FORMER = "ehemalige Person"
RESERVED = {"", "System", FORMER}
# figures of the past with a checksum: they hold no persons. Accounts: the row goes as a whole
UNTOUCHED = {"frozen_report", "user"}
TEXTUAL = (sa.String, sa.Text, sa.JSON)


@dataclass(frozen=True)
class Person:
    """Whom to take out: names they had, those of them that nobody else bears, and what stands for them afterwards in the record."""

    id: uuid.UUID
    email: str
    company_id: uuid.UUID | None
    names: frozenset[str]
    unique: frozenset[str]
    pseudonym: str


def names_of(session: Session, user_id: uuid.UUID, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return all names under which *user_id* left traces, and those of them that no other account has."""
    found = {name}
    for table, holding in HOLDINGS.items():
        columns = Base.metadata.tables[table].c
        for label, beside in holding.names.items():
            if beside:
                found |= set(session.scalars(sa.select(columns[label]).where(columns[beside] == user_id).distinct()))
    names = {one for one in found if one not in RESERVED and not one.startswith(FORMER)}
    users = Base.metadata.tables["user"].c
    others = set(session.scalars(sa.select(users.name).where(users.name.in_(names), users.id != user_id)))
    return frozenset(names), frozenset(names - others)


def scrub(session: Session, person: Person, *, everywhere: bool) -> None:
    """Replace *person* in all tables. *everywhere*: also their name in texts that others wrote."""
    for name, holding in HOLDINGS.items():
        _labels(session, Base.metadata.tables[name], holding, person)
    for name, holding in HOLDINGS.items():
        _addresses(session, Base.metadata.tables[name], holding, person)
    for table in Base.metadata.sorted_tables:
        if table.name not in UNTOUCHED:
            _texts(session, table, person, everywhere=everywhere)
    session.expire_all()


def _labels(session: Session, table: sa.Table, holding: Holding, person: Person) -> None:
    """Names that stand beside an id change with it; names alone only if nobody else has them."""
    former = person.pseudonym if Fate.PSEUDONYM in holding.persons.values() else FORMER
    for name, beside in holding.names.items():
        column = table.c[name]
        of_person = table.c[beside] == person.id if beside else column.in_({*person.unique, person.email})
        session.execute(sa.update(table).where(of_person, column != "").values({name: former}))


def _addresses(session: Session, table: sa.Table, holding: Holding, person: Person) -> None:
    for name, fate in holding.addresses.items():
        rows = sa.func.lower(table.c[name]) == person.email
        if fate == Fate.DELETE and table.name not in UNTOUCHED:
            session.execute(sa.delete(table).where(rows))
        elif fate == Fate.EMPTY:
            session.execute(sa.update(table).where(rows).values(_emptied(table, name)))


def _emptied(table: sa.Table, name: str) -> dict[str, Any]:
    """The address and what stands beside it; links that were mailed to it end."""
    values: dict[str, Any] = {one: "" for one in (name, "contact_name", "contact_phone") if one in table.c}
    if "revoked_at" in table.c:
        values["revoked_at"] = sa.func.coalesce(table.c.revoked_at, sa.literal(utcnow(), UTCDateTime()))
    return values


def _texts(session: Session, table: sa.Table, person: Person, *, everywhere: bool) -> None:
    """Replace address and name inside of texts and JSON; what the catalogue noted as one value (echoes) as a whole."""
    columns = _textual(table)
    holding = HOLDINGS.get(table.name, Holding("", None))  # type: ignore[arg-type]
    words = (person.email, *person.unique)
    found = sa.or_(*(_contains(column, word) for column in columns for word in words)) if columns else sa.false()
    keys = list(table.primary_key)
    changed = []
    for row in session.execute(sa.select(table).where(found)).mappings().all():
        own = _is_own(table, row, holding, person)
        values = {
            column.name: new
            for column in columns
            if (new := _replaced(row[column.name], _rule(holding, column.name, person, own, everywhere)))
            != row[column.name]
        }
        if values:
            session.execute(sa.update(table).where(*(key == row[key.name] for key in keys)).values(values))
            changed.append(row)
    if table.name == "module":
        feed.queue(session, (row["id"] for row in changed))


def _contains(column: sa.Column[Any], word: str) -> sa.ColumnElement[bool]:
    """Whether the stored text holds *word*; SQLite keeps JSON with escapes, PostgreSQL without."""
    text = sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column
    spelled = {word, word.encode("ascii", "backslashreplace").decode()} if isinstance(column.type, sa.JSON) else {word}
    return sa.or_(*(text.icontains(one, autoescape=True) for one in spelled))


def _is_own(table: sa.Table, row: sa.RowMapping, holding: Holding, person: Person) -> bool:
    """Whether the row is the person's or says something for their company."""
    if any(row[name] == person.id for name in holding.persons):
        return True
    company = row.get("id") if table.name == "company" else row.get("company_id")
    return table.name == "outbox_mail" or (company is not None and company == person.company_id)


@dataclass(frozen=True)
class _Rule:
    """What to replace in one column of one row: parts of a text, and values as a whole; and by what."""

    parts: re.Pattern[str]
    whole: frozenset[str]
    former: str

    def __call__(self, text: str) -> str:
        if text in self.whole:
            return self.former
        listed = text.split(", ")
        if self.whole.intersection(listed):
            text = ", ".join(self.former if one in self.whole else one for one in listed)
        return self.parts.sub(self.former, text)


def _rule(holding: Holding, column: str, person: Person, own: bool, everywhere: bool) -> _Rule:
    scope = holding.texts.get(column)
    named = scope is not None and (own or (everywhere and scope in (Scope.STAFF, Scope.OWN)))
    # one word is too little to be replaced within sentences: somebody may be called "Berg"
    names = [re.escape(name) for name in person.unique if " " in name] if named else []
    pattern = "|".join(
        [rf"(?<![\w.+-]){re.escape(person.email)}(?![\w-])", *(rf"(?<!\w){name}(?!\w)" for name in names)]
    )
    whole = person.unique if named or column in holding.echoes or column in holding.names else frozenset()
    former = person.pseudonym if Fate.PSEUDONYM in holding.persons.values() else FORMER
    return _Rule(re.compile(pattern, re.IGNORECASE), frozenset(whole), former)


def _replaced(value: Any, rule: _Rule) -> Any:
    if isinstance(value, str):
        return rule(value)
    if isinstance(value, Mapping):
        return {_replaced(name, rule): _replaced(one, rule) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_replaced(one, rule) for one in value]
    return value


def mentions(session: Session, person: Person) -> list[str]:
    """Return the columns in which one of the person's names (of two words or more) still stands: texts that others wrote."""
    return sorted(set(_mentioned(session, [name for name in person.unique if " " in name])))


def _mentioned(session: Session, names: Sequence[str]) -> Iterator[str]:
    for table in Base.metadata.sorted_tables if names else ():
        columns = _textual(table)
        found = {column.name: sa.or_(*(_contains(column, name) for name in names)) for column in columns}
        # one question for most tables: hardly any holds the name
        if found and session.execute(sa.select(sa.literal(1)).where(sa.or_(*found.values())).limit(1)).first():
            for name, holds in found.items():
                if session.execute(sa.select(sa.literal(1)).where(holds).limit(1)).first():
                    yield f"{table.name}.{name}"


def _textual(table: sa.Table) -> list[sa.Column[Any]]:
    return [one for one in table.c if isinstance(one.type, TEXTUAL) and not isinstance(one.type, sa.Enum)]
