"""Bedarf: which company wants which module, for how many people, by when. The reason why the catalogue exists."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.company import Company
from catalogue.models.module import Module
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["Confidentiality", "Demand", "DemandEvent", "DemandSource", "Purpose", "Relevance"]


class Relevance(Labelled):
    """How important a module is to a company; OPEN is the one click that says no more than "relevant"."""

    MUST = "must", N_("muss")
    SHOULD = "should", N_("soll")
    COULD = "could", N_("kann")
    OPEN = "open", N_("relevant, Dringlichkeit offen")
    NONE = "none", N_("nicht relevant")


class Purpose(Labelled):
    """What a company wants a module for."""

    TRAINING = "training", N_("Weiterbildung")
    COOPERATION = "cooperation", N_("Zusammenarbeit")
    BUSINESS = "business", N_("Geschäftsidee")


class Confidentiality(Labelled):
    """Who sees what a company said."""

    NETWORK = "network", N_("nur Netzwerkbüro")
    ANONYMOUS = "anonymous", N_("anonym in Summen")
    MEMBERS = "members", N_("für Mitglieder sichtbar")


class DemandSource(Labelled):
    """Who entered it: the company itself, or network staff on its behalf."""

    SELF = "self", N_("eigene Angabe")
    CALL = "call", N_("Telefonat")
    VISIT = "visit", N_("Besuch")
    WORKSHOP = "workshop", N_("Workshop")
    SURVEY = "survey", N_("Umfrage")


class Demand(Identified, Stamped, Versioned, Base):
    """What one company says about one module; colleagues share the record."""

    __tablename__ = "demand"
    __table_args__ = (
        sa.UniqueConstraint("company_id", "module_id"),
        sa.CheckConstraint("people IS NULL OR people BETWEEN 1 AND 100000", name="people_range"),
    )

    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"))
    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id"), index=True)
    relevance: Mapped[Relevance] = mapped_column(one_of(Relevance), default=Relevance.OPEN)
    purposes: Mapped[list[str]] = mapped_column(default=list)
    people: Mapped[int | None]
    period: Mapped[str] = mapped_column(sa.String(10), default="")  # "2027", "2027-H1" or "2027-Q1"; empty: open
    format_code: Mapped[str] = mapped_column(sa.String(64), default="")  # a term of the vocabulary "format"
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    confidentiality: Mapped[Confidentiality] = mapped_column(one_of(Confidentiality), default=Confidentiality.NETWORK)
    source: Mapped[DemandSource] = mapped_column(one_of(DemandSource), default=DemandSource.SELF)
    source_date: Mapped[date | None]
    confirmed_at: Mapped[datetime | None]  # by the company, where staff entered it
    withdrawn_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]  # the company took back what staff entered for it
    refusal: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # and says why
    refusal_read_at: Mapped[datetime | None]  # by network staff
    updated_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    company: Mapped[Company] = relationship(lazy="raise")
    module: Mapped[Module] = relationship(lazy="raise")
    updated_by: Mapped[User | None] = relationship(lazy="raise")


class DemandEvent(Base):
    """One change of a demand: what it said afterwards. Reports as of a date are computed from these."""

    __tablename__ = "demand_event"
    __table_args__ = (sa.Index("ix_demand_event_company_id_module_id_at", "company_id", "module_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    demand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("demand.id", ondelete="CASCADE"), index=True)
    company_id: Mapped[uuid.UUID]
    module_id: Mapped[uuid.UUID] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    action: Mapped[str] = mapped_column(sa.String(32))  # one of services/demand_events.py
    snapshot: Mapped[dict[str, Any]]
