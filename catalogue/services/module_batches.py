"""Many modules at once, in few statements: the rules and the history of :mod:`modules` for imports and other work in bulk."""

import uuid

from sqlalchemy import func, select

from catalogue.db import Session, utcnow
from catalogue.models import Module, WorkflowState
from catalogue.services import module_history, module_rules
from catalogue.services.module_input import ModuleInput, input_of
from catalogue.services.module_references import Held
from catalogue.services.permissions import Actor, require
from catalogue.services.slugs import free_slug
from catalogue.services.sorting import slugify

__all__ = ["Batch"]


class Batch:
    """Collects changes under one name of action; :meth:`flush` writes them with one version of history each.

    The modules that are changed have terms, provider and programme loaded. Everything is in the caller's transaction.
    """

    def __init__(self, session: Session, actor: Actor, action: str) -> None:
        require(actor, "module.edit")
        self.session, self.actor, self.action = session, actor, action
        self.known = Held(session)
        self._slugs = set(session.scalars(select(Module.slug)))
        last = session.scalar(select(func.max(Module.position)))
        self._position = -1 if last is None else last
        self._pending: list[Module] = []

    def create(self, given: ModuleInput, slug: str = "") -> Module:
        """Make a draft with a slug of its own; raises Invalid."""
        checked = module_rules.check(self.session, given, None, self.known)
        chosen = free_slug(slug or slugify(given.title), self._slugs)
        self._slugs.add(chosen)
        self._position += 1
        module = Module(id=uuid.uuid4(), slug=chosen, state=WorkflowState.DRAFT, position=self._position, runs=[])
        checked.write_to(module)
        self._take_code(module, "", given.code)
        self.session.add(module)
        self._pending.append(module)
        return module

    def change(self, module: Module, given: ModuleInput, state: WorkflowState | None = None) -> bool:
        """Let *module* say *given* and be in *state*; return whether that changes anything. Raises Invalid."""
        checked = module_rules.check(self.session, given, module, self.known)
        before = input_of(module)
        if before == given and state in (None, module.state):
            return False
        checked.write_to(module)
        self._take_code(module, before.code, given.code)
        module.state = state or module.state
        module.updated_at = utcnow()
        self._pending.append(module)
        return True

    def _take_code(self, module: Module, old: str, new: str) -> None:
        if old != new:
            self.known.codes.pop(old, None)
        if new:
            self.known.codes[new] = module.id

    def flush(self) -> dict[uuid.UUID, int]:
        """Write what was collected; return the number of the new version of each module."""
        self.session.flush()
        numbers = module_history.record_all(self.session, self.actor, self._pending, self.action)
        self._pending = []
        return numbers
