"""Modules: finding one, writing a new one, changing one. The workflow is in workflow.py, the past in module_history.py."""

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import Module, Provider, Run, WorkflowState
from catalogue.services import module_history, module_rules, redirects
from catalogue.services.errors import Moved, NotFound
from catalogue.services.locking import claim
from catalogue.services.module_input import ModuleInput, input_of, tidy
from catalogue.services.permissions import Actor, can, require
from catalogue.services.slugs import unused_slug
from catalogue.services.sorting import slugify
from catalogue.texts import N_

__all__ = ["LOADED", "ModuleInput", "apply", "create", "get", "input_of", "lock", "restore", "update"]

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
    Raises :class:`Moved` if it was merged into one that the actor may see, and :class:`NotFound` otherwise, whether or not it
    exists.
    """
    module = session.scalar(select(Module).where(Module.slug == slug).options(*LOADED))
    if module is not None and (into := redirects.target(session, module)) is not None:
        if _visible(actor, into):
            raise Moved(slug, into.slug, into.title)
        module = None
    if module is None or not _visible(actor, module):
        raise NotFound(N_("Dieses Modul gibt es nicht."))
    return module


def _visible(actor: Actor, module: Module) -> bool:
    was_public = module.state == WorkflowState.ARCHIVED and module.published_at is not None
    return module.is_public or was_public or can(actor, "module.see_unpublished", module)


def lock(session: Session, module: Module, version: int | None, mine: ModuleInput | None = None) -> None:
    """Read *module* again, see :func:`catalogue.services.locking.claim`."""
    claim(session, module, version, mine, *LOADED)


def create(session: Session, actor: Actor, given: ModuleInput, slug: str = "") -> Module:
    """Make a draft with a slug of its own (from the title, or *slug* if it is free) and its first version."""
    require(actor, "module.edit")
    given = tidy(module_rules.with_duration(session, tidy(given)))
    checked = module_rules.check(session, given)
    last = session.scalar(select(func.max(Module.position)))
    module = Module(
        id=uuid.uuid4(),
        slug=unused_slug(session, Module.slug, slug or slugify(given.title)),
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
        given = module_rules.without_derived_duration(input_of(module), given)
        given = tidy(module_rules.with_duration(session, given))
    return apply(session, actor, module, given, "changed")


def apply(session: Session, actor: Actor, module: Module, given: ModuleInput, action: str) -> Module:
    """Write *given* into *module* and its history under the name *action*, unless nothing differs. Permission is the caller's."""
    checked = module_rules.check(session, given, module)
    if input_of(module) == checked.given:
        return module
    checked.write_to(module)
    module.updated_at = utcnow()  # so that a change of terms alone counts as a change, too
    session.flush()
    module_history.record(session, actor, module, action)
    return module


def restore(session: Session, actor: Actor, module: Module, number: int, version: int | None = None) -> Module:
    """Let *module* say again what its version *number* said. Slug and workflow state stay as they are now.

    Raises NotFound, Stale, and Invalid where something it names is gone.
    """
    require(actor, "module.edit", module)
    wanted = module_history.get(session, actor, module, number)
    lock(session, module, version)
    return apply(session, actor, module, module_history.input_from(wanted.snapshot), "restored")
