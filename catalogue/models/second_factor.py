"""The second proof at sign-in: a code that an app makes anew every 30 seconds, and codes on paper for when the phone is lost."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified

__all__ = ["RecoveryCode", "SecondFactor"]


class SecondFactor(Identified, Base):
    """What the codes are made of. It counts from ``user.second_factor_at`` on; before that it waits for the first code."""

    __tablename__ = "second_factor"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    seed: Mapped[str] = mapped_column(sa.String(300))  # sealed, see services/sealing.py
    used_step: Mapped[int] = mapped_column(default=0)  # the last step of 30 seconds whose code was taken
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class RecoveryCode(Identified, Base):
    """One code on paper. Its first part finds the row, the rest is kept as a hash only."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(8))
    code_hash: Mapped[str] = mapped_column(sa.String(200))
    used_at: Mapped[datetime | None]
