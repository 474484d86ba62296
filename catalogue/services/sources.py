"""Addresses from which modules are imported on a schedule: entering, changing, assigning columns. Running them: source_runs.py."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import (  # fmt: skip
    ImportState,
    Programme,
    Provider,
    Source,
    SourceInterval,
    SourceKind,
    SourceOutcome,
    SourceRun,
)
from catalogue.services import audit, import_mapping
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.findings import Findings, one_line
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["Listed", "SourceInput", "assign", "create", "failed", "get", "input_of", "listing", "named", "run_of", "runs",
           "switch", "update", "waiting"]  # fmt: skip

NAMED = (joinedload(Source.provider), joinedload(Source.programme))
SHOWN = 50


@dataclass(frozen=True)
class SourceInput:
    """What staff say about a source; ``provider`` and ``programme`` are slugs for entries that name none, or ""."""

    name: str = ""
    url: str = ""
    kind: SourceKind | None = None
    interval: SourceInterval | None = None
    automatic: bool = False
    create_providers: bool = False
    provider: str = ""
    programme: str = ""


@dataclass(frozen=True)
class Listed:
    """A source with its last run that was no test, if there was one."""

    source: Source
    last: SourceRun | None

    @property
    def is_waiting(self) -> bool:
        """Whether somebody should look at what the last run found."""
        return self.last is not None and _waits(self.last)

    def is_in(self, state: str) -> bool:
        """Whether the list *state* holds this source."""
        failed = self.source.enabled and self.source.failures > 0
        lists = {"open": failed or self.is_waiting, "failed": failed, "waiting": self.is_waiting, "off": not self.source.enabled}  # fmt: skip
        return lists.get(state, True)


def get(session: Session, actor: Actor, source_id: uuid.UUID) -> Source:
    """Return one source with provider and programme; raises NotFound."""
    require(actor, "source.edit")
    found = session.scalar(sa.select(Source).where(Source.id == source_id).options(*NAMED))
    if found is None:
        raise NotFound(N_("Diese Quelle gibt es nicht."))
    return found


def named(session: Session, actor: Actor, name: str) -> Source:
    """Return the source called *name*; raises NotFound."""
    require(actor, "source.edit")
    found = session.scalar(sa.select(Source).where(Source.name == one_line(name)).options(*NAMED))
    if found is None:
        raise NotFound(N_("Diese Quelle gibt es nicht."))
    return found


def listing(session: Session, actor: Actor, state: str = "") -> list[Listed]:
    """Return all sources in German order, or those that *state* names: "open" (failed or waiting), "failed", "waiting", "off"."""
    require(actor, "source.edit")
    last = _last(session)
    found = [Listed(source, last.get(source.id)) for source in session.scalars(sa.select(Source).options(*NAMED))]
    wanted = [one for one in found if one.is_in(state)]
    return sorted(wanted, key=lambda one: (not one.source.enabled, sort_key(one.source.name)))


def _last(session: Session) -> dict[uuid.UUID, SourceRun]:
    newest = (
        sa.select(SourceRun.source_id, sa.func.max(SourceRun.started_at).label("at"))
        .where(sa.not_(SourceRun.is_test))
        .group_by(SourceRun.source_id)
        .subquery()
    )
    same = (SourceRun.source_id == newest.c.source_id) & (SourceRun.started_at == newest.c.at)
    found = session.scalars(sa.select(SourceRun).join(newest, same).options(joinedload(SourceRun.import_run)))
    return {run.source_id: run for run in found}


def failed(session: Session) -> int:
    """Return how many sources could not be read the last time."""
    wanted = sa.select(sa.func.count(Source.id)).where(Source.enabled, Source.failures > 0)
    return session.scalar(wanted) or 0


def waiting(session: Session) -> int:
    """Return how many sources found something that somebody should decide on."""
    return sum(_waits(run) for run in _last(session).values())


def _waits(run: SourceRun) -> bool:
    checked = run.import_run is not None and run.import_run.state == ImportState.CHECKED
    return checked and run.outcome == SourceOutcome.WAITING


def runs(session: Session, actor: Actor, source: Source) -> list[SourceRun]:
    """Return the last fifty runs with their imports, the newest first."""
    require(actor, "source.edit")
    wanted = sa.select(SourceRun).where(SourceRun.source_id == source.id).options(joinedload(SourceRun.import_run))
    return list(session.scalars(wanted.order_by(SourceRun.started_at.desc(), SourceRun.id).limit(SHOWN)))


def run_of(session: Session, actor: Actor, source: Source, run_id: uuid.UUID) -> SourceRun:
    """Return one run of *source* with its import; raises NotFound."""
    require(actor, "source.edit")
    wanted = sa.select(SourceRun).where(SourceRun.id == run_id, SourceRun.source_id == source.id)
    found = session.scalar(wanted.options(joinedload(SourceRun.import_run)))
    if found is None:
        raise NotFound(N_("Diesen Lauf gibt es nicht."))
    return found


def input_of(source: Source) -> SourceInput:
    """Return what *source* says now. Its provider and programme are loaded."""
    return SourceInput(
        source.name, source.url, source.kind, source.interval, source.automatic, source.create_providers,
        source.provider.slug if source.provider else "", source.programme.slug if source.programme else "",
    )  # fmt: skip


def create(session: Session, actor: Actor, given: SourceInput) -> Source:
    """Add a source; raises Invalid."""
    require(actor, "source.edit")
    source = Source(id=uuid.uuid4(), enabled=True, mapping={}, headings=[])
    _write(source, _checked(session, given, None))
    source.due_at = utcnow() if source.interval.pause else None
    session.add(source)
    session.flush()
    audit.record(session, actor, "source.create", source, url=source.url)
    return source


def update(session: Session, actor: Actor, source: Source, given: SourceInput, version: int | None) -> Source:
    """Change a source that was read at *version*; raises Stale or Invalid. What it brought so far keeps belonging to it."""
    require(actor, "source.edit")
    claim(session, source, version, given, *NAMED)
    values = _checked(session, given, source)
    if source.kind != values["kind"]:
        source.mapping, source.headings = {}, []
    if source.interval != values["interval"]:
        pause = values["interval"].pause
        source.due_at = utcnow() + pause if pause else None
    _write(source, values)
    session.flush()
    audit.record(session, actor, "source.change", source, url=source.url)
    return source


def _write(source: Source, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(source, name, value)


def _checked(session: Session, given: SourceInput, source: Source | None) -> dict[str, Any]:
    findings = Findings()
    name, url = one_line(given.name), given.url.strip()
    findings.required("name", name, N_("Geben Sie der Quelle einen Namen, zum Beispiel „Akademie Nord“."))
    findings.length("name", name, 120)
    findings.required("url", url, N_("Geben Sie die Adresse der Quelle an."))
    findings.url("url", url)
    if "@" in url.partition("://")[2].partition("/")[0]:
        findings.add("url", N_("Eine Adresse mit Benutzername oder Kennwort ist nicht möglich."))
    if given.kind is None:
        findings.add("kind", N_("Wählen Sie aus, was unter der Adresse steht."))
    if given.interval is None:
        findings.add("interval", N_("Wählen Sie aus, wie oft nachgesehen wird."))
    other = session.scalar(sa.select(Source.id).where(Source.name == name))
    if other is not None and (source is None or other != source.id):
        findings.add("name", N_("So heißt schon eine andere Quelle."))
    provider = session.scalar(sa.select(Provider).where(Provider.slug == given.provider)) if given.provider else None
    programme = (
        session.scalar(sa.select(Programme).where(Programme.slug == given.programme)) if given.programme else None
    )
    if given.provider and provider is None:
        findings.add("provider", N_("Wählen Sie einen Anbieter aus der Liste."))
    if given.programme and programme is None:
        findings.add("programme", N_("Wählen Sie ein Programm aus der Liste."))
    findings.raise_any()
    return {
        "name": name, "url": url, "kind": given.kind, "interval": given.interval, "automatic": given.automatic,
        "create_providers": given.create_providers, "provider": provider, "programme": programme,
    }  # fmt: skip


def switch(session: Session, actor: Actor, source: Source, enabled: bool, version: int | None) -> None:
    """Let a source rest, or look at it again from now on."""
    require(actor, "source.edit")
    claim(session, source, version, None, *NAMED)
    if source.enabled == enabled:
        return
    source.enabled, source.failures = enabled, 0
    source.due_at = utcnow() if enabled and source.interval.pause else None
    session.flush()
    audit.record(session, actor, "source.on" if enabled else "source.off", source)


def assign(session: Session, actor: Actor, source: Source, mapping: Sequence[str], version: int | None) -> None:
    """Say what the columns of a CSV list hold, one key for each heading that was seen last; raises Invalid or Stale."""
    require(actor, "source.edit")
    claim(session, source, version, None, *NAMED)
    if not source.headings:
        raise Conflict(N_("Rufen Sie die Quelle zuerst probeweise ab, damit ihre Spalten bekannt sind."))
    keys = import_mapping.checked(source.headings, mapping)
    source.mapping = dict(zip(source.headings, keys, strict=True))
    session.flush()
    audit.record(session, actor, "source.change", source, mapping=source.mapping)
