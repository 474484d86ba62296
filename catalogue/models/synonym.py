"""Synonyms that staff add to those of data/search."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["SynonymKind", "SynonymRule"]


class SynonymKind(Labelled):
    """Which way a rule works."""

    TWO_WAY = "two_way", N_("dasselbe")
    ONE_WAY = "one_way", N_("findet auch")


class SynonymRule(Identified, Stamped, Versioned, Base):
    """Two-way: all terms mean the same. One-way: who searches a term finds the targets, too."""

    __tablename__ = "synonym_rule"

    kind: Mapped[SynonymKind] = mapped_column(one_of(SynonymKind))
    terms: Mapped[list[str]]
    targets: Mapped[list[str]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    active: Mapped[bool] = mapped_column(default=True)
    gap: Mapped[str] = mapped_column(sa.String(80), default="")  # the search that found nothing and led to the rule
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    created_by: Mapped[User | None] = relationship(lazy="raise")
