"""What the rights of people need: copies of their data, who was deleted (as a hash), which notice somebody was shown."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified

__all__ = ["ErasedAccount", "NoticeShown", "PersonCopy"]


class PersonCopy(Identified, Base):
    """A copy of everything about one person, asked for by them; the worker makes large ones. It ends after some days."""

    __tablename__ = "person_copy"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    made_at: Mapped[datetime | None]
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"", deferred=True)


class ErasedAccount(Base):
    """An account that was deleted: the SHA-256 of its id, so that a backup cannot bring the person back."""

    __tablename__ = "erased_account"

    id_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(default=utcnow)


class NoticeShown(Base):
    """When a person was shown which version of the notice on privacy and terms."""

    __tablename__ = "notice_shown"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    shown_at: Mapped[datetime] = mapped_column(default=utcnow)
