"""Termine: dated offerings of a module."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.module import Module
from catalogue.models.vocabulary import Term
from catalogue.texts import N_, Labelled

__all__ = ["Run", "RunState"]


class RunState(Labelled):
    """Where a run stands."""

    PLANNED = "planned", N_("geplant")
    CONFIRMED = "confirmed", N_("kommt zustande")
    FULL = "full", N_("ausgebucht")
    HELD = "held", N_("durchgeführt")
    CANCELLED = "cancelled", N_("abgesagt")


class Run(Identified, Stamped, Versioned, Base):
    """One dated offering, at a place or online."""

    __tablename__ = "run"
    __table_args__ = (
        sa.CheckConstraint("ends_on IS NULL OR starts_on <= ends_on", name="dates_order"),
        sa.CheckConstraint(
            "min_participants IS NULL OR max_participants IS NULL OR min_participants <= max_participants",
            name="participants_order",
        ),
        sa.CheckConstraint("booked IS NULL OR booked >= 0", name="booked_not_negative"),
    )

    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    starts_on: Mapped[date] = mapped_column(index=True)
    ends_on: Mapped[date | None]
    times_text: Mapped[str] = mapped_column(sa.String(120), default="")
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    online: Mapped[bool] = mapped_column(default=False)
    region_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    min_participants: Mapped[int | None]
    max_participants: Mapped[int | None]
    booked: Mapped[int | None]  # seats that are taken, as the provider says
    decide_by: Mapped[date | None]
    price_text: Mapped[str] = mapped_column(sa.String(200), default="")
    booking_url: Mapped[str] = mapped_column(sa.String(1000), default="")
    state: Mapped[RunState] = mapped_column(one_of(RunState), default=RunState.PLANNED)
    cancel_reason: Mapped[str] = mapped_column(sa.String(500), default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    told: Mapped[str] = mapped_column(
        sa.String(32), default="", server_default=""
    )  # state that companies heard of last
    enough_at: Mapped[datetime | None]  # when the commitments reached the minimum

    module: Mapped[Module] = relationship(back_populates="runs", lazy="raise")
    region: Mapped[Term | None] = relationship(lazy="raise")

    @property
    def last_day(self) -> date:
        """The day on which it ends."""
        return self.ends_on or self.starts_on

    @property
    def free_seats(self) -> int | None:
        """Seats that are left; None if capacity or bookings are not stated."""
        if self.state == RunState.FULL:
            return 0
        if self.max_participants is None or self.booked is None:
            return None
        return max(0, self.max_participants - self.booked)
