"""Sources: addresses on the web from which modules are imported again and again, and what each time came of it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.imports import ImportRun
from catalogue.models.provider import Programme, Provider
from catalogue.texts import N_, Labelled

__all__ = ["Source", "SourceInterval", "SourceItem", "SourceKind", "SourceOutcome", "SourceRun"]

_LIST = sa.JSON().with_variant(JSONB(), "postgresql")


class SourceKind(Labelled):
    """What the address answers with."""

    CSV = "csv", N_("CSV-Liste")
    JSON = "json", N_("JSON im Format des Katalogs")
    PAGE = "page", N_("Internetseite mit Kursdaten (schema.org)")


class SourceInterval(Labelled):
    """How often the worker looks by itself."""

    NEVER = "never", N_("nur von Hand")
    HOURLY = "hourly", N_("jede Stunde")
    DAILY = "daily", N_("jeden Tag")
    WEEKLY = "weekly", N_("jede Woche")
    MONTHLY = "monthly", N_("alle 30 Tage")

    @property
    def pause(self) -> timedelta | None:
        """The time between two runs, None if there is no next one."""
        return {
            SourceInterval.HOURLY: timedelta(hours=1),
            SourceInterval.DAILY: timedelta(days=1),
            SourceInterval.WEEKLY: timedelta(days=7),
            SourceInterval.MONTHLY: timedelta(days=30),
        }.get(self)


class SourceOutcome(Labelled):
    """What came of one run."""

    RUNNING = "running", N_("läuft")
    APPLIED = "applied", N_("übernommen")
    WAITING = "waiting", N_("wartet auf Sie")
    UNCHANGED = "unchanged", N_("nichts Neues")
    FAILED = "failed", N_("fehlgeschlagen")


class Source(Identified, Stamped, Versioned, Base):
    """One address. ``mapping`` says for the headings of a CSV list what they hold; ``headings`` are those seen last.

    ``due_at``, ``failures`` (in a row) and ``headings`` are noted by runs and do not count as an edit (``version`` stays).
    """

    __tablename__ = "source"

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    url: Mapped[str] = mapped_column(sa.String(1000))
    kind: Mapped[SourceKind] = mapped_column(one_of(SourceKind))
    interval: Mapped[SourceInterval] = mapped_column(one_of(SourceInterval), default=SourceInterval.WEEKLY)
    enabled: Mapped[bool] = mapped_column(default=True)
    automatic: Mapped[bool] = mapped_column(default=False)  # take over what is new and changed without asking
    create_providers: Mapped[bool] = mapped_column(default=False)
    provider_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("provider.id", ondelete="SET NULL"), index=True)
    programme_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("programme.id", ondelete="SET NULL"), index=True
    )
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    headings: Mapped[list[str]] = mapped_column(default=list)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    failures: Mapped[int] = mapped_column(default=0)

    provider: Mapped[Provider | None] = relationship(lazy="raise")
    programme: Mapped[Programme | None] = relationship(lazy="raise")


class SourceRun(Identified, Base):
    """One look at a source. ``notes`` are sentences (message and params) about what was left out."""

    __tablename__ = "source_run"

    source_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("source.id", ondelete="CASCADE"), index=True)
    import_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("import_run.id", ondelete="SET NULL"), index=True)
    started_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    finished_at: Mapped[datetime | None]
    is_test: Mapped[bool] = mapped_column(default=False)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    outcome: Mapped[SourceOutcome] = mapped_column(one_of(SourceOutcome), default=SourceOutcome.RUNNING)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)  # a sentence: message and params
    notes: Mapped[list[dict[str, Any]]] = mapped_column(_LIST, default=list)
    status: Mapped[int | None]  # of the answer
    size: Mapped[int | None]  # of the answer, in bytes
    source_version: Mapped[int] = mapped_column(default=0)  # of the source when this run began
    etag: Mapped[str] = mapped_column(sa.String(300), default="")
    modified: Mapped[str] = mapped_column(sa.String(100), default="")  # the header Last-Modified as it came

    source: Mapped[Source] = relationship(lazy="raise")
    import_run: Mapped[ImportRun | None] = relationship(lazy="raise")

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


class SourceItem(Base):
    """Which module an entry of a source stands for, so that it is found again when its title or address changes.

    ``key`` is the SHA-256 of what identifies the entry at the source.
    """

    __tablename__ = "source_item"

    source_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("source.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
