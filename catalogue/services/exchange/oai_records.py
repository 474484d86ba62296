"""What OAI-PMH harvests: published modules, and tombstones of those that were published once, in the order of their last change."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, false, func, select

from catalogue.db import Session
from catalogue.models import Module, Programme, Term, Vocabulary, WorkflowState, module_term
from catalogue.services.modules import LOADED

__all__ = ["Cursor", "Selection", "Sets", "earliest", "find", "one", "sets", "sets_of"]

TOPIC, PROGRAMME = "topic", "programme"
# deletions are told for good: a module that was published once stays as a record, whatever becomes of it
TOLD = (Module.state == WorkflowState.PUBLISHED) | Module.published_at.is_not(None)
Sets = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Cursor:
    """The last record that was given: the next ones were changed later, or at the same time with a greater id."""

    at: datetime
    id: uuid.UUID


@dataclass(frozen=True)
class Selection:
    """Which records: changed from *since* to *until* (both included, to the second), of one set ("" for all)."""

    since: datetime | None = None
    until: datetime | None = None
    set_spec: str = ""


def find(session: Session, selection: Selection, after: Cursor | None, most: int) -> tuple[list[Module], int]:
    """Return at most *most* records behind *after*, and how many there are in the whole selection."""
    chosen = select(Module).where(TOLD, *_conditions(selection))
    total = session.scalar(select(func.count()).select_from(chosen.with_only_columns(Module.id).subquery())) or 0
    if after is not None:
        later = (Module.updated_at == after.at) & (Module.id > after.id)
        chosen = chosen.where((Module.updated_at > after.at) | later)
    ordered = chosen.options(*LOADED).order_by(Module.updated_at, Module.id).limit(most)
    return list(session.scalars(ordered)), total


def one(session: Session, module_id: uuid.UUID) -> Module | None:
    """Return one record, None if there is (and was) none for the public."""
    return session.scalar(select(Module).where(Module.id == module_id, TOLD).options(*LOADED))


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if selection.since:
        found.append(Module.updated_at >= selection.since)
    if selection.until:
        found.append(Module.updated_at <= selection.until.replace(microsecond=999_999))
    kind, _, key = selection.set_spec.partition(":")
    if kind == TOPIC:
        found.append(
            Module.id.in_(_with_topic(key))
            if key
            else Module.id.in_(select(module_term.c.module_id).where(_is_topic()))
        )
    elif kind == PROGRAMME:
        programmes = select(Programme.id).where(Programme.slug == key) if key else select(Programme.id)
        found.append(Module.programme_id.in_(programmes))
    elif selection.set_spec:
        found.append(false())  # no such set
    return found


def _is_topic() -> ColumnElement[bool]:
    return module_term.c.term_id.in_(select(Term.id).where(Term.vocabulary == Vocabulary.TOPIC))


def _with_topic(code: str) -> Select[tuple[uuid.UUID]]:
    own = select(Term.id).where(Term.vocabulary == Vocabulary.TOPIC, Term.code == code)
    return select(module_term.c.module_id).where(module_term.c.term_id.in_(own))


def earliest(session: Session) -> datetime:
    """Return when the oldest record was last changed; nothing can be older."""
    return session.scalar(select(func.min(Module.updated_at)).where(TOLD)) or datetime(2000, 1, 1, tzinfo=UTC)


def sets(session: Session) -> Sets:
    """Return all sets with their names: topics and programmes, each below a set of all of its kind."""
    topics = select(Term.code, Term.label_de).where(
        Term.vocabulary == Vocabulary.TOPIC, Term.retired.is_(False), Term.merged_into_id.is_(None)
    )
    programmes = select(Programme.slug, Programme.name).order_by(Programme.position, Programme.slug)
    return [
        (TOPIC, "Themen"),
        *((f"{TOPIC}:{code}", label) for code, label in session.execute(topics.order_by(Term.position, Term.code))),
        (PROGRAMME, "Programme"),
        *((f"{PROGRAMME}:{slug}", name) for slug, name in session.execute(programmes)),
    ]


def sets_of(module: Module) -> list[str]:
    """Return the sets that a module belongs to."""
    found = [f"{TOPIC}:{term.code}" for term in module.terms_of(Vocabulary.TOPIC)]
    return [*found, f"{PROGRAMME}:{module.programme.slug}"] if module.programme else found
