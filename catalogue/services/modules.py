"""Modules: finding one, writing a new one, changing one. The workflow is in workflow.py, the past in module_history.py."""

import uuid

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import Module, Provider, Run, WorkflowState
from catalogue.services import module_history, module_rules
from catalogue.services.errors import NotFound, Stale
from catalogue.services.module_input import ModuleInput, input_of, tidy
from catalogue.services.permissions import Actor, can, require
from catalogue.services.sorting import slugify
from catalogue.texts import N_

__all__ = ["LOADED", "ModuleInput", "apply", "create", "get", "input_of", "lock", "unused_slug", "update"]

# what pages and services read of a module; Run has joins of its own, so it is fetched apart
LOADED: tuple[ORMOption, ...] = (
    selectinload(Module.terms),
    selectinload(Module.provider).joinedload(Provider.region),
    selectinload(Module.programme),
    selectinload(Module.runs).joinedload(Run.region),
)


def get(session: Session, actor: Actor, slug: str) -> Module:
    """Return the module with terms, provider, programme and runs loaded, if *actor* may see it.

    Published modules are for everybody; archived ones keep their page if they were published before; the rest is for staff.
    Raises :class:`NotFound` otherwise, whether or not it exists.
    """
    module = session.scalar(select(Module).where(Module.slug == slug).options(*LOADED))
    if module is None or not _visible(actor, module):
        raise NotFound(N_("Dieses Modul gibt es nicht."))
    return module


def _visible(actor: Actor, module: Module) -> bool:
    was_public = module.state == WorkflowState.ARCHIVED and module.published_at is not None
    return module.is_public or was_public or can(actor, "module.see_unpublished", module)


def lock(session: Session, module: Module, version: int | None, mine: object = None) -> None:
    """Read *module* again and keep others from changing it until the commit.

    Raises :class:`Stale` with the current state and *mine* if it is no longer at *version* (None: whatever it is).
    """
    statement = select(Module).where(Module.id == module.id).options(*LOADED).with_for_update(of=Module)
    session.scalars(statement.execution_options(populate_existing=True)).one()
    if version is not None and module.version != version:
        raise Stale(module, mine)


def create(session: Session, actor: Actor, given: ModuleInput, slug: str = "") -> Module:
    """Make a draft with a slug of its own (from the title, or *slug* if it is free) and its first version."""
    require(actor, "module.edit")
    given = module_rules.with_minutes(tidy(given))
    checked = module_rules.check(session, given)
    last = session.scalar(select(func.max(Module.position)))
    module = Module(
        id=uuid.uuid4(),
        slug=unused_slug(session, slug or slugify(given.title)),
        state=WorkflowState.DRAFT,
        position=0 if last is None else last + 1,
        runs=[],
    )
    checked.write_to(module)
    session.add(module)
    session.flush()
    module_history.record(session, actor, module, "created")
    return module


def update(session: Session, actor: Actor, module: Module, given: ModuleInput, version: int | None) -> Module:
    """Change *module*, which the actor read at *version* (None only where nobody else can have seen it: API with If-Match *).

    Raises :class:`Stale` if somebody saved meanwhile and :class:`Invalid` for broken rules; no change writes no version.
    """
    require(actor, "module.edit", module)
    given = tidy(given)
    lock(session, module, version, given)
    if given.duration_text != module.duration_text:
        given = module_rules.with_minutes(given)
    return apply(session, actor, module, given, "changed")


def apply(session: Session, actor: Actor, module: Module, given: ModuleInput, action: str) -> Module:
    """Write *given* into *module* and its history under the name *action*, unless nothing differs. Permission is the caller's."""
    checked = module_rules.check(session, given, module)
    if input_of(module) == given:
        return module
    checked.write_to(module)
    module.updated_at = utcnow()  # so that a change of terms alone counts as a change, too
    session.flush()
    module_history.record(session, actor, module, action)
    return module


def unused_slug(session: Session, wished: str) -> str:
    """Return *wished*, or it with the first free number: "adr-basiskurs-2"."""
    taken = set(
        session.scalars(
            select(Module.slug).where(or_(Module.slug == wished, Module.slug.startswith(wished + "-", autoescape=True)))
        )
    )
    number, slug = 1, wished
    while slug in taken:
        number += 1
        slug = f"{wished}-{number}"
    return slug
