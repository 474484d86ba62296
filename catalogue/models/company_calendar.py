"""Addresses under which programs read the planned runs of one company without signing in."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified
from catalogue.models.company import Company

__all__ = ["CompanyCalendar"]


class CompanyCalendar(Identified, Base):
    """One address, until it is revoked; only a hash of its secret part is kept."""

    __tablename__ = "company_calendar"

    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))  # what it was made for
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    created_by_label: Mapped[str] = mapped_column(sa.String(200), default="")
    revoked_at: Mapped[datetime | None]

    company: Mapped[Company] = relationship(lazy="raise")
