"""What waits beside a published module until somebody takes it over, and what providers are asked about it."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.module import Module
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["Confirmation", "ConfirmationAnswer", "PendingVersion"]


class PendingVersion(Identified, Stamped, Versioned, Base):
    """What a module shall say once somebody takes it over; at most one per module.

    ``base`` is what the module said when this was written, so that later live changes can be told from those proposed here.
    """

    __tablename__ = "pending_version"

    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), unique=True)
    base_number: Mapped[int] = mapped_column(default=0)  # the module's newest version then; 0: it had none
    base: Mapped[dict[str, Any]]
    snapshot: Mapped[dict[str, Any]]
    archive_wanted: Mapped[bool] = mapped_column(default=False)  # the provider says that the offer is gone
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(300), default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    module: Mapped[Module] = relationship(lazy="raise")
    reviewer: Mapped[User | None] = relationship(foreign_keys=[reviewer_id], lazy="raise")


class ConfirmationAnswer(Labelled):
    """What a provider said about a module."""

    CONFIRMED = "confirmed", N_("stimmt noch")
    CHANGED = "changed", N_("Änderungen geschickt")
    GONE = "gone", N_("gibt es nicht mehr")


class Confirmation(Identified, Base):
    """A link that asks a provider about one module: one answer, then it is used up."""

    __tablename__ = "confirmation"

    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    asked_by: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    answer: Mapped[ConfirmationAnswer | None] = mapped_column(one_of(ConfirmationAnswer))

    module: Mapped[Module] = relationship(lazy="raise")

    @property
    def expired(self) -> bool:
        """Whether it was not answered in time."""
        return self.used_at is None and self.expires_at <= utcnow()
