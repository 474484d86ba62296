"""Vocabularies: reading the terms, and bringing those of ``data/vocabularies`` into the database."""

import uuid
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Term, Vocabulary
from catalogue.paths import resources
from catalogue.services.permissions import Actor, require
from catalogue.services.tables import entries, read_table

__all__ = ["by_code", "find", "load", "table", "terms"]

COLUMNS = (
    "code", "label_de", "label_en", "parent", "position", "synonyms", "old_names", "external_codes", "recognised_by",
    "description",
)  # fmt: skip


def terms(session: Session, vocabulary: Vocabulary | str) -> list[Term]:
    """Return the terms of *vocabulary* that are in use, in their given order."""
    found = select(Term).where(Term.vocabulary == vocabulary, Term.retired.is_(False))
    return list(session.scalars(found.order_by(Term.position, Term.code)))


def by_code(session: Session, vocabulary: Vocabulary | str) -> dict[str, Term]:
    """Return all terms of *vocabulary* by their code, also those that are no longer offered; merged codes lead to what stands for them."""
    found = session.scalars(select(Term).where(Term.vocabulary == vocabulary).options(joinedload(Term.merged_into)))
    return {term.code: term.merged_into or term for term in found}


def find(session: Session, vocabulary: Vocabulary | str, code: str) -> Term | None:
    """Return the term that *code* stands for, also after a merge, None if there is none."""
    wanted = select(Term).where(Term.vocabulary == vocabulary, Term.code == code)
    found = session.scalar(wanted.options(joinedload(Term.merged_into)))
    return found and (found.merged_into or found)


def load(session: Session, actor: Actor) -> int:
    """Add the terms of ``data/vocabularies`` that the database lacks and return their number.

    What is there stays as it is: staff may have changed it.
    """
    require(actor, "catalogue.load")
    return sum(_load_one(session, vocabulary) for vocabulary in Vocabulary)


def table(vocabulary: Vocabulary | str, folder: Path | None = None) -> list[dict[str, str]]:
    """Return the rows of the file that describes *vocabulary*."""
    return read_table((folder or resources("data/vocabularies")) / f"{vocabulary}.csv", *COLUMNS)


def _load_one(session: Session, vocabulary: Vocabulary) -> int:
    known = by_code(session, vocabulary)
    rows = [row for row in table(vocabulary) if row["code"] not in known]
    for row in rows:
        above = known.get(row["parent"])  # usually above in the file, too
        term = Term(
            id=uuid.uuid4(),
            parent_id=above.id if above else None,
            vocabulary=vocabulary.value,
            code=row["code"],
            label_de=row["label_de"],
            label_en=row["label_en"],
            description=row["description"],
            position=int(row["position"] or 0),
            synonyms=list(entries(row["synonyms"])),
            old_names=list(entries(row["old_names"])),
            external_codes=list(entries(row["external_codes"])),
        )
        known[term.code] = term
        session.add(term)
    session.flush()
    for row in rows:
        if row["parent"] and known[row["code"]].parent_id is None:
            known[row["code"]].parent_id = known[row["parent"]].id
    session.flush()
    return len(rows)
