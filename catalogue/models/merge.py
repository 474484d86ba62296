"""Two records of one offer: what was merged into what, and which pairs somebody looked at and found to be different."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified
from catalogue.models.module import Module

__all__ = ["ModuleDistinct", "ModuleMerge"]


class ModuleMerge(Identified, Base):
    """One module that was merged into another; while it is not undone, the address of the one leads to the other.

    ``moved`` holds everything that undoing needs: words before and after, which rows moved, which demand was combined.
    """

    __tablename__ = "module_merge"

    kept_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    merged_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    moved: Mapped[dict[str, Any]] = mapped_column(default=dict)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(sa.String(200), default="")

    kept: Mapped[Module] = relationship(foreign_keys=[kept_id], lazy="raise")
    merged: Mapped[Module] = relationship(foreign_keys=[merged_id], lazy="raise")


class ModuleDistinct(Base):
    """Two modules that look alike and are not the same offer. ``one_id`` is the smaller id."""

    __tablename__ = "module_distinct"

    one_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("module.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(default=utcnow)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
