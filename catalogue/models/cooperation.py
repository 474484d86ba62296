"""Zusammenarbeit: what companies offer each other and look for, and who was brought together."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.company import Company
from catalogue.models.demand import Confidentiality, DemandSource
from catalogue.models.vocabulary import Term
from catalogue.texts import N_, Labelled

__all__ = ["CooperationDirection", "CooperationEntry", "CooperationKind", "Introduction"]


class CooperationDirection(Labelled):
    """Whether a company has it or needs it."""

    OFFERS = "offers", N_("bietet")
    SEEKS = "seeks", N_("sucht")


class CooperationKind(Labelled):
    """What is shared."""

    ROOM = "room", N_("Räume")
    TRAINER = "trainer", N_("Referentinnen und Referenten")
    LABORATORY = "laboratory", N_("Labor")
    EQUIPMENT = "equipment", N_("Geräte und Prüfstände")
    PRACTICE = "practice", N_("Praxispartner")


class CooperationEntry(Identified, Stamped, Versioned, Base):
    """One thing that a company offers or seeks. No topic means: for every topic; no region: anywhere.

    ``previous`` holds what it said before its last change, for undoing it.
    """

    __tablename__ = "cooperation_entry"
    __table_args__ = (sa.CheckConstraint("length(text) > 0", name="said"),)

    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    direction: Mapped[CooperationDirection] = mapped_column(one_of(CooperationDirection))
    kind: Mapped[CooperationKind] = mapped_column(one_of(CooperationKind))
    topic_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    region_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    capacity: Mapped[str] = mapped_column(sa.String(200), default="")
    period: Mapped[str] = mapped_column(sa.String(10), default="")
    text: Mapped[str] = mapped_column(sa.Text)
    contact: Mapped[str] = mapped_column(sa.String(200), default="")  # told only to whom they are introduced
    confidentiality: Mapped[Confidentiality] = mapped_column(one_of(Confidentiality), default=Confidentiality.NETWORK)
    source: Mapped[DemandSource] = mapped_column(one_of(DemandSource), default=DemandSource.SELF)
    source_date: Mapped[date | None]
    withdrawn_at: Mapped[datetime | None]
    previous: Mapped[dict[str, Any]] = mapped_column(default=dict)

    company: Mapped[Company] = relationship(lazy="raise")
    topic: Mapped[Term | None] = relationship(foreign_keys=[topic_id], lazy="raise")
    region: Mapped[Term | None] = relationship(foreign_keys=[region_id], lazy="raise")

    @property
    def names_company(self) -> bool:
        """Whether the company lets other members know that it is theirs."""
        return self.confidentiality == Confidentiality.MEMBERS


class Introduction(Identified, Stamped, Versioned, Base):
    """Staff bring two companies together: one that offers and one that seeks. Who did not choose to be named is asked first."""

    __tablename__ = "introduction"
    __table_args__ = (sa.UniqueConstraint("offer_id", "need_id"),)

    offer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("cooperation_entry.id", ondelete="CASCADE"))
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("cooperation_entry.id", ondelete="CASCADE"), index=True)
    offer_agreed: Mapped[bool | None]
    need_agreed: Mapped[bool | None]
    introduced_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")

    offer: Mapped[CooperationEntry] = relationship(foreign_keys=[offer_id], lazy="raise")
    need: Mapped[CooperationEntry] = relationship(foreign_keys=[need_id], lazy="raise")

    @property
    def sides(self) -> tuple[tuple[CooperationEntry, bool | None], tuple[CooperationEntry, bool | None]]:
        """Both entries with what their company answered (None: nothing yet)."""
        return (self.offer, self.offer_agreed), (self.need, self.need_agreed)
