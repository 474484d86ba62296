"""Keeping vocabularies: which terms are used how often, and changing what they are called."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import ModuleVersion, Term, Vocabulary
from catalogue.services import audit, term_uses, vocabularies
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import slugify
from catalogue.texts import N_

__all__ = [
    "TermInput", "Used", "create", "delete", "get", "input_of", "listing", "move", "offered", "signposts", "undeletable",
    "update",
]  # fmt: skip

LONGEST_LIST = 100
STEP = 10  # between the positions of neighbours
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
    """A term, how many modules carry it, how often companies, providers, runs, wishes and marks do, and how deep it stands."""

    term: Term
    modules: int
    others: int
    depth: int = 0


def listing(session: Session, actor: Actor, vocabulary: Vocabulary) -> list[Used]:
    """Return all terms of *vocabulary* in their order, retired ones too, each behind its parent."""
    require(actor, "vocabulary.edit")
    used = term_uses.counts(session)
    return [Used(term, *used.get(term.id, (0, 0)), depth) for term, depth in _tree(session, vocabulary)]


def _tree(session: Session, vocabulary: str) -> list[tuple[Term, int]]:
    """Return the terms in their order, each behind the one above it and with its depth; without those that were merged."""
    of_list = sa.select(Term).where(Term.vocabulary == vocabulary, Term.merged_into_id.is_(None))
    terms = session.scalars(
        of_list.options(joinedload(Term.parent)).order_by(Term.position, Term.label_de, Term.id)
    ).all()
    known = {term.id for term in terms}
    below: dict[uuid.UUID | None, list[Term]] = {}
    for term in terms:
        below.setdefault(term.parent_id if term.parent_id in known else None, []).append(term)
    found: list[tuple[Term, int]] = []

    def walk(parent: uuid.UUID | None, depth: int) -> None:
        for term in below.get(parent, ()):
            found.append((term, depth))
            walk(term.id, depth + 1)

    walk(None, 0)
    return found


def offered(session: Session, *, merged: bool = False) -> dict[str, list[Term]]:
    """Return all terms of all vocabularies in their order, retired ones too, by the name of the vocabulary.

    With *merged* also those that another one stands for now: old words still name them.
    """
    found: dict[str, list[Term]] = {}
    wanted = sa.select(Term).order_by(Term.position, Term.label_de, Term.id)
    for term in session.scalars(wanted if merged else wanted.where(Term.merged_into_id.is_(None))):
        found.setdefault(term.vocabulary, []).append(term)
    return found


def get(session: Session, actor: Actor, vocabulary: Vocabulary, code: str) -> Term:
    """Return one term with its parent, or the one that stands for it since a merge; raises NotFound."""
    require(actor, "vocabulary.edit")
    options = (joinedload(Term.parent), joinedload(Term.merged_into).joinedload(Term.parent))
    found = session.scalar(sa.select(Term).where(Term.vocabulary == vocabulary, Term.code == code).options(*options))
    if found is None:
        raise NotFound(N_("Diesen Begriff gibt es nicht."))
    return found.merged_into or found


def signposts(session: Session, term: Term) -> list[Term]:
    """Return the merged terms whose codes lead to *term* now."""
    return list(session.scalars(sa.select(Term).where(Term.merged_into_id == term.id).order_by(Term.label_de)))


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


def move(session: Session, actor: Actor, term: Term, *, up: bool) -> bool:
    """Let *term* and what stands below it change places with its neighbour; False if it is the first or last already."""
    require(actor, "vocabulary.edit", term)
    tree = _tree(session, term.vocabulary)
    siblings = [one for one, _ in tree if one.parent_id == term.parent_id]
    at = siblings.index(term)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(siblings):
        return False
    siblings[at], siblings[other] = siblings[other], siblings[at]
    place = {one.id: number for number, one in enumerate(siblings)}
    for one in siblings:
        claim(session, one, None, None, joinedload(Term.parent))
    places = sorted((one.position for one, _ in tree if one.id in place))
    if len(set(places)) < len(places):
        places = [STEP * number for number in range(1, len(places) + 1)]
    for one in siblings:
        one.position = places[place[one.id]]
    session.flush()
    audit.record(session, actor, "term.move", term, label=term.label_de)
    return True


def delete(session: Session, actor: Actor, term: Term, version: int | None) -> None:
    """Delete a term that nothing uses and no old version names. Raises Stale, and Conflict if something does."""
    require(actor, "vocabulary.edit", term)
    claim(session, term, version, None, joinedload(Term.parent))
    if reason := undeletable(session, actor, term):
        raise Conflict(reason)
    audit.record(session, actor, "term.delete", term, label=term.label_de, code=term.code)
    session.delete(term)
    session.flush()


def undeletable(session: Session, actor: Actor, term: Term) -> str:
    """Return why *term* cannot be deleted, "" if it can."""
    found = term_uses.uses(session, actor, term)
    if found.modules or found.others or signposts(session, term):
        return N_("Dieser Begriff wird verwendet. Führen Sie ihn mit einem anderen zusammen.")
    if term.code in {row["code"] for row in vocabularies.table(term.vocabulary)}:
        return N_("Dieser Begriff kommt beim Laden wieder. Nehmen Sie ihn nur aus der Auswahl.")
    named = sa.cast(ModuleVersion.snapshot, sa.Text).contains(f'"{term.code}"', autoescape=True)
    if session.scalar(sa.select(ModuleVersion.id).where(named).limit(1)):
        return N_("Frühere Fassungen von Modulen nennen diesen Begriff. Nehmen Sie ihn nur aus der Auswahl.")
    return ""


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
        if parent is None or parent.merged_into_id or _below(session, parent, term):
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
