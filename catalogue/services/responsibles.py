"""Who answers for a decision or does an action: somebody of the network office, or a name of somebody else."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, select

from catalogue.db import Session
from catalogue.models import User
from catalogue.services.findings import Findings, one_line
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["checked", "is_given_to", "named", "offered"]

LENGTH = 200


def offered(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return id and name of the network staff that something can be given to, by name."""
    require(actor, "action.see")
    staff = select(User.id, User.name).where(User.network_role.is_not(None), User.active.is_(True))
    return [(str(identity), name) for identity, name in session.execute(staff.order_by(User.name, User.id))]


def checked(
    session: Session, findings: Findings, chosen: uuid.UUID | None, typed: str, before: uuid.UUID | None = None
) -> tuple[uuid.UUID | None, str]:
    """Return the person and the name to keep: of the *chosen* member of staff, else what was *typed*.

    Who is not in the network office any more cannot be chosen anew; who was named *before* may stay.
    """
    if chosen is None:
        name = one_line(typed)
        findings.length("responsible", name, LENGTH)
        return None, name
    user = session.get(User, chosen)
    if user is None or (chosen != before and (user.network_role is None or not user.active)):
        findings.add("responsible_id", N_("Wählen Sie jemanden aus der Liste."))
        return None, ""
    return user.id, user.name[:LENGTH]


def named(session: Session, actor: Actor, kind: Any) -> list[tuple[str, str]]:
    """Return who ever got a row of *kind*: what to filter by (an id, or the name of somebody else), and the name."""
    require(actor, "action.see")
    rows = session.execute(select(kind.responsible_id, kind.responsible).where(kind.responsible != "").distinct())
    found = {str(identity or name): name for identity, name in rows}
    return sorted(found.items(), key=lambda pair: sort_key(pair[1]))


def is_given_to(kind: Any, responsible: str) -> ColumnElement[bool]:
    """The condition that a row of *kind* is given to *responsible*: the id of a person, or a name of somebody else."""
    try:
        return kind.responsible_id == uuid.UUID(responsible)  # type: ignore[no-any-return]
    except ValueError:
        return (kind.responsible == responsible) & kind.responsible_id.is_(None)  # type: ignore[no-any-return]
