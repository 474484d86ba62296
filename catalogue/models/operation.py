"""How the installation is run: switches that all nodes follow, and when background work last succeeded."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow

__all__ = ["Job", "Switch"]


class Switch(Base):
    """One switch that somebody moved; one that nobody ever moved has no row. Who moved it is in the audit record."""

    __tablename__ = "switch"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(20))
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    starts_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class Job(Base):
    """One kind of work that is done again and again: its last success and its last failure."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(sa.String(100), default="")
