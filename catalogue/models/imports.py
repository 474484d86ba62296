"""Imports of lists: what was uploaded, what it would change, what was applied; and fields that imports leave alone."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, one_of
from catalogue.texts import N_, Labelled

__all__ = ["ImportFile", "ImportRow", "ImportRun", "ImportState", "ModuleLock", "RowKind"]

_LIST = sa.JSON().with_variant(JSONB(), "postgresql")


class ImportState(Labelled):
    """How far an import has come. Those that end in …ING are worked on in the background."""

    UPLOADED = "uploaded", N_("Spalten zuordnen")
    CHECKING = "checking", N_("wird geprüft")
    CHECKED = "checked", N_("geprüft")
    APPLYING = "applying", N_("wird übernommen")
    APPLIED = "applied", N_("übernommen")
    UNDOING = "undoing", N_("wird rückgängig gemacht")
    UNDONE = "undone", N_("rückgängig gemacht")
    DISCARDED = "discarded", N_("verworfen")


class RowKind(Labelled):
    """What a row of the list means for the catalogue."""

    NEW = "new", N_("Neu")
    CHANGED = "changed", N_("Geändert")
    UNCHANGED = "unchanged", N_("Unverändert")
    WRONG = "wrong", N_("Fehlerhaft")
    VANISHED = "vanished", N_("Nicht mehr in der Liste")


class ImportRun(Identified, Base):
    """One uploaded list. ``mapping`` has for each column the key of what it holds ("" = nothing)."""

    __tablename__ = "import_run"

    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    file_name: Mapped[str] = mapped_column(sa.String(200))
    source: Mapped[str] = mapped_column(sa.String(200), default="", index=True)
    source_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("source.id", ondelete="SET NULL"), index=True)
    about: Mapped[str] = mapped_column(sa.String(300), default="")  # how the file was read: sheet or encoding
    state: Mapped[ImportState] = mapped_column(one_of(ImportState), default=ImportState.UPLOADED, index=True)
    asked_at: Mapped[datetime | None]  # when the work in the background was asked for
    headings: Mapped[list[str]] = mapped_column(default=list)
    headings_key: Mapped[str] = mapped_column(sa.String(64), default="", index=True)
    mapping: Mapped[list[str]] = mapped_column(default=list)
    create_providers: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)  # a sentence: message and params
    conflicts: Mapped[list[str]] = mapped_column(default=list)  # titles that the undoing left alone
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[str] = mapped_column(sa.String(200), default="")
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(sa.String(200), default="")


class ImportFile(Base):
    """The uploaded bytes, kept until the import is applied or discarded."""

    __tablename__ = "import_file"

    run_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class ImportRow(Base):
    """One row of the list: what it says (``values``, of new modules), changes (``changes``) or breaks (``errors``).

    ``changes`` holds for each field: field, cell, old, new, selected, and where it applies locked, edited (who and when), clears.
    ``version`` is the number of the version that applying made.
    """

    __tablename__ = "import_row"

    run_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[RowKind] = mapped_column(one_of(RowKind))
    module_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("module.id", ondelete="SET NULL"), index=True)
    label: Mapped[str] = mapped_column(sa.String(300), default="")
    slug: Mapped[str] = mapped_column(sa.String(120), default="")
    selected: Mapped[bool] = mapped_column(default=False)
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(_LIST, default=list)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(_LIST, default=list)
    key: Mapped[str] = mapped_column(sa.String(64), default="")  # of the entry at its source: SourceItem.key
    cells: Mapped[list[str]] = mapped_column(default=list)
    version: Mapped[int | None]

    run: Mapped[ImportRun] = relationship(lazy="raise")


class ModuleLock(Base):
    """A field of a module that imports leave alone; "terms.topic" for the terms of one vocabulary."""

    __tablename__ = "module_lock"

    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
