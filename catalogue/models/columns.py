"""Columns that several models share."""

import enum
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from catalogue.db import utcnow

__all__ = ["Identified", "Stamped", "Versioned", "one_of"]


def one_of(kind: type[enum.StrEnum]) -> sa.Enum:
    """Return a column type that stores the members' values and checks them in the database."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class Identified:
    """A UUID made in Python, so that it is known before the flush."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4, sort_order=-10)


class Stamped:
    """When the row was made and last changed (UTC)."""

    created_at: Mapped[datetime] = mapped_column(default=utcnow, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow, sort_order=91)


class Versioned:
    """Counts changes; an update that was read from an older version fails with StaleDataError."""

    version: Mapped[int] = mapped_column(default=1, sort_order=92)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.version}
