"""Surveys: lists of what companies answered, as they were uploaded."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified
from catalogue.models.company import JSON_LIST

__all__ = ["DemandImport"]


class DemandImport(Identified, Base):
    """One uploaded survey: its cells, and after applying what it changed (for undoing it).

    ``lines`` holds the row number and the cells as texts; ``changes`` for each demand its id, company, module, the version it was
    given, and what it said before (None: new).
    """

    __tablename__ = "demand_import"

    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    file_name: Mapped[str] = mapped_column(sa.String(200))
    about: Mapped[str] = mapped_column(sa.String(300), default="")
    source_date: Mapped[date]  # of the survey, for rows that name no day
    headings: Mapped[list[str]] = mapped_column(default=list)
    lines: Mapped[list[Any]] = mapped_column(JSON_LIST, default=list)
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[str] = mapped_column(sa.String(200), default="")
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON_LIST, default=list)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(sa.String(200), default="")
    kept: Mapped[list[str]] = mapped_column(default=list)  # what the undoing left alone: "company: module"
