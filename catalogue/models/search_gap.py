"""What people searched for in vain: texts and numbers, never who asked."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base
from catalogue.models.columns import Identified

__all__ = ["SearchGap"]


class SearchGap(Identified, Base):
    """One text on one day: how often it was asked, what it found the last time, how many of these times staff has dealt with."""

    __tablename__ = "search_gap"
    __table_args__ = (
        sa.UniqueConstraint("query", "day"),
        sa.CheckConstraint("length(query) BETWEEN 1 AND 80", name="query_length"),
        sa.CheckConstraint("count > 0", name="counted"),
    )

    query: Mapped[str] = mapped_column(sa.String(80))
    day: Mapped[date] = mapped_column(index=True)
    hits: Mapped[int]
    count: Mapped[int] = mapped_column(default=1)
    settled: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")  # what staff did about it
