"""Qualifizierungsmaßnahmen: ordered sets of modules."""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import Measure, MeasureModule, MeasurePrerequisite, Module, Programme, WorkflowState
from catalogue.services import audit, thing_history, workflow
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.measure_paths import Place, arranged, circle, contradictions, place_of
from catalogue.services.permissions import Actor, can, require
from catalogue.services.slugs import unused_slug
from catalogue.services.sorting import slugify, sort_key
from catalogue.texts import N_, Text

__all__ = [
    "CHOICES", "MeasureInput", "Membership", "Part", "arrange", "containing", "create", "get", "input_of", "listing", "memberships",
    "misplaced", "step", "steps", "update", "visible_parts",
]  # fmt: skip

LOADED: tuple[ORMOption, ...] = (
    joinedload(Measure.programme),
    selectinload(Measure.parts).selectinload(MeasureModule.module).selectinload(Module.terms),
    selectinload(Measure.parts).selectinload(MeasureModule.module).selectinload(Module.provider),
    selectinload(Measure.parts).selectinload(MeasureModule.prerequisites),
)
STEPS = ("publish", "withdraw", "archive", "reopen")  # a measure needs no review of its own
MOST_PARTS = 100
CHOICES = ("A", "B", "C", "D", "E", "F")  # sets of alternatives


@dataclass(frozen=True)
class Part:
    """One module of a measure by its slug; the order of parts is the order of learning.

    Parts with the same ``choice`` are alternatives: one of them is needed. ``after``: slugs of parts that have to be done before.
    """

    module: str
    required: bool = True
    choice: str = ""
    after: tuple[str, ...] = ()


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
class Membership:
    """That a module belongs to a measure, and where it stands in it."""

    measure: Measure
    place: Place


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


def memberships(session: Session, actor: Actor, module: Module) -> list[Membership]:
    """Return the measures that *module* belongs to with its place among the parts that *actor* may see."""
    found = []
    for measure in containing(session, actor, module):
        parts = visible_parts(actor, measure)
        own = [part for part in parts if part.module_id == module.id]
        found += [Membership(measure, place_of(part, parts)) for part in own]
    return found


def input_of(measure: Measure) -> MeasureInput:
    """Return what *measure* says now; it is loaded like :func:`get`."""
    slugs = {part.module_id: part.module.slug for part in measure.parts}
    return MeasureInput(
        title=measure.title,
        code=measure.code or "",
        summary=measure.summary,
        programme=measure.programme.slug if measure.programme else "",
        source_url=measure.source_url,
        parts=tuple(_part(part, slugs) for part in measure.parts),
    )


def _part(part: MeasureModule, slugs: dict[uuid.UUID, str]) -> Part:
    needed = {one.before_id for one in part.prerequisites}
    return Part(
        part.module.slug, part.required, part.choice, tuple(slug for one, slug in slugs.items() if one in needed)
    )


def misplaced(given: MeasureInput) -> list[tuple[str, str]]:
    """Return the slugs (module, prerequisite) of those that stand before what they need: worth a warning, no error."""
    return contradictions([part.module for part in given.parts], {part.module: part.after for part in given.parts})


def create(session: Session, actor: Actor, given: MeasureInput) -> Measure:
    """Add a measure as a draft."""
    require(actor, "measure.edit")
    measure = Measure(slug=unused_slug(session, Measure.slug, slugify(given.title)), parts=[])
    _write(session, measure, given)
    session.flush()
    audit.record(session, actor, "measure.create", measure)
    return measure


def update(session: Session, actor: Actor, measure: Measure, given: MeasureInput, version: int | None) -> Measure:
    """Change a measure that was read at *version*; raises Stale or Invalid."""
    require(actor, "measure.edit", measure)
    claim(session, measure, version, given, *LOADED)
    before = input_of(measure)
    _write(session, measure, given)
    measure.updated_at = utcnow()  # so that a new order of modules counts as a change of the measure
    session.flush()
    if changes := thing_history.between(before, input_of(measure)):
        audit.record(session, actor, "measure.change", measure, changes=changes)
    return measure


def arrange(session: Session, actor: Actor, measure: Measure, version: int | None) -> Measure:
    """Bring the modules of *measure* into an order that keeps to the prerequisites, changed as little as possible."""
    given = input_of(measure)
    parts = {part.module: part for part in given.parts}
    order = arranged(list(parts), {part.module: part.after for part in given.parts})
    return update(session, actor, measure, replace(given, parts=tuple(parts[slug] for slug in order)), version)


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
        part = kept.get(module.id) or MeasureModule(module_id=module.id, module=module, prerequisites=[])
        part.position, part.choice, part.required = position, wanted.choice, wanted.required or bool(wanted.choice)
        stated = {one.before_id: one for one in part.prerequisites}
        needed = [modules[slug].id for slug in wanted.after]
        part.prerequisites = [stated.get(one) or MeasurePrerequisite(before_id=one) for one in needed]
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
    _check_order(given, modules, findings)
    findings.raise_any()
    return programme, modules


def _check_order(given: MeasureInput, modules: dict[str, Module], findings: Findings) -> None:
    slugs = {part.module for part in given.parts}
    if any(set(part.after) - slugs or part.module in part.after for part in given.parts):
        findings.add("parts", N_("Voraussetzung kann nur ein anderes Modul dieser Maßnahme sein."))
    if any(part.choice and part.choice not in CHOICES for part in given.parts):
        findings.add("parts", N_("Wählen Sie, ob das Modul Pflicht, Wahl oder Alternative ist."))
    letters = [part.choice for part in given.parts if part.choice]
    if lonely := sorted(letter for letter in set(letters) if letters.count(letter) == 1):
        findings.add("parts", N_("Zu „Alternative %(letter)s“ fehlt ein zweites Modul."), letter=lonely[0])
    if way := circle({part.module: part.after for part in given.parts}):
        names = " → ".join(modules[slug].title for slug in way if slug in modules)
        findings.add("parts", N_("Diese Module setzen sich gegenseitig voraus: %(names)s."), names=names)


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
