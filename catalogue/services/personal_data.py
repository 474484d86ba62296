"""What the catalogue holds about people: for each table what it is, whether a person gets a copy, what their deletion does, how long it stays.

Export (``person_copies``), deletion (``erasure``), the privacy page and docs/privacy.md are made from the table in
``personal_tables.py``; ``tests/services/test_personal_data.py`` walks all tables and fails for a column that nobody declared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Column, Table

from catalogue.texts import N_, Labelled

__all__ = ["Fate", "Holding", "Kept", "Scope", "is_suspicious"]


class Fate(StrEnum):
    """What the deletion of an account does to a column that refers to the person or holds their address."""

    DELETE = "the row is deleted"
    EMPTY = "the row stays, the column is emptied"
    PSEUDONYM = "the row stays with a number that leads to nobody any more"


class Scope(StrEnum):
    """In which rows of a free text the name is replaced. The e-mail address is replaced in every text of every table.

    A name is what somebody typed about themselves: replacing it everywhere would let anybody who calls themselves "Sehr geehrte"
    and deletes the account rewrite the catalogue. So texts of others are changed only if a network admin deletes the account.
    """

    OWN = "rows of the person or their company"
    STAFF = "other rows, too, but only if a network admin deletes the account"


class Kept(Labelled):
    """How long a row stays, where no period of ``services/retention.py`` ends it."""

    ACCOUNT = "account", N_("solange das Konto besteht")
    COMPANY = "company", N_("solange das Unternehmen im Katalog steht; ohne Konto ohne Namen")
    WORK = "work", N_("solange der Vorgang gebraucht wird; ohne Konto ohne Namen")
    PERIOD = "period", N_("bis zum Ende der Frist")


@dataclass(frozen=True)
class Holding:
    """What one table says about people.

    *persons*: columns with the id of a person. *names*: columns with a name as it was then, each with the column of *persons* that says
    whose (empty: only the name itself says so). *addresses*: columns with an e-mail address. *texts*: free text in which people may be
    named. *echoes*: JSON in which the catalogue itself noted a name or an address as one value.

    *key* names the list in the copy (empty: not in it, because of *withheld*), *fields* its columns; *shared* those that say what a
    company said, left out for people who do not belong to it (any more).
    """

    about: str
    kept: Kept
    period: str = ""  # of services/retention.py, if one ends it
    persons: Mapping[str, Fate] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, Fate] = field(default_factory=dict)
    texts: Mapping[str, Scope] = field(default_factory=dict)
    echoes: tuple[str, ...] = ()
    key: str = ""
    fields: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    withheld: str = ""
    others: tuple[
        str, ...
    ] = ()  # columns that look personal and are not about people with an account: secrets, hashes, outsiders

    @property
    def columns(self) -> set[str]:
        """All columns that this declaration speaks of."""
        return {
            *self.persons, *self.names, *self.addresses, *self.texts, *self.echoes, *self.fields, *self.shared, *self.others
        }  # fmt: skip


SUSPICIOUS = re.compile(
    r"(^|_)(user|person|people_id|email|mail|address|browser|label|by|name|contact|phone|responsible|reviewer|author|to|token|hash|note"
    r"|text|reason|answer|details|asked|subject|secret|issuer|ip)(_|$)"
)


def is_suspicious(table: Table, column: Column[object]) -> bool:
    """Whether a column may hold something about a person: it refers to one, sounds like it, or takes any text."""
    if column.foreign_keys:
        return any(key.column.table.name == "user" for key in column.foreign_keys)
    free = type(column.type).__name__ in ("Text", "JSON", "JSONB", "LargeBinary")
    return free or SUSPICIOUS.search(column.name) is not None or (table.name, column.name) == ("user", "id")
