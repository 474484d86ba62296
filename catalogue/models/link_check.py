"""What the last look at a link found."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified

__all__ = ["LinkCheck"]


class LinkCheck(Identified, Base):
    """One address that modules name as a source, and how often in a row it did not answer."""

    __tablename__ = "link_check"

    url: Mapped[str] = mapped_column(sa.String(1000), unique=True)
    checked_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    failures: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]  # of the last answer; None: there was none
    problem: Mapped[str] = mapped_column(sa.String(200), default="")
