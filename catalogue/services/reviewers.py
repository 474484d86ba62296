"""Whom a module or an edit can be given to for review: everybody who may publish."""

import uuid

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import User
from catalogue.services.errors import Invalid
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["find", "offered"]


def offered(session: Session, actor: Actor) -> list[User]:
    """Return network staff by name."""
    require(actor, "module.edit")
    wanted = select(User).where(User.network_role.is_not(None), User.active.is_(True))
    return list(session.scalars(wanted.order_by(User.name, User.id)))


def find(session: Session, actor: Actor, identity: str) -> User | None:
    """Return the reviewer with this id, None for "" (nobody named); raises Invalid("reviewer") for anybody else."""
    if not identity:
        return None
    try:
        wanted = uuid.UUID(identity)
    except ValueError:
        wanted = None
    for user in offered(session, actor):
        if user.id == wanted:
            return user
    raise Invalid("reviewer", N_("Wählen Sie jemanden aus der Liste."))
