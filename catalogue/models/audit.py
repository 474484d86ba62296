"""The append-only record of who did what."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from catalogue.db import Base, utcnow

__all__ = ["AuditEvent"]


class AuditEvent(Base):
    """Who did what to which thing, when. Holds labels, not keys: it outlives what it speaks of."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    user_label: Mapped[str] = mapped_column(sa.String(254), default="")
    company_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(sa.String(64), index=True)
    thing: Mapped[str] = mapped_column(sa.String(64), default="")
    thing_id: Mapped[str] = mapped_column(sa.String(64), default="", index=True)
    thing_label: Mapped[str] = mapped_column(sa.String(300), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
def _refuse(mapper: Mapper[Any], connection: sa.Connection, target: AuditEvent) -> None:
    raise RuntimeError("Audit events are only ever added.")
