"""The way of a module's record: draft → review → published → archived, and back. One verb for each step."""

from dataclasses import dataclass
from typing import Any

from catalogue.db import Session, utcnow
from catalogue.models import Module, User, WorkflowState
from catalogue.services import audit, module_history, modules
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.module_input import ModuleInput
from catalogue.services.permissions import Actor, can, require
from catalogue.texts import N_, Text

__all__ = [
    "AUDITED", "STEPS", "Step", "archive", "missing", "outcome", "publish", "reopen", "step", "steps", "submit", "withdraw",
]  # fmt: skip

DRAFT, REVIEW, PUBLISHED, ARCHIVED = WorkflowState


@dataclass(frozen=True)
class Step:
    """One step: what its button says, from where to where it leads, and which permission it needs."""

    name: str
    label: str
    sources: tuple[WorkflowState, ...]
    target: WorkflowState
    permission: str
    done: str


STEPS = {
    step.name: step
    for step in (
        Step("submit", N_("Zur Prüfung geben"), (DRAFT,), REVIEW, "module.edit", N_("Das Modul wartet auf Prüfung.")),
        Step(
            "publish", N_("Veröffentlichen"), (REVIEW, DRAFT), PUBLISHED, "module.publish",
            N_("Das Modul steht im Katalog."),
        ),
        Step(
            "withdraw", N_("In den Entwurf zurücknehmen"), (REVIEW, PUBLISHED), DRAFT, "module.publish",
            N_("Das Modul ist wieder ein Entwurf."),
        ),
        Step(
            "archive", N_("Archivieren"), (PUBLISHED, REVIEW, DRAFT), ARCHIVED, "module.publish",
            N_("Das Modul ist archiviert. Bedarf und Rückmeldungen bleiben erhalten."),
        ),
        Step(
            "reopen", N_("Als Entwurf wiederherstellen"), (ARCHIVED,), DRAFT, "module.publish",
            N_("Das Modul ist wieder ein Entwurf."),
        ),
    )
}  # fmt: skip
AUDITED = {"publish", "archive", "withdraw", "reopen"}


def steps(actor: Actor, module: Module) -> list[Step]:
    """Return what *actor* may do with *module* now, the usual next step first."""
    return [found for found in STEPS.values() if module.state in found.sources and can(actor, found.permission, module)]


def missing(module: Module | ModuleInput) -> dict[str, Text]:
    """Return what *module* must state before it can be published: field → sentence. Empty: nothing."""
    wanted = {
        "summary": (
            module.summary or module.contents or module.description,
            N_("Beschreiben Sie das Modul in einem Satz oder nennen Sie Inhalte."),
        ),
        "provider": (module.provider or module.provider_text, N_("Nennen Sie den Anbieter.")),
        "source_url": (module.source_url or module.as_of, N_("Nennen Sie die Quelle oder den Stand der Angaben.")),
    }
    return {name: Text(message) for name, (value, message) in wanted.items() if not value}


def step(
    session: Session, actor: Actor, module: Module, name: str, version: int | None = None, reviewer: User | None = None
) -> Module:
    """Take the step called *name* (a key of ``STEPS``; KeyError otherwise). A module in review can name its *reviewer*.

    Raises NotAllowed, :class:`Stale` if *module* is no longer at *version*, :class:`Conflict` if its state does not allow the
    step, and :class:`Invalid` with the missing fields if it cannot be published yet.
    """
    wanted = STEPS[name]
    require(actor, wanted.permission, module)
    modules.lock(session, module, version)
    for column, value in outcome(module, name, module, reviewer).items():
        setattr(module, column, value)
    module.updated_at = utcnow()
    session.flush()
    module_history.record(session, actor, module, name)
    if name in AUDITED:
        audit.record(session, actor, f"module.{name}", module)
    return module


def outcome(module: Module, name: str, said: Module | ModuleInput, reviewer: User | None = None) -> dict[str, Any]:
    """Return the columns that the step called *name* sets in *module*, which then says *said*: state, reviewer, days.

    What was planned for a day and is done by then is not done again. Raises Conflict and Invalid as :func:`step` does.
    """
    wanted = STEPS[name]
    if module.state not in wanted.sources:
        raise Conflict(N_("In diesem Zustand ist das nicht möglich. Laden Sie die Seite neu."))
    values: dict[str, Any] = {"state": wanted.target}
    values["reviewer_id"] = reviewer.id if reviewer and wanted.target == REVIEW else None
    if wanted.target == PUBLISHED:
        if lacking := missing(said):
            raise Invalid(fields=lacking)
        values["published_at"] = module.published_at or utcnow()
    if wanted.target in (PUBLISHED, ARCHIVED):
        values["publish_on"] = None
    if wanted.target == ARCHIVED:
        values["archive_on"] = None
    return values


def submit(session: Session, actor: Actor, module: Module, version: int | None = None) -> Module:
    """Let a draft wait for review."""
    return step(session, actor, module, "submit", version)


def publish(session: Session, actor: Actor, module: Module, version: int | None = None) -> Module:
    """Put a draft or a reviewed module into the catalogue."""
    return step(session, actor, module, "publish", version)


def withdraw(session: Session, actor: Actor, module: Module, version: int | None = None) -> Module:
    """Make a published or waiting module a draft again; it leaves the catalogue."""
    return step(session, actor, module, "withdraw", version)


def archive(session: Session, actor: Actor, module: Module, version: int | None = None) -> Module:
    """Take a module out of the catalogue; its page, demand and feedback stay."""
    return step(session, actor, module, "archive", version)


def reopen(session: Session, actor: Actor, module: Module, version: int | None = None) -> Module:
    """Make a draft of an archived module."""
    return step(session, actor, module, "reopen", version)
