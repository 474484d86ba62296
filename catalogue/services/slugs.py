"""Words in addresses: free ones are found here."""

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute

from catalogue.db import Session

__all__ = ["free_slug", "unused_slug"]

RESERVED = {"new"}  # words that the pages of curation use themselves


def unused_slug(session: Session, column: InstrumentedAttribute[str], wished: str) -> str:
    """Return *wished* if no row has it in *column*, or it with the first free number: "adr-basiskurs-2"."""
    numbered = column.startswith(wished + "-", autoescape=True)
    taken = RESERVED | set(session.scalars(select(column).where(or_(column == wished, numbered))))
    number, slug = 1, wished
    while slug in taken:
        number += 1
        slug = f"{wished}-{number}"
    return slug


def free_slug(wished: str, taken: set[str]) -> str:
    """Return *wished* or it with the first free number; *taken* are all that are in use."""
    number, slug = 1, wished
    while slug in taken or slug in RESERVED:
        number += 1
        slug = f"{wished}-{number}"
    return slug
