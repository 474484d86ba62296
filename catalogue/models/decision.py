"""Entscheidungen: what the network decided about a module, and what its companies are told."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.module import Module
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["Decision", "DecisionKind", "DecisionState"]


class DecisionKind(Labelled):
    """What shall become of a module."""

    CARRY_OUT = "carry_out", N_("durchführen")
    ADAPT = "adapt", N_("anpassen")
    WATCH = "watch", N_("beobachten")
    DROP = "drop", N_("nicht weiterverfolgen")


class DecisionState(Labelled):
    """Whether a decision holds; at most one decision about a module holds, save right after a merge."""

    OPEN = "open", N_("entschieden")
    DONE = "done", N_("umgesetzt")
    SUPERSEDED = "superseded", N_("abgelöst")
    WITHDRAWN = "withdrawn", N_("zurückgenommen")


class Decision(Identified, Stamped, Versioned, Base):
    """One decision. ``reason`` is read by staff only, ``answer`` by the companies concerned, from ``published_at`` on."""

    __tablename__ = "decision"

    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    kind: Mapped[DecisionKind] = mapped_column(one_of(DecisionKind))
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    responsible_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    responsible: Mapped[str] = mapped_column(sa.String(200), default="")  # stays readable when the account is gone
    due_on: Mapped[date | None] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(sa.String(200), default="")  # "Klausur 2026"
    decided_on: Mapped[date]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    decided_by: Mapped[str] = mapped_column(sa.String(200), default="")
    public: Mapped[bool] = mapped_column(default=False)  # everybody reads it on the page of the module
    published_at: Mapped[datetime | None]  # since when the companies concerned read it
    state: Mapped[DecisionState] = mapped_column(one_of(DecisionState), default=DecisionState.OPEN, index=True)
    done_at: Mapped[datetime | None]
    done_note: Mapped[str] = mapped_column(sa.Text, default="")  # what came of it; the companies concerned read it
    ended_at: Mapped[datetime | None]  # when it was superseded or withdrawn
    end_reason: Mapped[str] = mapped_column(sa.Text, default="")  # why it was withdrawn, for staff
    superseded_by_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("decision.id", ondelete="SET NULL"), index=True
    )

    module: Mapped[Module] = relationship(lazy="raise")
    responsible_user: Mapped[User | None] = relationship(foreign_keys=[responsible_id], lazy="raise")

    @property
    def holds(self) -> bool:
        """Whether it was neither superseded nor withdrawn."""
        return self.ended_at is None
