"""Switches that all nodes follow within a second: maintenance, read-only, no new requests for access. They live in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from catalogue.db import Database, DBAPIError, Session, utcnow
from catalogue.models import Switch
from catalogue.services import audit
from catalogue.services.errors import Invalid
from catalogue.services.kept import drop, for_seconds
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_, Labelled

__all__ = ["Mode", "Plan", "Switches", "close_requests", "current", "open_requests", "read", "set_mode"]

MODE, PLAN, REQUESTS = "mode", "plan", "requests"
FOLLOW_SECONDS = 1.0
LONGEST_REASON = 300
AHEAD = timedelta(days=90)
log = structlog.get_logger(__name__)


class Mode(Labelled):
    """What the catalogue lets people do."""

    NORMAL = "normal", N_("Normalbetrieb")
    READ_ONLY = "read-only", N_("Nur Lesen")
    MAINTENANCE = "maintenance", N_("Wartung")


@dataclass(frozen=True)
class Plan:
    """A mode with the words for people: why, from when, and until when (a promise; nothing ends by itself)."""

    mode: Mode
    reason: str = ""
    starts_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Switches:
    """How the switches stand at one moment."""

    now: Plan = Plan(Mode.NORMAL)
    next: Plan | None = None
    requests_open: bool = True
    requests_reason: str = ""

    @property
    def mode(self) -> Mode:
        """The mode of this moment."""
        return self.now.mode


def read(session: Session, now: datetime | None = None) -> Switches:
    """Return how the switches stand."""
    return _standing({row.name: row for row in session.scalars(select(Switch))}, now or utcnow())


def current(database: Database) -> Switches:
    """Return how the switches stood at most a second ago. Where they cannot be read, they are as if nobody ever moved one."""
    return _standing(for_seconds(database, "switches", FOLLOW_SECONDS, lambda: _rows(database)), utcnow())


def _rows(database: Database) -> dict[str, Switch]:
    try:
        with database.read() as session:
            return {row.name: row for row in session.scalars(select(Switch))}
    except DBAPIError as error:  # what was asked for will say itself that the database is gone
        log.warning("switches not read", error=type(error).__name__)
        return {}


def _standing(rows: Mapping[str, Switch], now: datetime) -> Switches:
    mode, coming = _plan(rows.get(MODE)), _plan(rows.get(PLAN))
    if coming and coming.starts_at and coming.starts_at <= now:
        mode, coming = coming, None
    requests = rows.get(REQUESTS)
    is_closed = requests is not None and requests.value == "closed"
    return Switches(mode or Plan(Mode.NORMAL), coming, not is_closed, requests.reason if requests and is_closed else "")


def _plan(row: Switch | None) -> Plan | None:
    return Plan(Mode(row.value), row.reason, row.starts_at, row.until) if row else None


def set_mode(session: Session, actor: Actor, wanted: Plan) -> None:
    """Change the mode now, or at ``starts_at``. Back to normal also cancels what was planned."""
    require(actor, "operation.maintain" if _is_maintenance(session, wanted) else "operation.switch")
    _check(wanted)
    if wanted.starts_at is None or wanted.mode == Mode.NORMAL:
        standing = read(session)
        if wanted.mode == Mode.NORMAL or standing.next is None:
            _remove(session, PLAN)
        _write(session, MODE, wanted)
    else:
        _write(session, PLAN, wanted)
    _done(session, actor, wanted.mode.value.replace("-", "_"), wanted)


def _is_maintenance(session: Session, wanted: Plan) -> bool:
    """Maintenance belongs to whoever runs the machine: staff neither begin it nor end it under their hands."""
    standing = read(session)
    planned = standing.next.mode if standing.next else Mode.NORMAL
    return Mode.MAINTENANCE in (wanted.mode, standing.mode, planned)


def _check(wanted: Plan) -> None:
    now = utcnow()
    if len(wanted.reason) > LONGEST_REASON:
        raise Invalid("reason", N_("Höchstens %(most)s Zeichen."), most=LONGEST_REASON)
    if wanted.starts_at and not now - timedelta(minutes=5) <= wanted.starts_at <= now + AHEAD:
        raise Invalid("starts_at", N_("Nennen Sie eine Zeit in den nächsten drei Monaten."))
    if wanted.until and wanted.until <= (wanted.starts_at or now):
        raise Invalid("until", N_("Das Ende muss nach dem Beginn liegen."))


def close_requests(session: Session, actor: Actor, reason: str = "") -> None:
    """Take no new requests for access; those that wait can still be decided, invitations still work."""
    require(actor, "operation.switch")
    _check(wanted := Plan(Mode.NORMAL, reason))
    _write(session, REQUESTS, wanted, "closed")
    _done(session, actor, "requests_closed", wanted)


def open_requests(session: Session, actor: Actor) -> None:
    """Take requests for access again."""
    require(actor, "operation.switch")
    _remove(session, REQUESTS)
    _done(session, actor, "requests_opened", Plan(Mode.NORMAL))


def _write(session: Session, name: str, wanted: Plan, value: str = "") -> None:
    row = session.get(Switch, name)
    if row is None:
        session.add(row := Switch(name=name))
    row.value, row.reason = value or wanted.mode.value, wanted.reason.strip()
    row.starts_at, row.until = wanted.starts_at, wanted.until


def _remove(session: Session, name: str) -> None:
    if row := session.get(Switch, name):
        session.delete(row)


def _done(session: Session, actor: Actor, what: str, wanted: Plan) -> None:
    moments = {"from": wanted.starts_at, "until": wanted.until}
    details = {name: moment.isoformat(timespec="minutes") for name, moment in moments.items() if moment}
    audit.record(session, actor, f"operation.{what}", label=wanted.reason, **details)
    session.flush()
    if database := session.info.get("database"):
        drop(database, "switches")
