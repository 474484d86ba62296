"""Changes of many modules at once: what was asked, and what is needed to take it back."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, one_of
from catalogue.texts import N_, Labelled

__all__ = ["BulkChange", "BulkKind"]

_LIST = sa.JSON().with_variant(JSONB(), "postgresql")


class BulkKind(Labelled):
    """What brought many modules to change together."""

    MODULES = "modules", N_("Sammeländerung")
    TERMS = "terms", N_("Begriffe zusammengeführt")


class BulkChange(Identified, Base):
    """One change of many modules. ``about`` is what was asked, as names and values; ``skipped`` what could not be changed then.

    ``entries`` holds for each module: module (id), title, number (of the version that was made), old (fields), state, more
    (columns outside of the history). ``moved`` holds what a merge of terms changed besides modules.
    """

    __tablename__ = "bulk_change"

    kind: Mapped[BulkKind] = mapped_column(one_of(BulkKind), default=BulkKind.MODULES)
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)
    count: Mapped[int] = mapped_column(default=0)  # modules that were changed
    entries: Mapped[list[dict[str, Any]]] = mapped_column(_LIST, default=list, deferred=True)
    moved: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True)
    skipped: Mapped[list[dict[str, Any]]] = mapped_column(_LIST, default=list)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(sa.String(200), default="")
    conflicts: Mapped[list[str]] = mapped_column(default=list)  # titles that the undoing left alone
