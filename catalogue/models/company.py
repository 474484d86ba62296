"""Member companies and who belongs to them."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.user import User
from catalogue.models.vocabulary import Term
from catalogue.texts import N_, Labelled

__all__ = ["Company", "CompanyRole", "Invitation", "Membership", "SizeClass"]


class SizeClass(Labelled):
    """Size by employees, after the EU recommendation 2003/361/EC."""

    MICRO = "micro", N_("bis 9 Beschäftigte")
    SMALL = "small", N_("10 bis 49 Beschäftigte")
    MEDIUM = "medium", N_("50 bis 249 Beschäftigte")
    LARGE = "large", N_("ab 250 Beschäftigte")


class CompanyRole(Labelled):
    """What a person may do for their company."""

    MEMBER = "member", N_("Mitglied")
    ADMIN = "admin", N_("Unternehmens-Admin")


class Company(Identified, Stamped, Versioned, Base):
    """A member company of the network."""

    __tablename__ = "company"
    __table_args__ = (sa.CheckConstraint("length(name) > 0", name="named"),)

    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    sort_name: Mapped[str] = mapped_column(sa.String(200), index=True)
    size_class: Mapped[SizeClass | None] = mapped_column(one_of(SizeClass))
    sector_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    region_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    network: Mapped[str] = mapped_column(sa.String(60), default="ELMUG")
    website: Mapped[str] = mapped_column(sa.String(500), default="")
    email_domains: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)

    sector: Mapped[Term | None] = relationship(foreign_keys=[sector_id], lazy="raise")
    region: Mapped[Term | None] = relationship(foreign_keys=[region_id], lazy="raise")
    memberships: Mapped[list["Membership"]] = relationship(back_populates="company", lazy="raise")


class Membership(Identified, Stamped, Base):
    """A person belongs to at most one company."""

    __tablename__ = "membership"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    role: Mapped[CompanyRole] = mapped_column(one_of(CompanyRole), default=CompanyRole.MEMBER)

    user: Mapped[User] = relationship(back_populates="membership", lazy="raise")
    company: Mapped[Company] = relationship(back_populates="memberships", lazy="raise")


class Invitation(Identified, Base):
    """A signed link that lets one address join, as member of a company or as network staff. Only its hash is stored."""

    __tablename__ = "invitation"

    email: Mapped[str] = mapped_column(sa.String(254), index=True)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    company_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(sa.String(32))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    company: Mapped[Company | None] = relationship(lazy="raise")
