"""Finding modules that are in the catalogue twice: for what somebody is about to enter, and in the whole catalogue."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, or_, select

from catalogue.db import Session
from catalogue.models import Module, ModuleDistinct, Provider, WorkflowState
from catalogue.search.index import SearchIndex
from catalogue.services import audit, redirects, search
from catalogue.services.duplicate_signs import Likeness, Register, Traits, estimate, overlap, shingles, sketch, traits
from catalogue.services.errors import Invalid
from catalogue.services.module_batches import NEW_PROVIDER
from catalogue.services.module_input import FIELDS, LINKED, LISTS, ModuleInput
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["Candidate", "Pair", "candidates", "forget", "note_distinct", "of_inputs", "pairs"]

MOST = 5
ALIKE = 10  # that the index is asked for
WORTH_READING = 0.35  # about how much of two texts must be the same to look at them word by word
AT_ONCE = 500


@dataclass(frozen=True)
class Candidate:
    """A module that may be the one in question, and why."""

    module: Traits
    likeness: Likeness


@dataclass(frozen=True)
class Pair:
    """Two modules that may be one offer, and why."""

    one: Traits
    other: Traits
    likeness: Likeness


def candidates(
    session: Session, actor: Actor, index: SearchIndex, given: ModuleInput, own: Module | None = None
) -> list[Candidate]:
    """Return up to five modules that may be the same offer as *given*, the likeliest first; archived ones are among them.

    *own* is the module that says *given*, if there is one: pairs that somebody told apart are left out.
    """
    require(actor, "module.edit")
    register = _register(session, archived=True)
    alike = search.similar(session, actor, index, own or _draft(given), ALIKE)
    hidden = _told_apart(session, own) if own else set()
    return _best(session, register, given, own, {module.id for module in alike}, hidden)


def of_inputs(session: Session, actor: Actor, given: Iterable[ModuleInput]) -> list[list[Candidate]]:
    """Return the candidates of each of *given*, for a page of an import; by title, code and source, not by text alone."""
    require(actor, "module.edit")
    register = _register(session, archived=True)
    return [_best(session, register, one, None, set(), set()) for one in given]


def _best(
    session: Session, register: Register, given: ModuleInput, own: Module | None, alike: set[uuid.UUID],
    hidden: set[uuid.UUID],
) -> list[Candidate]:  # fmt: skip
    asked = _asked(session, given, own)
    near = register.near(asked)
    if missing := alike - {one.id for one in near}:
        near += [one for one in register.known if one.id in missing]
    near = [one for one in near if one.id not in hidden]
    texts = _texts(session, [one.id for one in near if one.id])
    mine = shingles(_text(given))
    found = [
        Candidate(one, likeness)
        for one in near
        if (likeness := register.likeness(asked, one, overlap(mine, shingles(texts[one.id])) if one.id else 0.0))
    ]
    return sorted(found, key=lambda one: (-one.likeness.score, one.module.slug))[:MOST]


def _asked(session: Session, given: ModuleInput, own: Module | None) -> Traits:
    name = given.provider_text
    if given.provider.startswith(NEW_PROVIDER):
        name = given.provider.removeprefix(NEW_PROVIDER)
    elif given.provider:
        name = session.scalar(select(Provider.name).where(Provider.slug == given.provider)) or name
    urls = (given.source_url, *given.more_sources)
    return traits(given.title, name, given.code, urls, id=own.id if own else None)


def _draft(given: ModuleInput) -> Module:
    """Return a module that says *given* and belongs to no session, for the index to look at."""
    values = {name: getattr(given, name) for name in FIELDS if name not in LINKED}
    values |= {name: list(values[name]) for name in LISTS}
    return Module(**values, terms=[], runs=[])


def _register(session: Session, *, archived: bool) -> Register:
    statement = (
        select(
            Module.id, Module.slug, Module.title, Module.state, Module.code, Module.source_url, Module.more_sources,
            Module.provider_text, Provider.name,
        )
        .outerjoin(Provider, Module.provider_id == Provider.id)
        .where(Module.id.not_in(redirects.merged_away()))
        .order_by(Module.sort_title, Module.id)
    )  # fmt: skip
    if not archived:
        statement = statement.where(Module.state != WorkflowState.ARCHIVED)
    return Register(
        traits(row.title, row.name or row.provider_text, row.code or "", (row.source_url, *row.more_sources), id=row.id,
               slug=row.slug, state=row.state)
        for row in session.execute(statement)
    )  # fmt: skip


_TEXT = (Module.summary, Module.description, Module.contents, Module.objectives)


def _text(given: ModuleInput) -> str:
    return _joined(given.summary, given.description, given.contents, given.objectives)


def _joined(summary: str, description: str, contents: Sequence[str], objectives: Sequence[str]) -> str:
    return "\n".join([summary, description, *contents, *objectives])


def _texts(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    found: dict[uuid.UUID, str] = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = session.execute(select(Module.id, *_TEXT).where(Module.id.in_(ids[start : start + AT_ONCE])))
        found |= {row[0]: _joined(*row[1:]) for row in rows}
    return found


# --- the whole catalogue

_sketches: dict[uuid.UUID, tuple[int, tuple[int, ...]]] = {}  # of this process: id → version and sketch of the text


def pairs(session: Session, actor: Actor) -> list[Pair]:
    """Return pairs of modules that may be one offer, the likeliest first; archived ones and those told apart are left out."""
    require(actor, "module.merge")
    register = _register(session, archived=False)
    told = {frozenset(row) for row in session.execute(select(ModuleDistinct.one_id, ModuleDistinct.other_id))}
    sketches = _current_sketches(session)
    near = [
        (one, other, estimate(sketches.get(one.id, ()), sketches.get(other.id, ())) if one.id and other.id else 0.0)
        for one, other in register.pairs(sketches)
        if one.numbers == other.numbers or (one.code and one.code == other.code)
    ]
    read = {one.id for *pair, same in near if same >= WORTH_READING for one in pair if one.id}
    held = {identity: shingles(text) for identity, text in _texts(session, list(read)).items()}
    found = []
    for one, other, same in near:
        if frozenset((one.id, other.id)) in told:
            continue
        if same >= WORTH_READING and one.id and other.id:
            same = overlap(held[one.id], held[other.id])
        if likeness := register.likeness(one, other, same):
            found.append(Pair(one, other, likeness))
    return sorted(found, key=lambda pair: (-pair.likeness.score, pair.one.title, pair.one.slug, pair.other.slug))


def _current_sketches(session: Session) -> dict[uuid.UUID, tuple[int, ...]]:
    """Return the sketch of every text; only what changed since the last time is read."""
    versions = {row[0]: row[1] for row in session.execute(select(Module.id, Module.version))}
    unread = [identity for identity, version in versions.items() if _sketches.get(identity, (0,))[0] != version]
    for start in range(0, len(unread), AT_ONCE):
        texts = _texts(session, unread[start : start + AT_ONCE])
        _sketches.update({identity: (versions[identity], sketch(text)) for identity, text in texts.items()})
    for gone in _sketches.keys() - versions.keys():
        _sketches.pop(gone, None)
    return {identity: _sketches[identity][1] for identity in versions if identity in _sketches}


# --- told apart


def _told_apart(session: Session, module: Module) -> set[uuid.UUID]:
    condition = or_(ModuleDistinct.one_id == module.id, ModuleDistinct.other_id == module.id)
    rows = session.execute(select(ModuleDistinct.one_id, ModuleDistinct.other_id).where(condition))
    return {identity for row in rows for identity in row} - {module.id}


def note_distinct(session: Session, actor: Actor, one: Module, other: Module) -> None:
    """Remember that the two are different offers: the pair is not shown again. A second time changes nothing."""
    require(actor, "module.merge", one)
    if one.id == other.id:
        raise Invalid("", N_("Wählen Sie zwei verschiedene Module."))
    key = _key(one, other)
    if session.get(ModuleDistinct, key, with_for_update=True) is None:
        session.add(ModuleDistinct(one_id=key[0], other_id=key[1], user_label=actor.label[:200]))
        session.flush()
        audit.record(session, actor, "module.told_apart", one, other=other.slug)


def forget(session: Session, actor: Actor, one: Module, other: Module) -> None:
    """Take :func:`note_distinct` back."""
    require(actor, "module.merge", one)
    first, second = _key(one, other)
    session.execute(delete(ModuleDistinct).where(ModuleDistinct.one_id == first, ModuleDistinct.other_id == second))


def _key(one: Module, other: Module) -> tuple[uuid.UUID, uuid.UUID]:
    first, second = sorted((one.id, other.id))
    return first, second
