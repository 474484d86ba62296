"""How often somebody is told by mail what waits, what is new and what became of what was said."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import one_of
from catalogue.models.saved_search import Frequency

__all__ = ["Digest"]


class Digest(Base):
    """The digest of one person; it is sent only if there is something to tell. No row yet: nothing was ever looked at."""

    __tablename__ = "digest"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    frequency: Mapped[Frequency] = mapped_column(one_of(Frequency), default=Frequency.WEEKLY)
    checked_at: Mapped[datetime] = mapped_column(default=utcnow)  # what happened before is not news any more
    last_sent_at: Mapped[datetime | None]
