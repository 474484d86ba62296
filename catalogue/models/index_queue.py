"""What the search index still has to learn."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow

__all__ = ["IndexQueue"]


class IndexQueue(Base):
    """A module that changed. Written in the same transaction as the change; no foreign key, the module may be gone."""

    __tablename__ = "index_queue"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    module_id: Mapped[uuid.UUID]
    queued_at: Mapped[datetime] = mapped_column(default=utcnow)
