"""Copies of everything about one person (Art. 15 and 20 DSGVO): JSON for programs and a page to read, in one ZIP file."""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from catalogue.db import Base, Database, Session, utcnow
from catalogue.models import AuditEvent, Membership, PersonCopy, User
from catalogue.services import audit, outbox, person_page
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.permissions import Actor, require
from catalogue.services.personal_data import Fate, Holding
from catalogue.services.personal_tables import HOLDINGS
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["AT_ONCE", "FORMAT", "KEEP", "collect", "listed", "make_due", "open_copy", "prune", "request"]

FORMAT = 1
AT_ONCE = 2_000  # rows; more are put together by the worker
KEEP = timedelta(days=7)
LARGEST = 50_000  # rows of one table
# what a column with an id refers to, as somebody would say it
NAMES = {"module": "title", "company": "name", "wish": "title", "run": "starts_on"}
PERSONS = {"user", "membership", "invitation", "one_time_link", "user_session"}


def request(session: Session, actor: Actor) -> PersonCopy:
    """Make a copy for the actor at once if it is small, else let the worker make it; an older one is replaced.

    Raises Conflict while one is being made.
    """
    require(actor, "account.own")
    user = _user(session, actor.user_id)
    waiting = (PersonCopy.user_id == user.id) & PersonCopy.made_at.is_(None)
    if session.scalar(sa.select(PersonCopy.id).where(waiting)):
        raise Conflict(N_("Ihre Kopie wird gerade erstellt. Sie bekommen eine Mail, wenn sie fertig ist."))
    session.execute(sa.delete(PersonCopy).where(PersonCopy.user_id == user.id))
    made = PersonCopy(user_id=user.id, content=b"")
    session.add(made)
    if _size(session, user) <= AT_ONCE:
        _fill(session, made, user)
    session.flush()
    audit.record(session, actor, "data.exported", user, label=actor.label)
    return made


def _user(session: Session, user_id: uuid.UUID | None) -> User:
    user = session.scalar(
        sa.select(User)
        .where(User.id == user_id)
        .options(sa.orm.joinedload(User.membership).joinedload(Membership.company))
    )
    if user is None:
        raise NotFound()
    return user


def _fill(session: Session, copy: PersonCopy, user: User) -> None:
    copy.content, copy.made_at = _archive(collect(session, user)), utcnow()


def listed(session: Session, actor: Actor) -> list[PersonCopy]:
    """Return the actor's copies that can still be fetched or are being made, the newest first."""
    require(actor, "account.own")
    mine = (PersonCopy.user_id == actor.user_id) & (PersonCopy.asked_at > utcnow() - KEEP)
    return list(session.scalars(sa.select(PersonCopy).where(mine).order_by(PersonCopy.asked_at.desc())))


def open_copy(session: Session, actor: Actor, copy_id: uuid.UUID) -> bytes:
    """Return the ZIP file of the actor's own copy; NotFound for others, for those that are not made, and after a week."""
    found = next((one for one in listed(session, actor) if one.id == copy_id and one.made_at), None)
    if found is None:
        raise NotFound(N_("Diese Kopie gibt es nicht mehr. Fordern Sie eine neue an."))
    content: bytes = (
        session.scalars(sa.select(PersonCopy).where(PersonCopy.id == found.id).options(undefer(PersonCopy.content)))
        .one()
        .content
    )
    return content


def make_due(database: Database, settings: Settings) -> int:
    """Make the copies that wait, each in a transaction of its own, and tell the persons; return how many."""
    with database.read() as session:
        waiting = session.scalars(sa.select(PersonCopy.id).where(PersonCopy.made_at.is_(None))).all()
    for copy_id in waiting:
        with database.write() as session:
            copy = session.get(PersonCopy, copy_id, with_for_update=True)
            if copy is not None and copy.made_at is None:
                user = _user(session, copy.user_id)
                _fill(session, copy, user)
                _tell(session, settings, user, copy)
    return len(waiting)


def _tell(session: Session, settings: Settings, user: User, copy: PersonCopy) -> None:
    values = {"name": user.name, "url": f"{settings.base_url.rstrip('/')}/account/data", "days": KEEP.days}
    outbox.send(session, user.email, N_("Die Kopie Ihrer Daten ist fertig"), MAIL % values, f"copy:{copy.id}")


def prune(session: Session) -> int:
    """Delete copies that are older than a week; return how many."""
    old = PersonCopy.asked_at < utcnow() - KEEP
    return session.execute(sa.delete(PersonCopy).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]


# what is in it


def collect(session: Session, user: User) -> dict[str, Any]:
    """Return everything about *user*, by the keys of docs/privacy.md; nothing about anybody else. *user* has the membership loaded."""
    lists = {
        holding.key: list(_rows(session, table, holding, user)) for table, holding in HOLDINGS.items() if holding.key
    }
    lists["record_about_you"] = list(_about(session, user))
    return {"format": FORMAT, "made_at": utcnow().isoformat(timespec="seconds"), "data": lists}


def _condition(table: sa.Table, holding: Holding, user: User) -> sa.ColumnElement[bool]:
    mine = [table.c[name] == user.id for name in holding.persons]
    theirs = [sa.func.lower(table.c[name]) == user.email.lower() for name in holding.addresses if table.name != "user"]
    # who invited or asked is not whose data it is
    return sa.or_(
        *(
            theirs
            if theirs and Fate.DELETE in holding.addresses.values() and table.name == "invitation"
            else [*mine, *theirs]
        )
    )


def _size(session: Session, user: User) -> int:
    tables = ((Base.metadata.tables[name], holding) for name, holding in HOLDINGS.items() if holding.key)
    counts = (
        sa.select(sa.func.count()).select_from(table).where(_condition(table, one, user)) for table, one in tables
    )
    return sum(session.scalar(count) or 0 for count in counts)


def _rows(session: Session, name: str, holding: Holding, user: User) -> Iterator[dict[str, Any]]:
    table = Base.metadata.tables[name]
    own = user.membership.company_id if user.membership else None
    order = list(table.primary_key)
    rows = session.execute(sa.select(table).where(_condition(table, holding, user)).order_by(*order).limit(LARGEST))
    for row in rows.mappings().all():
        belongs = "company_id" not in row or row["company_id"] is None or row["company_id"] == own
        fields = [*holding.fields, *(holding.shared if belongs else ())]
        yield {field.removesuffix("_id"): _plain(session, field, row[field]) for field in fields}


def _plain(session: Session, field: str, value: Any) -> Any:
    """Return the value as JSON knows it; ids of things with a name as that name."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        table = Base.metadata.tables.get(field.removesuffix("_id"))
        label = NAMES.get(field.removesuffix("_id"))
        if table is None or label is None:
            return str(value)
        named = session.execute(sa.select(table.c[label]).where(table.c.id == value)).scalar()
        return {"id": str(value), "name": named.isoformat() if isinstance(named, date) else named or ""}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _about(session: Session, user: User) -> Iterator[dict[str, Any]]:
    """What others did with the account: when and what, not who; values only where they are about this person alone."""
    ids = [str(user.id), *([str(user.membership.id)] if user.membership else [])]
    about = (AuditEvent.thing.in_(PERSONS)) & AuditEvent.thing_id.in_(ids)
    for event in session.scalars(sa.select(AuditEvent).where(about).order_by(AuditEvent.id).limit(LARGEST)):
        roles = {name: value for name, value in event.details.items() if name in ("role", "network_role", "known")}
        yield {"at": event.at.isoformat(), "action": event.action, "by_yourself": event.user_id == user.id, **roles}


def _archive(collected: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("daten.json", json.dumps(collected, ensure_ascii=False, indent=1, sort_keys=False))
        archive.writestr("auskunft.html", person_page.render(collected))
    return buffer.getvalue()


MAIL = N_("""Guten Tag %(name)s,

die Kopie aller Daten, die der Modulkatalog BatterieMD über Sie hat, ist fertig. Sie holen sie auf dieser Seite ab, nachdem Sie sich angemeldet haben:

%(url)s

Nach %(days)s Tagen wird sie gelöscht.
""")
