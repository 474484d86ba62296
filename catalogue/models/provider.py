"""Who teaches, and which alliance or project an offer belongs to."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.vocabulary import Term
from catalogue.texts import N_, Labelled

__all__ = ["Programme", "ProgrammeKind", "Provider"]


class ProgrammeKind(Labelled):
    """How near a programme is to the network."""

    ALLIANCE = "alliance", N_("Bildungsverbund BatterieMD")
    SIBLING = "sibling", N_("Geschwisterprojekt")
    OTHER = "other", N_("weiteres Angebot")


class Provider(Identified, Stamped, Versioned, Base):
    """An organisation that offers modules."""

    __tablename__ = "provider"

    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    sort_name: Mapped[str] = mapped_column(sa.String(200), index=True)
    website: Mapped[str] = mapped_column(sa.String(500), default="")
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    region_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    about: Mapped[str] = mapped_column(sa.Text, default="")
    contact_name: Mapped[str] = mapped_column(sa.String(200), default="")
    contact_email: Mapped[str] = mapped_column(sa.String(254), default="")
    contact_phone: Mapped[str] = mapped_column(sa.String(60), default="")

    region: Mapped[Term | None] = relationship(lazy="raise")


class Programme(Identified, Stamped, Versioned, Base):
    """An alliance, funded project or line of offers."""

    __tablename__ = "programme"

    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[ProgrammeKind] = mapped_column(one_of(ProgrammeKind), default=ProgrammeKind.OTHER)
    position: Mapped[int] = mapped_column(default=0)
    website: Mapped[str] = mapped_column(sa.String(500), default="")
    about: Mapped[str] = mapped_column(sa.Text, default="")
