"""Forms that were answered already, so that one sent twice has one effect."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow

__all__ = ["SentForm"]


class SentForm(Base):
    """One form as it was filled in and sent, known by a hash only, and where its answer led. Pruned after two days."""

    __tablename__ = "sent_form"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    location: Mapped[str] = mapped_column(sa.String(2000), default="")
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
