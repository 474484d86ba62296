"""Aufgaben: who of the network does what until when."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.decision import Decision
from catalogue.models.user import User
from catalogue.models.wish import Wish
from catalogue.texts import N_, Labelled

__all__ = ["Action", "ActionState"]


class ActionState(Labelled):
    """Where an action stands."""

    OPEN = "open", N_("offen")
    STARTED = "started", N_("in Arbeit")
    DONE = "done", N_("erledigt")
    DROPPED = "dropped", N_("verworfen")


class Action(Identified, Stamped, Versioned, Base):
    """One thing to do; it belongs to a decision or a wish, or stands alone. For staff only."""

    __tablename__ = "action"
    __table_args__ = (
        sa.CheckConstraint("length(title) > 0", name="titled"),
        sa.CheckConstraint("decision_id IS NULL OR wish_id IS NULL", name="one_cause"),
    )

    title: Mapped[str] = mapped_column(sa.String(300))
    responsible_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    responsible: Mapped[str] = mapped_column(sa.String(200), default="")
    due_on: Mapped[date | None] = mapped_column(index=True)
    state: Mapped[ActionState] = mapped_column(one_of(ActionState), default=ActionState.OPEN, index=True)
    note: Mapped[str] = mapped_column(sa.Text, default="")  # what came of it, or why it was dropped
    ended_at: Mapped[datetime | None]  # when it was done or dropped
    decision_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("decision.id", ondelete="CASCADE"), index=True)
    wish_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("wish.id", ondelete="CASCADE"), index=True)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    decision: Mapped[Decision | None] = relationship(lazy="raise")
    wish: Mapped[Wish | None] = relationship(lazy="raise")
    responsible_user: Mapped[User | None] = relationship(foreign_keys=[responsible_id], lazy="raise")
