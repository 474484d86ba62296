"""Which rows belong to one company, words planted in all of them, and whether they changed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from catalogue.db import Base, Session, utcnow
from catalogue.models import (
    ApiToken,
    CooperationDirection,
    CooperationEntry,
    CooperationKind,
    Demand,
    Feedback,
    FeedbackKind,
    FeedbackVisibility,
    Membership,
    Module,
    Relevance,
    RunCommitment,
    SavedSearch,
    UserSession,
    Wish,
)
from catalogue.services.secrets import hash_token
from tests.web.world import World

Rows = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]
OWNERS = {
    "company",
    "user",
    "demand",
    "wish",
    "feedback",
    "cooperation_entry",
}  # what refers to one of theirs is theirs
KEPT = {
    "slug", "email", "password_hash", "token_hash", "network", "period", "language", "dedupe_key", "unsubscribe_url", "website",
    "format_code", "question", "action", "key",
}  # fmt: skip
APPENDED = {"audit_event"}  # the database refuses changes
SEEN = {"seen_at", "last_used_at"}  # when a sign-in or a token was used last


def rows_of(session: Session, company_id: UUID) -> Rows:
    """Return by table and key all rows that belong to the company: itself, its people, and whatever refers to them."""
    found: Rows = {}
    keys: dict[str, set[Any]] = {"company": {company_id}, "user": set()}
    members = Base.metadata.tables["membership"]
    keys["user"] = set(session.scalars(sa.select(members.c.user_id).where(members.c.company_id == company_id)))
    for table in Base.metadata.sorted_tables:
        conditions = [
            column.in_(keys.get(target, ()))
            for column in table.columns
            if (target := _owner(column)) in OWNERS and keys.get(target)
        ]
        if table.name in ("company", "user"):
            conditions = [table.c.id.in_(keys[table.name])]
        if not conditions:
            continue
        rows = session.execute(sa.select(table).where(sa.or_(*conditions))).all()
        primary = list(table.primary_key.columns.keys())
        shown = [column.name for column in table.columns if column.name not in SEEN]
        found[table.name] = {
            tuple(getattr(row, name) for name in primary): tuple(_plain(getattr(row, name)) for name in shown)
            for row in rows
        }
        if table.name in OWNERS:
            keys.setdefault(table.name, set()).update(key[0] for key in found[table.name])
    return {name: rows for name, rows in found.items() if rows}


def furnish(session: Session, world: World) -> None:
    """Give the rival's company what the other one has, too: demand, a wish, a remark, an entry, a search, a token, a sign-in."""
    rival, company_id = world.people["rival"], rivals_company(session, world)
    module = session.query(Module).filter_by(slug=world.samples["slug"]).one()
    mine: dict[str, Any] = {"company_id": company_id, "user_id": rival.id}
    demand = Demand(
        company_id=company_id, module_id=module.id, relevance=Relevance.SHOULD, people=2, purposes=["training"]
    )
    later = utcnow() + timedelta(days=3)
    session.add_all(
        [
            demand,
            Wish(title="Eigener Wunsch", text="Wir selbst", **mine),
            Feedback(
                module_id=module.id,
                kind=FeedbackKind.STRENGTH,
                visibility=FeedbackVisibility.NETWORK,
                text="Gut",
                **mine,
            ),
            CooperationEntry(
                direction=CooperationDirection.OFFERS, kind=CooperationKind.ROOM, text="Saal", contact="Ich", **mine
            ),
            SavedSearch(user_id=rival.id, name="Eigene Suche", question="q=akku"),
            ApiToken(user_id=rival.id, name="Eigenes", token_hash=hash_token("rival")),
            UserSession(user_id=rival.id, token_hash=hash_token("elsewhere"), expires_at=later),
            RunCommitment(run_id=world.samples["run_id"], company_id=company_id, asked_at=utcnow()),
        ]
    )


def rivals_company(session: Session, world: World) -> UUID:
    """Return the id of the other company."""
    return session.query(Membership.company_id).filter_by(user_id=world.people["rival"].id).one()[0]


def _owner(column: sa.Column[Any]) -> str:
    return next((key.column.table.name for key in column.foreign_keys), column.name.removesuffix("_id"))


def _plain(value: Any) -> Any:
    return repr(value) if isinstance(value, (dict, list)) else value


def plant(session: Session, rows: Rows, word: str) -> set[str]:
    """Write *word* and the column's name into every free text of the rows; return the columns."""
    planted = set()
    for name, keys in rows.items():
        table = Base.metadata.tables[name]
        values = {column.name: _text(word, column) for column in table.columns if _is_free(column)}
        if values and name not in APPENDED:
            for key in keys:
                session.execute(
                    table.update().where(*(c == k for c, k in zip(table.primary_key, key, strict=True))).values(values)
                )
            planted |= {f"{name}.{column}" for column in values}
    return planted


def _text(word: str, column: sa.Column[Any]) -> str:
    return f"{word} {column.table.name}.{column.name}"[: getattr(column.type, "length", None) or 1_000]


def _is_free(column: sa.Column[Any]) -> bool:
    text = isinstance(column.type, (sa.String, sa.Text)) and not isinstance(column.type, (sa.Enum, sa.Uuid))
    return text and not column.foreign_keys and not column.primary_key and column.name not in KEPT
