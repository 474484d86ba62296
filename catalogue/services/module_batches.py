"""Many modules at once: the rules and the history of :mod:`modules`, with a short write transaction.

First everything is worked out while others read and write (:class:`Batch`), then it is written in few statements
(:func:`write`), which notices when a module was changed in between.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from catalogue.db import IntegrityError, Session, utcnow
from catalogue.models import Module, ModuleVersion, WorkflowState, module_term
from catalogue.search.feed import queue
from catalogue.services import module_rules, redirects
from catalogue.services.errors import Conflict
from catalogue.services.module_history import plain
from catalogue.services.module_input import FIELDS, LINKED, LISTS, ModuleInput, input_of
from catalogue.services.module_references import Held
from catalogue.services.module_rules import Checked
from catalogue.services.permissions import Actor, require
from catalogue.services.slugs import free_slug
from catalogue.services.sorting import slugify, sort_key
from catalogue.texts import N_

__all__ = ["NEW_PROVIDER", "Batch", "Prepared", "write"]

NEW_PROVIDER = "+"  # in front of the name of a provider that does not exist before the batch is written


@dataclass(frozen=True)
class Prepared:
    """One module as it will be: columns, terms, and the next version of its history.

    ``read_at`` is the version of the row that was read, 0 for a new module.
    """

    module_id: uuid.UUID
    slug: str
    read_at: int
    values: dict[str, Any]
    terms: list[uuid.UUID]
    number: int
    snapshot: dict[str, Any]
    changed: list[str]

    @property
    def new_provider(self) -> str:
        """The name of a provider that must be added first."""
        name: str = self.snapshot["provider"]
        return name.removeprefix(NEW_PROVIDER) if name.startswith(NEW_PROVIDER) else ""

    def with_provider(self, slug: str, identity: uuid.UUID) -> "Prepared":
        """Return the same with a provider that exists."""
        return replace(
            self, values=self.values | {"provider_id": identity}, snapshot=self.snapshot | {"provider": slug}
        )


class Batch:
    """Works out changes. Only reads; modules that are to be changed have terms, provider and programme loaded."""

    def __init__(self, session: Session, actor: Actor) -> None:
        require(actor, "module.edit")
        self.session = session
        self.known = Held(session)
        self.merged = set(session.scalars(redirects.merged_away()))  # modules that another one stands for now
        self._slugs = set(session.scalars(sa.select(Module.slug)))
        last = session.scalar(sa.select(sa.func.max(Module.position)))
        self._position = -1 if last is None else last

    def create(self, given: ModuleInput, slug: str = "") -> Prepared:
        """Return a draft with a slug of its own; raises Invalid."""
        checked = self._checked(given, None)
        given = replace(given, terms=checked.given.terms)
        chosen = free_slug(slug or slugify(given.title), self._slugs)
        self._slugs.add(chosen)
        self._position += 1
        identity = uuid.uuid4()
        self._take_code(identity, "", given.code)
        values = {"id": identity, "slug": chosen, "position": self._position, "version": 1}
        return _prepared(identity, chosen, 0, values, checked, given, WorkflowState.DRAFT, None)

    def change(
        self, module: Module, given: ModuleInput, before: ModuleVersion | None, state: WorkflowState | None = None,
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> Prepared | None:  # fmt: skip
        """Return *module* saying *given* and in *state*, None if nothing differs. *before* is its newest version; raises Invalid.

        *more* are further columns; all modules that are written together name the same ones.
        """
        current = input_of(module)
        same = state in (None, module.state) and all(getattr(module, name) == value for name, value in more.items())
        if same and current == given:
            return None
        checked = self._checked(given, module)
        given = replace(given, terms=checked.given.terms)
        if same and current == given:
            return None
        self._take_code(module.id, current.code, given.code)
        values = {**more, "module_id": module.id, "version": module.version + 1}
        return _prepared(module.id, module.slug, module.version, values, checked, given, state or module.state, before)

    def _checked(self, given: ModuleInput, module: Module | None) -> Checked:
        if given.provider.startswith(NEW_PROVIDER):
            given = replace(given, provider="")
        return module_rules.check(self.session, given, module, self.known)

    def _take_code(self, identity: uuid.UUID, old: str, new: str) -> None:
        if old != new:
            self.known.codes.pop(old, None)
        if new:
            self.known.codes[new] = identity


def _prepared(
    identity: uuid.UUID, slug: str, read_at: int, values: dict[str, Any], checked: Checked, given: ModuleInput,
    state: WorkflowState, before: ModuleVersion | None,
) -> Prepared:  # fmt: skip
    for name in FIELDS:
        if name not in LINKED:
            value = getattr(given, name)
            values[name] = list(value) if name in LISTS else value
    values |= {
        "code": given.code or None,
        "sort_title": sort_key(given.title),
        "provider_id": checked.provider.id if checked.provider else None,
        "programme_id": checked.programme.id if checked.programme else None,
        "state": state,
    }
    snapshot = plain(given) | {"state": state.value}
    old = before.snapshot if before else {}
    return Prepared(
        identity, slug, read_at, values, [term.id for term in checked.terms],
        number=before.number + 1 if before else 1,
        snapshot=snapshot,
        changed=[name for name in snapshot if snapshot[name] != old.get(name)] if before else [],
    )  # fmt: skip


def write(session: Session, actor: Actor, action: str, prepared: Sequence[Prepared]) -> None:
    """Write some hundred prepared modules with one version of history each, under the name *action*.

    Raises :class:`Conflict` if one was changed since it was read, or what it names or calls its own changed hands.
    """
    require(actor, "module.edit")
    now = utcnow()
    new = [one.values | {"created_at": now, "updated_at": now} for one in prepared if not one.read_at]
    changed = [one for one in prepared if one.read_at]
    connection = session.connection()
    try:
        if new:
            connection.execute(sa.insert(Module), new)
        if changed:
            _update(session, changed)
        if terms := [{"module_id": one.module_id, "term_id": term} for one in prepared for term in one.terms]:
            connection.execute(sa.insert(module_term), terms)
        if prepared:
            connection.execute(sa.insert(ModuleVersion), [_version(actor, action, one, now) for one in prepared])
    except IntegrityError as error:
        raise Conflict(N_("Inzwischen hat jemand etwas geändert, auf das sich diese Änderungen stützen.")) from error
    queue(session, [one.module_id for one in prepared])


def _update(session: Session, changed: Sequence[Prepared]) -> None:
    ids = [one.module_id for one in changed]
    wanted = sa.select(Module.id, Module.version, Module.title).where(Module.id.in_(ids)).with_for_update()
    found = {row.id: row for row in session.execute(wanted)}
    for one in changed:
        row = found.get(one.module_id)
        if row is None or row.version != one.read_at:
            raise Conflict(N_("„%(title)s“ wurde seit der Prüfung geändert."), title=one.snapshot["title"])
    connection = session.connection()
    values = [one.values | {"updated_at": utcnow()} for one in changed]
    names = [name for name in values[0] if name != "module_id"]
    statement = sa.update(Module).where(Module.id == sa.bindparam("module_id"))
    connection.execute(statement.values({name: sa.bindparam(name) for name in names}), values)
    connection.execute(sa.delete(module_term).where(module_term.c.module_id.in_(ids)))


def _version(actor: Actor, action: str, one: Prepared, now: Any) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(), "module_id": one.module_id, "number": one.number, "at": now, "user_id": actor.user_id,
        "user_label": actor.label, "action": action, "changed": one.changed, "snapshot": one.snapshot,
    }  # fmt: skip
