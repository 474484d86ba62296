"""Programmes: alliances, funded projects and lines of offers."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Module, Programme, ProgrammeKind, WorkflowState
from catalogue.services.errors import NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.slugs import unused_slug
from catalogue.services.sorting import slugify
from catalogue.texts import N_

__all__ = ["Counted", "ProgrammeInput", "create", "get", "input_of", "listing", "update"]


@dataclass(frozen=True)
class ProgrammeInput:
    """Everything about a programme that can be edited."""

    name: str
    kind: ProgrammeKind = ProgrammeKind.OTHER
    position: int = 0
    website: str = ""
    about: str = ""


class Counted(NamedTuple):
    """A programme and how many modules belong to it: published ones, and all."""

    programme: Programme
    published: int
    modules: int


def get(session: Session, slug: str) -> Programme:
    """Return the programme; programmes are public. Raises NotFound."""
    found = session.scalar(select(Programme).where(Programme.slug == slug))
    if found is None:
        raise NotFound(N_("Dieses Programm gibt es nicht."))
    return found


def listing(session: Session) -> list[Counted]:
    """Return all programmes in their given order with the number of their modules."""
    published = func.count(Module.id).filter(Module.state == WorkflowState.PUBLISHED)
    rows = session.execute(
        select(Programme, published, func.count(Module.id))
        .outerjoin(Module, Module.programme_id == Programme.id)
        .group_by(Programme.id)
        .order_by(Programme.position, Programme.name, Programme.id)
    )
    return [Counted(*row) for row in rows]


def input_of(programme: Programme) -> ProgrammeInput:
    """Return what *programme* says now."""
    return ProgrammeInput(
        name=programme.name,
        kind=programme.kind,
        position=programme.position,
        website=programme.website,
        about=programme.about,
    )


def create(session: Session, actor: Actor, given: ProgrammeInput) -> Programme:
    """Add a programme with a slug of its own."""
    require(actor, "provider.edit")
    given = _checked(given)
    programme = Programme(slug=unused_slug(session, Programme.slug, slugify(given.name)))
    _write(programme, given)
    session.add(programme)
    session.flush()
    return programme


def update(
    session: Session, actor: Actor, programme: Programme, given: ProgrammeInput, version: int | None
) -> Programme:
    """Change a programme that was read at *version*; raises Stale or Invalid."""
    require(actor, "provider.edit", programme)
    claim(session, programme, version, given)
    _write(programme, _checked(given))
    session.flush()
    return programme


def _checked(given: ProgrammeInput) -> ProgrammeInput:
    given = ProgrammeInput(
        one_line(given.name), given.kind, given.position, one_line(given.website), plain_text(given.about)
    )
    findings = Findings()
    findings.required("name", given.name, N_("Geben Sie den Namen des Programms ein."))
    findings.length("name", given.name, 200)
    findings.length("website", given.website, 500)
    findings.length("about", given.about, 5000)
    findings.within("position", given.position, 0, 10_000)
    findings.url("website", given.website)
    findings.raise_any()
    return given


def _write(programme: Programme, given: ProgrammeInput) -> None:
    programme.name, programme.kind, programme.position = given.name, given.kind, given.position
    programme.website, programme.about = given.website, given.about
