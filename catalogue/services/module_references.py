"""The things that the words of modules name – providers, programmes, terms – and the codes that are taken."""

import uuid
from collections.abc import Set as AbstractSet

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Module, Programme, Provider, Term

__all__ = ["Held", "Looked"]

TermKey = tuple[str, str]  # vocabulary and code


class Looked:
    """Looks each thing up in the database when it is asked for: right for one module."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def provider(self, slug: str) -> Provider | None:
        """Return the provider called *slug*."""
        return self.session.scalar(select(Provider).where(Provider.slug == slug))

    def programme(self, slug: str) -> Programme | None:
        """Return the programme called *slug*."""
        return self.session.scalar(select(Programme).where(Programme.slug == slug))

    def owner_of(self, code: str) -> uuid.UUID | None:
        """Return the id of the module that has *code*."""
        return self.session.scalar(select(Module.id).where(Module.code == code))

    def terms(self, wanted: AbstractSet[TermKey]) -> dict[TermKey, Term]:
        """Return those of *wanted* that exist; a code that was merged leads to the term that stands for it."""
        statement = (
            select(Term).where(Term.code.in_({code for _, code in wanted})).options(joinedload(Term.merged_into))
        )
        rows = self.session.scalars(statement)
        return {key: term.merged_into or term for term in rows if (key := (term.vocabulary, term.code)) in wanted}


class Held(Looked):
    """Holds all of them in memory: right for thousands of modules in one go. Whoever changes a code says so in ``codes``."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.providers = {one.slug: one for one in session.scalars(select(Provider))}
        self.programmes = {one.slug: one for one in session.scalars(select(Programme))}
        terms = session.scalars(select(Term).options(joinedload(Term.merged_into)))
        self.all_terms = {(one.vocabulary, one.code): one.merged_into or one for one in terms}
        codes = session.execute(select(Module.code, Module.id).where(Module.code.is_not(None)))
        self.codes: dict[str, uuid.UUID] = {code: identity for code, identity in codes if code}

    def provider(self, slug: str) -> Provider | None:
        """Return the provider called *slug*."""
        return self.providers.get(slug)

    def programme(self, slug: str) -> Programme | None:
        """Return the programme called *slug*."""
        return self.programmes.get(slug)

    def owner_of(self, code: str) -> uuid.UUID | None:
        """Return the id of the module that has *code*."""
        return self.codes.get(code)

    def terms(self, wanted: AbstractSet[TermKey]) -> dict[TermKey, Term]:
        """Return those of *wanted* that exist."""
        return {key: self.all_terms[key] for key in wanted if key in self.all_terms}
