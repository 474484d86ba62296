"""Festgeschriebene Berichte: figures that stay as they were on their day, and the links by which the board reads them."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Versioned

__all__ = ["FROZEN", "FrozenReport", "ReportLink"]


class FrozenReport(Identified, Versioned, Base):
    """What a report said when somebody froze it. Only title and archive change afterwards: see :data:`FROZEN`."""

    __tablename__ = "frozen_report"

    title: Mapped[str] = mapped_column(sa.String(200))
    purpose: Mapped[str] = mapped_column(sa.Text, default="")
    as_of: Mapped[date] = mapped_column(index=True)  # the day in Berlin
    at: Mapped[datetime | None]  # the moment of that day up to which statements count; empty: its end
    query: Mapped[dict[str, Any]]  # what was asked, see services/report_json.py
    summary: Mapped[dict[str, Any]]  # the figures that lists show
    figures: Mapped[dict[str, Any]] = mapped_column(deferred=True, deferred_group="kept")
    basis: Mapped[dict[str, Any]] = mapped_column(
        deferred=True, deferred_group="kept"
    )  # topics, sectors … by which it was counted
    disclosed: Mapped[dict[str, Any]] = mapped_column(
        deferred=True, deferred_group="kept"
    )  # all that readers outside the office may see
    method: Mapped[dict[str, Any]] = mapped_column(
        deferred=True, deferred_group="kept"
    )  # how was counted, with which k, by which software
    checksum: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    made_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    made_by_label: Mapped[str] = mapped_column(sa.String(200), default="")
    archived_at: Mapped[datetime | None]


# what nobody changes once it is stored
FROZEN = (
    "purpose",
    "as_of",
    "at",
    "query",
    "summary",
    "figures",
    "basis",
    "disclosed",
    "method",
    "checksum",
    "made_at",
)


@sa.event.listens_for(FrozenReport, "before_update")
def _stay_frozen(_mapper: Mapper[Any], _connection: sa.Connection, report: FrozenReport) -> None:
    state = sa.inspect(report)
    if changed := [name for name in FROZEN if state.attrs[name].history.has_changes()]:
        raise ValueError(f"A frozen report does not change: {', '.join(changed)}.")


class ReportLink(Identified, Base):
    """Lets whoever has the address read one report, as far as outsiders may, until it expires or is revoked."""

    __tablename__ = "report_link"

    report_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("frozen_report.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))  # for whom it was made
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    created_by_label: Mapped[str] = mapped_column(sa.String(200), default="")
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
