"""Merging two terms of one vocabulary, and taking it back: everything that points at the one then points at the other.

The merged term stays as a signpost, so that its code goes on working in addresses, lists and old versions.
"""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import flag_modified

from catalogue.db import Session, utcnow
from catalogue.models import (
    BulkChange,
    BulkKind,
    Demand,
    Module,
    PendingVersion,
    Run,
    SavedSearch,
    Term,
    Vocabulary,
    module_term,
)
from catalogue.search.feed import queue
from catalogue.services import audit, bulk, module_history, questions
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.term_uses import COLUMNS, codes, pending_with, searches_with
from catalogue.texts import N_

__all__ = ["MERGED", "UNDONE", "merge", "undo"]

MERGED, UNDONE = "term_merged", "term_merge_undone"  # actions of the history
LISTS = ("synonyms", "old_names", "external_codes")
AT_ONCE = 500
Moved = dict[str, Any]


def merge(
    session: Session, actor: Actor, term: Term, into: Term, version: int | None = None, into_version: int | None = None
) -> BulkChange:
    """Let *into* stand for *term*, too, read at these versions. Every module gets one version of history.

    Raises Stale, and Invalid("into") where the two cannot be one.
    """
    require(actor, "vocabulary.edit", term)
    require(actor, "module.publish")
    for one, read in sorted(((term, version), (into, into_version)), key=lambda pair: pair[0].id):
        claim(session, one, read)
    _check(term, into)
    modules = _modules(session, term)
    entries = [_move_module(module, term, into) for module in modules]
    moved = _move_rows(session, term, into) | _move_words(session, term, into) | _move_tree(session, term, into)
    _keep_names(term, into)
    term.merged_into_id, term.retired = into.id, True
    session.flush()
    numbers = _record(session, actor, modules, MERGED)
    change = BulkChange(
        kind=BulkKind.TERMS,
        user_id=actor.user_id,
        user_label=actor.label,
        about={"vocabulary": term.vocabulary, "term": term.id.hex, "into": into.id.hex}
        | {"label": term.label_de, "into_label": into.label_de, "code": term.code, "into_code": into.code},
        entries=[entry | {"number": numbers[module.id]} for module, entry in zip(modules, entries, strict=True)],
        moved=moved,
        count=len(modules),
    )
    session.add(change)
    session.flush()
    _queue_runs(session, into)
    audit.record(session, actor, "term.merge", term, label=term.label_de, into=into.label_de, modules=len(modules))
    return change


def _check(term: Term, into: Term) -> None:
    if term.id == into.id or term.vocabulary != into.vocabulary:
        raise Invalid("into", N_("Wählen Sie einen anderen Begriff derselben Liste."))
    if term.merged_into_id or into.merged_into_id:
        raise Invalid("into", N_("Einer der beiden Begriffe ist schon mit einem anderen zusammengeführt."))


def _modules(session: Session, *carried: Term) -> list[Module]:
    ids = sa.select(module_term.c.module_id).where(module_term.c.term_id.in_([term.id for term in carried]))
    loaded = (selectinload(Module.terms), selectinload(Module.provider), selectinload(Module.programme))
    statement = sa.select(Module).where(Module.id.in_(ids)).options(*loaded).order_by(Module.id)
    return list(session.scalars(statement.with_for_update(of=Module).execution_options(populate_existing=True)))


def _move_module(module: Module, term: Term, into: Term) -> dict[str, Any]:
    had = into in module.terms
    module.terms = [one for one in module.terms if one is not term] + ([] if had else [into])
    module.updated_at = utcnow()
    return {"module": module.id.hex, "title": module.title, "had": had}


def _record(session: Session, actor: Actor, modules: list[Module], action: str) -> dict[uuid.UUID, int]:
    numbers: dict[uuid.UUID, int] = {}
    for start in range(0, len(modules), AT_ONCE):
        numbers |= module_history.record_all(session, actor, modules[start : start + AT_ONCE], action)
    return numbers


# --- what is stored as a reference. When somebody last said something is not changed by it


def _move_rows(session: Session, term: Term, into: Term) -> Moved:
    moved: Moved = {}
    for name, (kind, column) in COLUMNS.items():
        ids = session.scalars(sa.select(kind.id).where(column == term.id)).all()  # type: ignore[attr-defined]
        moved[name] = [identity.hex for identity in ids]
        _point(session, name, ids, term, into)
    moved["demand"] = []
    if term.vocabulary == Vocabulary.FORMAT:
        demand = session.scalars(sa.select(Demand.id).where(Demand.format_code == term.code)).all()
        moved["demand"] = [identity.hex for identity in demand]
        _point_demand(session, demand, term, into)
    return moved


def _point(session: Session, name: str, ids: Iterable[uuid.UUID], term: Term, into: Term) -> None:
    kind, column = COLUMNS[name]
    wanted = sa.update(kind).where(kind.id.in_(list(ids)), column == term.id)  # type: ignore[attr-defined]
    kept = {"updated_at": kind.updated_at} if hasattr(kind, "updated_at") else {}
    session.execute(wanted.values({column.key: into.id, **kept}))


def _point_demand(session: Session, ids: Iterable[uuid.UUID], term: Term, into: Term) -> None:
    wanted = sa.update(Demand).where(Demand.id.in_(list(ids)), Demand.format_code == term.code)
    session.execute(wanted.values(format_code=into.code, updated_at=Demand.updated_at))


def _queue_runs(session: Session, *regions: Term) -> None:
    """The index finds modules by the regions of their runs, which were moved past it."""
    queue(session, session.scalars(sa.select(Run.module_id).where(Run.region_id.in_([one.id for one in regions]))))


# --- what is stored as a code in words


def _move_words(session: Session, term: Term, into: Term) -> Moved:
    searches = []
    for identity, question in searches_with(session, term):
        asked = questions.renamed(question, term.vocabulary, term.code, into.code)
        searches.append([identity.hex, question, asked])
        _ask(session, identity, question, asked)
    waiting = []
    for one in pending_with(session, term):
        before = [codes(one.base, term), codes(one.snapshot, term)]
        after = [_replaced(listed, term.code, into.code) for listed in before]
        _say(one, term, after)
        waiting.append([one.id.hex, before, after])
    return {"searches": searches, "pending": waiting}


def _ask(session: Session, identity: uuid.UUID, old: str, new: str) -> None:
    wanted = sa.update(SavedSearch).where(SavedSearch.id == identity, SavedSearch.question == old)
    session.execute(wanted.values(question=new, updated_at=SavedSearch.updated_at))


def _replaced(listed: list[str], old: str, new: str) -> list[str]:
    return sorted({new if code == old else code for code in listed})


def _say(waiting: PendingVersion, term: Term, listed: list[list[str]]) -> None:
    for said, names in zip((waiting.base, waiting.snapshot), listed, strict=True):
        if names or term.vocabulary in said.get("terms", {}):
            said["terms"] = said.get("terms", {}) | {term.vocabulary: names}
    for name in ("base", "snapshot", "updated_at"):
        flag_modified(waiting, name)


# --- the terms themselves


def _move_tree(session: Session, term: Term, into: Term) -> Moved:
    """Let *into* stand above what stood below *term*, and be named by the signposts that led to *term*."""
    moved: Moved = {"into_parent": _hex(into.parent_id), "retired": term.retired}
    if _is_below(session, into, term):
        into.parent_id = term.parent_id
    moved["into_parent_after"] = _hex(into.parent_id)
    below = session.scalars(sa.select(Term).where(Term.parent_id == term.id, Term.id != into.id)).all()
    posts = session.scalars(sa.select(Term).where(Term.merged_into_id == term.id)).all()
    for one in below:
        one.parent_id = into.id
    for one in posts:
        one.merged_into_id = into.id
    moved["names"] = {name: list(getattr(into, name)) for name in LISTS}
    return moved | {"below": [one.id.hex for one in below], "signposts": [one.id.hex for one in posts]}


def _is_below(session: Session, candidate: Term, term: Term) -> bool:
    at, seen = candidate.parent_id, set[uuid.UUID]()
    while at is not None and at not in seen:
        if at == term.id:
            return True
        seen.add(at)
        at = session.scalar(sa.select(Term.parent_id).where(Term.id == at))
    return False


def _hex(identity: uuid.UUID | None) -> str:
    return identity.hex if identity else ""


def _keep_names(term: Term, into: Term) -> None:
    """Whoever knows the merged term by any of its names still finds it."""
    gained = {
        "synonyms": [*term.synonyms, term.label_en],
        "old_names": [term.label_de, *term.old_names],
        "external_codes": term.external_codes,
    }
    for name, words in gained.items():
        known = {into.label_de, into.label_en, "", *getattr(into, name)}
        setattr(into, name, [*getattr(into, name), *(word for word in dict.fromkeys(words) if word not in known)])


# --- taking it back


def undo(session: Session, actor: Actor, change: BulkChange) -> BulkChange:
    """Give *change*'s term back everything that still points where the merge had put it; ``conflicts`` names modules that do not.

    Raises Conflict if it was undone already or the other term was merged, too.
    """
    require(actor, "vocabulary.edit")
    require(actor, "module.publish")
    bulk.claim(session, change)
    term, into = (session.get(Term, uuid.UUID(hex=change.about[name])) for name in ("term", "into"))
    if term is None or into is None or term.merged_into_id != into.id or into.merged_into_id:
        raise Conflict(
            N_("Einer der Begriffe wurde danach noch einmal zusammengeführt. Machen Sie zuerst das rückgängig.")
        )
    for one in sorted((term, into), key=lambda found: found.id):
        claim(session, one, None)
    moved = change.moved
    _tree_back(session, term, into, moved)
    modules, conflicts = _modules_back(session, term, into, change.entries)
    _rows_back(session, term, into, moved)
    change.undone_at, change.undone_by, change.conflicts = utcnow(), actor.label, conflicts
    session.flush()
    _record(session, actor, modules, UNDONE)
    _queue_runs(session, term, into)
    audit.record(
        session, actor, "term.merge_undone", term, label=term.label_de, modules=len(modules), kept=len(conflicts)
    )
    return change


def _modules_back(
    session: Session, term: Term, into: Term, entries: list[dict[str, Any]]
) -> tuple[list[Module], list[str]]:
    carrying = {module.id.hex: module for module in _modules(session, into)}
    changed, conflicts = [], []
    for entry in entries:
        module = carrying.get(entry["module"])
        if module is None:  # somebody took the term away since, or the module is gone
            conflicts.append(entry["title"])
            continue
        module.terms = [one for one in module.terms if entry["had"] or one is not into] + [term]
        module.updated_at = utcnow()
        changed.append(module)
    return changed, conflicts


def _rows_back(session: Session, term: Term, into: Term, moved: Moved) -> None:
    for name in COLUMNS:
        _point(session, name, _ids(moved[name]), into, term)
    _point_demand(session, _ids(moved["demand"]), into, term)
    for identity, old, new in moved["searches"]:
        _ask(session, uuid.UUID(hex=identity), new, old)
    waiting = {one.id.hex: one for one in pending_with(session, into)}
    for identity, before, after in moved["pending"]:
        one = waiting.get(identity)
        if one is not None and [codes(one.base, term), codes(one.snapshot, term)] == after:
            _say(one, term, before)


def _tree_back(session: Session, term: Term, into: Term, moved: Moved) -> None:
    for one in session.scalars(sa.select(Term).where(Term.id.in_(_ids(moved["below"])), Term.parent_id == into.id)):
        one.parent_id = term.id
    for one in session.scalars(sa.select(Term).where(Term.id.in_(_ids(moved["signposts"])))):
        one.merged_into_id = term.id
    if _hex(into.parent_id) == moved["into_parent_after"]:
        into.parent_id = uuid.UUID(hex=moved["into_parent"]) if moved["into_parent"] else None
    gained = _gained(term, into, moved["names"])
    for name, words in gained.items():
        setattr(into, name, [word for word in getattr(into, name) if word not in words])
    term.merged_into_id, term.retired = None, moved["retired"]


def _gained(term: Term, into: Term, before: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return the names that *into* has only because of the merge."""
    brought = {*term.synonyms, *term.old_names, *term.external_codes, term.label_de, term.label_en}
    return {name: {word for word in brought if word not in before[name]} for name in LISTS}


def _ids(stored: Iterable[str]) -> list[uuid.UUID]:
    return [uuid.UUID(hex=identity) for identity in stored]
