"""Links that let a company answer without an account: about one company, for a limited time, until they are revoked."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, one_of
from catalogue.models.company import Company
from catalogue.texts import N_, Labelled

__all__ = ["CompanyLink", "LinkPurpose"]


class LinkPurpose(Labelled):
    """What the company is asked for."""

    CONFIRM = "confirm", N_("Bestätigung")
    SHEET = "sheet", N_("Bogen")


class CompanyLink(Identified, Base):
    """One link. Its address is signed with the secret key, so that it can be printed again and no table holds it.

    ``subjects``: ids of the demand records to confirm, or of the modules on the sheet.
    """

    __tablename__ = "company_link"

    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(one_of(LinkPurpose))
    subjects: Mapped[list[str]] = mapped_column(default=list)
    email: Mapped[str] = mapped_column(sa.String(254), default="")  # where it was sent; empty for a sheet
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_by: Mapped[str] = mapped_column(sa.String(200), default="")
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]  # answered; a sheet may be answered again until it expires

    company: Mapped[Company] = relationship(lazy="raise")
