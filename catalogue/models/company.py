"""Member companies and who belongs to them."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.user import User
from catalogue.models.vocabulary import Term
from catalogue.texts import N_, Labelled

__all__ = ["Company", "CompanyImport", "CompanyRole", "Invitation", "Membership", "SizeClass"]

JSON_LIST = sa.JSON().with_variant(JSONB(), "postgresql")


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
    note: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # of the network office, for nobody else

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
    """A signed link that lets one address join, as member of a company or as network staff. Only its hash is stored.

    Somebody invited the person (``requested_at`` is empty), or the person asked for it themselves: then the first link proves
    the address (``verified_at``), somebody decides (``approved_at`` or ``declined_at``), and only then it is an invitation.
    """

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
    requested_at: Mapped[datetime | None]
    company_text: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")  # as the person wrote it
    verified_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")

    company: Mapped[Company | None] = relationship(lazy="raise")

    @property
    def can_be_accepted(self) -> bool:
        """Whether it is an invitation: made by somebody else, or a request that was approved."""
        return self.requested_at is None or self.approved_at is not None


class CompanyImport(Identified, Base):
    """One uploaded list of companies: its cells, and after applying what it changed (for undoing it).

    ``lines`` holds the row number and the cells as texts; ``changes`` for each company id, slug, name, old (None: new) and new values.
    """

    __tablename__ = "company_import"

    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    file_name: Mapped[str] = mapped_column(sa.String(200))
    about: Mapped[str] = mapped_column(sa.String(300), default="")
    headings: Mapped[list[str]] = mapped_column(default=list)
    lines: Mapped[list[Any]] = mapped_column(JSON_LIST, default=list)
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[str] = mapped_column(sa.String(200), default="")
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON_LIST, default=list)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(sa.String(200), default="")
    conflicts: Mapped[list[str]] = mapped_column(default=list)  # names that the undoing left alone
