"""Merkliste: what one person wants to find again. Nobody else sees it, it says nothing about the company."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.module import Module

__all__ = ["Bookmark"]


class Bookmark(Base):
    """One module on one person's own list."""

    __tablename__ = "bookmark"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    module_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("module.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(default=utcnow)

    module: Mapped[Module] = relationship(lazy="raise")
