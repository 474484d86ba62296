"""Qualifizierungsmaßnahmen: ordered sets of modules."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import Measure, MeasureModule, Module, Programme, WorkflowState
from catalogue.services import audit, workflow
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, can, require
from catalogue.services.slugs import unused_slug
from catalogue.services.sorting import slugify, sort_key
from catalogue.texts import N_, Text

__all__ = [
    "MeasureInput", "Part", "Total", "create", "get", "input_of", "listing", "step", "steps", "total", "update",
    "visible_parts",
]  # fmt: skip

LOADED: tuple[ORMOption, ...] = (
    joinedload(Measure.programme),
    selectinload(Measure.parts).selectinload(MeasureModule.module).selectinload(Module.terms),
    selectinload(Measure.parts).selectinload(MeasureModule.module).selectinload(Module.provider),
)
STEPS = ("publish", "withdraw", "archive", "reopen")  # a measure needs no review of its own
MOST_PARTS = 100


@dataclass(frozen=True)
class Part:
    """One module of a measure by its slug; the order of parts is the order of learning."""

    module: str
    required: bool = True


@dataclass(frozen=True)
class MeasureInput:
    """Everything about a measure that can be edited; ``programme`` is a slug."""

    title: str
    code: str = ""
    summary: str = ""
    programme: str = ""
    source_url: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Total:
    """Minutes of all modules that state a duration, and how many do not."""

    minutes: int
    unknown: int


def get(session: Session, actor: Actor, slug: str) -> Measure:
    """Return the measure with programme and modules loaded: published ones for everybody, the rest for staff. Raises NotFound."""
    found = session.scalar(select(Measure).where(Measure.slug == slug).options(*LOADED))
    if found is None or not (found.state == WorkflowState.PUBLISHED or can(actor, "measure.edit", found)):
        raise NotFound(N_("Diese Maßnahme gibt es nicht."))
    return found


def listing(session: Session, actor: Actor) -> list[Measure]:
    """Return the measures that *actor* may see, in German order, loaded like :func:`get`."""
    statement = select(Measure).options(*LOADED).order_by(Measure.sort_title, Measure.id)
    if not can(actor, "measure.edit"):
        statement = statement.where(Measure.state == WorkflowState.PUBLISHED)
    return list(session.scalars(statement))


def containing(session: Session, actor: Actor, module: Module) -> list[Measure]:
    """Return the measures with *module* in them that *actor* may see, loaded like :func:`get`."""
    inside = select(MeasureModule.measure_id).where(MeasureModule.module_id == module.id)
    statement = select(Measure).where(Measure.id.in_(inside)).options(*LOADED).order_by(Measure.sort_title, Measure.id)
    return [
        found
        for found in session.scalars(statement)
        if found.state == WorkflowState.PUBLISHED or can(actor, "measure.edit", found)
    ]


def visible_parts(actor: Actor, measure: Measure) -> list[MeasureModule]:
    """Return the parts whose module *actor* may see: published ones, all for staff."""
    return [
        part for part in measure.parts if part.module.is_public or can(actor, "module.see_unpublished", part.module)
    ]


def total(parts: list[MeasureModule]) -> Total:
    """Return the duration of *parts*, derived from their modules and never entered by hand."""
    minutes = [part.module.duration_minutes for part in parts]
    return Total(sum(value for value in minutes if value), sum(1 for value in minutes if not value))


def input_of(measure: Measure) -> MeasureInput:
    """Return what *measure* says now; it is loaded like :func:`get`."""
    return MeasureInput(
        title=measure.title,
        code=measure.code or "",
        summary=measure.summary,
        programme=measure.programme.slug if measure.programme else "",
        source_url=measure.source_url,
        parts=tuple(Part(part.module.slug, part.required) for part in measure.parts),
    )


def create(session: Session, actor: Actor, given: MeasureInput) -> Measure:
    """Add a measure as a draft."""
    require(actor, "measure.edit")
    measure = Measure(slug=unused_slug(session, Measure.slug, slugify(given.title)), parts=[])
    _write(session, measure, given)
    session.flush()
    return measure


def update(session: Session, actor: Actor, measure: Measure, given: MeasureInput, version: int | None) -> Measure:
    """Change a measure that was read at *version*; raises Stale or Invalid."""
    require(actor, "measure.edit", measure)
    claim(session, measure, version, given, *LOADED)
    _write(session, measure, given)
    measure.updated_at = utcnow()  # so that a new order of modules counts as a change of the measure
    session.flush()
    return measure


def _write(session: Session, measure: Measure, given: MeasureInput) -> None:
    given = MeasureInput(
        title=one_line(given.title),
        code=one_line(given.code),
        summary=plain_text(given.summary),
        programme=given.programme,
        source_url=one_line(given.source_url),
        parts=given.parts,
    )
    programme, modules = _checked(session, measure, given)
    measure.title, measure.sort_title = given.title, sort_key(given.title)
    measure.code, measure.summary, measure.source_url = given.code or None, given.summary, given.source_url
    measure.programme = programme
    kept = {part.module_id: part for part in measure.parts}
    parts = []
    for position, wanted in enumerate(given.parts, start=1):
        module = modules[wanted.module]
        part = kept.get(module.id) or MeasureModule(module_id=module.id, module=module)
        part.position, part.required = position, wanted.required
        parts.append(part)
    measure.parts = parts
    session.add(measure)


def _checked(session: Session, measure: Measure, given: MeasureInput) -> tuple[Programme | None, dict[str, Module]]:
    findings = Findings()
    findings.required("title", given.title, N_("Geben Sie einen Titel ein."))
    for name, most in {"title": 300, "code": 40, "summary": 20_000}.items():
        findings.length(name, getattr(given, name), most)
    findings.url("source_url", given.source_url)
    programme = session.scalar(select(Programme).where(Programme.slug == given.programme)) if given.programme else None
    if given.programme and programme is None:
        findings.add("programme", N_("Wählen Sie ein Programm aus der Liste."))
    if given.code and _code_taken(session, measure, given.code):
        findings.add("code", N_("Dieses Kürzel hat schon eine andere Maßnahme."))
    slugs = [part.module for part in given.parts]
    modules = {module.slug: module for module in session.scalars(select(Module).where(Module.slug.in_(slugs)))}
    if len(slugs) > MOST_PARTS:
        findings.add("parts", N_("Nennen Sie höchstens %(most)s Einträge."), most=MOST_PARTS)
    if len(set(slugs)) != len(slugs):
        findings.add("parts", N_("Jedes Modul kann nur einmal vorkommen."))
    if set(slugs) - set(modules):
        findings.add("parts", N_("Wählen Sie Module aus der Liste."))
    findings.raise_any()
    return programme, modules


def _code_taken(session: Session, measure: Measure, code: str) -> bool:
    with session.no_autoflush:
        owner = session.scalar(select(Measure.id).where(Measure.code == code))
    return owner is not None and owner != measure.id


def steps(actor: Actor, measure: Measure) -> list[workflow.Step]:
    """Return what *actor* may do with *measure* now, the usual next step first."""
    if not can(actor, "measure.edit", measure):
        return []
    return [workflow.STEPS[name] for name in STEPS if measure.state in workflow.STEPS[name].sources]


def step(session: Session, actor: Actor, measure: Measure, name: str, version: int | None) -> Measure:
    """Take one of the steps of :func:`steps`; raises Conflict if the state does not allow it, Invalid without modules."""
    require(actor, "measure.edit", measure)
    claim(session, measure, version, None, *LOADED)
    wanted = workflow.STEPS[name]
    if name not in STEPS or measure.state not in wanted.sources:
        raise Conflict(N_("In diesem Zustand ist das nicht möglich. Laden Sie die Seite neu."))
    if name == "publish" and not measure.parts:
        raise Invalid(fields={"parts": Text(N_("Nennen Sie mindestens ein Modul."))})
    measure.state = wanted.target
    session.flush()
    audit.record(session, actor, f"measure.{name}", measure)
    return measure
