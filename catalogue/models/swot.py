"""What the network makes of the remarks of companies: short texts to each field of the SWOT, with their history."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.feedback import FeedbackKind
from catalogue.texts import N_, Labelled

__all__ = ["SwotScope", "SwotText", "SwotVersion"]


class SwotScope(Labelled):
    """What a SWOT is about."""

    ALL = "all", N_("Angebot als Ganzes")
    TOPIC = "topic", N_("Thema")
    MODULE = "module", N_("Modul")
    PROVIDER = "provider", N_("Anbieter")


class SwotText(Identified, Stamped, Versioned, Base):
    """What staff wrote to one field of one SWOT. ``reference``: id of the term, module or provider; empty for the whole.

    The reference is no foreign key: a text about what was deleted is not found any more and harms nobody.
    """

    __tablename__ = "swot_text"
    __table_args__ = (sa.UniqueConstraint("scope", "reference", "field"),)

    scope: Mapped[SwotScope] = mapped_column(one_of(SwotScope))
    reference: Mapped[str] = mapped_column(sa.String(36), default="", index=True)
    field: Mapped[FeedbackKind] = mapped_column(one_of(FeedbackKind))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    published: Mapped[bool] = mapped_column(default=False)
    edited_by: Mapped[str] = mapped_column(sa.String(254), default="")


class SwotVersion(Identified, Base):
    """What a text said before and after each change."""

    __tablename__ = "swot_version"
    __table_args__ = (sa.UniqueConstraint("swot_text_id", "number"),)

    swot_text_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("swot_text.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text, default="")
    published: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    user_label: Mapped[str] = mapped_column(sa.String(254), default="")
