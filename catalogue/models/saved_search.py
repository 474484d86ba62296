"""Searches that a person keeps and may be told about."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["Frequency", "SavedSearch"]


class Frequency(Labelled):
    """How often a mail may tell what is new; it is sent only if something is."""

    OFF = "off", N_("keine Mails")
    DAILY = "daily", N_("täglich")
    WEEKLY = "weekly", N_("wöchentlich, am Montag")
    MONTHLY = "monthly", N_("monatlich, am Ersten")


class SavedSearch(Identified, Stamped, Versioned, Base):
    """One search of one person; nobody else sees it."""

    __tablename__ = "saved_search"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "name"),
        sa.CheckConstraint("length(name) > 0", name="named"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    question: Mapped[str] = mapped_column(sa.Text)  # parameters of the search page in one normal form
    frequency: Mapped[Frequency] = mapped_column(one_of(Frequency), default=Frequency.OFF, index=True)
    checked_at: Mapped[datetime] = mapped_column(default=utcnow)  # what changed before is not news any more
    last_sent_at: Mapped[datetime | None]
    # what was looked at shortly before checked_at: id of the module → its newest version, so that looking back a little
    # further the next time (for the index and for transactions that ended late) tells nothing twice
    seen: Mapped[dict[str, Any]] = mapped_column(default=dict)

    user: Mapped[User] = relationship(lazy="raise")
