"""Keeping vocabularies: which terms are used how often, and changing what they are called."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, Provider, Run, Term, Vocabulary, Wish, module_term
from catalogue.services import audit
from catalogue.services.errors import NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import slugify
from catalogue.texts import N_

__all__ = ["TermInput", "Used", "create", "get", "input_of", "listing", "offered", "update", "usage"]

LONGEST_LIST = 100
NAME = 200


@dataclass(frozen=True)
class TermInput:
    """Everything about a term that can be edited; its code never changes. ``parent`` is a code of the same vocabulary."""

    label_de: str
    label_en: str = ""
    description: str = ""
    parent: str = ""
    position: int = 0
    synonyms: tuple[str, ...] = ()
    old_names: tuple[str, ...] = ()
    retired: bool = False


class Used(NamedTuple):
    """A term, how many modules carry it, and how often companies, providers, runs and wishes do."""

    term: Term
    modules: int
    others: int


def listing(session: Session, actor: Actor, vocabulary: Vocabulary) -> list[Used]:
    """Return all terms of *vocabulary* in their order, retired ones too, each behind its parent."""
    require(actor, "vocabulary.edit")
    used = usage(session)
    terms = session.scalars(
        sa.select(Term)
        .where(Term.vocabulary == vocabulary)
        .options(joinedload(Term.parent))
        .order_by(Term.position, Term.label_de, Term.id)
    )
    return [Used(term, *used.get(term.id, (0, 0))) for term in terms]


def offered(session: Session) -> dict[str, list[Term]]:
    """Return all terms of all vocabularies in their order, retired ones too, by the name of the vocabulary."""
    found: dict[str, list[Term]] = {}
    for term in session.scalars(sa.select(Term).order_by(Term.position, Term.label_de, Term.id)):
        found.setdefault(term.vocabulary, []).append(term)
    return found


def usage(session: Session) -> dict[uuid.UUID, tuple[int, int]]:
    """Return for each used term how many modules and how many other things point at it."""
    modules: dict[uuid.UUID, int] = {}
    for term_id, number in session.execute(
        sa.select(module_term.c.term_id, sa.func.count()).group_by(module_term.c.term_id)
    ):
        modules[term_id] = number
    others: dict[uuid.UUID, int] = {}
    for column in (Company.sector_id, Company.region_id, Provider.region_id, Run.region_id, Wish.topic_id):
        for term_id, number in session.execute(sa.select(column, sa.func.count()).group_by(column)):
            if term_id is not None:
                others[term_id] = others.get(term_id, 0) + number
    return {term_id: (modules.get(term_id, 0), others.get(term_id, 0)) for term_id in modules.keys() | others.keys()}


def get(session: Session, actor: Actor, vocabulary: Vocabulary, code: str) -> Term:
    """Return one term with its parent; raises NotFound."""
    require(actor, "vocabulary.edit")
    found = session.scalar(
        sa.select(Term).where(Term.vocabulary == vocabulary, Term.code == code).options(joinedload(Term.parent))
    )
    if found is None:
        raise NotFound(N_("Diesen Begriff gibt es nicht."))
    return found


def input_of(term: Term) -> TermInput:
    """Return what *term* says now; its parent is loaded."""
    return TermInput(
        label_de=term.label_de,
        label_en=term.label_en,
        description=term.description,
        parent=term.parent.code if term.parent else "",
        position=term.position,
        synonyms=tuple(term.synonyms),
        old_names=tuple(term.old_names),
        retired=term.retired,
    )


def create(session: Session, actor: Actor, vocabulary: Vocabulary, given: TermInput) -> Term:
    """Add a term at the given place, with a code of its own."""
    require(actor, "vocabulary.edit")
    code = slugify(given.label_de, 50)
    number, taken = 1, set(session.scalars(sa.select(Term.code).where(Term.vocabulary == vocabulary)))
    while code in taken:
        number += 1
        code = f"{slugify(given.label_de, 50)}-{number}"
    term = Term(vocabulary=vocabulary.value, code=code)
    _write(session, term, given)
    session.add(term)
    session.flush()
    audit.record(session, actor, "term.create", term, label=term.label_de)
    return term


def update(session: Session, actor: Actor, term: Term, given: TermInput, version: int | None) -> Term:
    """Change a term that was read at *version*. A changed German label is kept among the old names, so that it is still found."""
    require(actor, "vocabulary.edit", term)
    claim(session, term, version, given, joinedload(Term.parent))
    before = term.label_de
    _write(session, term, given)
    if term.label_de != before and before not in term.old_names:
        term.old_names = [*term.old_names, before]
    session.flush()
    audit.record(session, actor, "term.change", term, label=term.label_de)
    return term


def _write(session: Session, term: Term, given: TermInput) -> None:
    given = TermInput(
        label_de=one_line(given.label_de),
        label_en=one_line(given.label_en),
        description=plain_text(given.description),
        parent=given.parent,
        position=given.position,
        synonyms=tuple(text for entry in given.synonyms if (text := one_line(entry))),
        old_names=tuple(text for entry in given.old_names if (text := one_line(entry))),
        retired=given.retired,
    )
    parent = _checked(session, term, given)
    term.label_de, term.label_en, term.description = given.label_de, given.label_en, given.description
    term.position, term.retired, term.parent = given.position, given.retired, parent
    term.synonyms, term.old_names = list(given.synonyms), list(given.old_names)


def _checked(session: Session, term: Term, given: TermInput) -> Term | None:
    findings = Findings()
    findings.required("label_de", given.label_de, N_("Geben Sie die deutsche Bezeichnung ein."))
    findings.length("label_de", given.label_de, NAME)
    findings.length("label_en", given.label_en, NAME)
    findings.length("description", given.description, 5000)
    findings.within("position", given.position, 0, 10_000)
    for name in ("synonyms", "old_names"):
        entries = getattr(given, name)
        if len(entries) > LONGEST_LIST:
            findings.add(name, N_("Nennen Sie höchstens %(most)s Einträge."), most=LONGEST_LIST)
        for entry in entries:
            findings.length(name, entry, NAME)
    parent = None
    if given.parent:
        parent = session.scalar(sa.select(Term).where(Term.vocabulary == term.vocabulary, Term.code == given.parent))
        if parent is None or _below(session, parent, term):
            findings.add("parent", N_("Wählen Sie einen Oberbegriff, der nicht unter diesem Begriff steht."))
    findings.raise_any()
    return parent


def _below(session: Session, candidate: Term, term: Term) -> bool:
    """Whether *candidate* is *term* or stands below it, so that it cannot become its parent."""
    seen: set[uuid.UUID] = set()
    current: Term | None = candidate
    while current is not None and current.id not in seen:
        if current.id == term.id:
            return True
        seen.add(current.id)
        current = session.get(Term, current.parent_id) if current.parent_id else None
    return False
