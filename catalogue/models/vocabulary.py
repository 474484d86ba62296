"""Controlled vocabularies: the terms that modules, companies and demand are described with."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned
from catalogue.texts import N_, Labelled

__all__ = ["Term", "Vocabulary"]


class Vocabulary(Labelled):
    """The vocabularies; the value is also the name of the facet and of the API's query parameter."""

    TOPIC = "topic", N_("Thema")
    AUDIENCE = "audience", N_("Zielgruppe")
    LEVEL = "level", N_("Niveau")
    HV_LEVEL = "hv_level", N_("HV-Stufe")
    FORMAT = "format", N_("Format")
    DURATION = "duration", N_("Dauer")
    CERTIFICATE = "certificate", N_("Abschluss")
    LEGAL_FRAME = "legal_frame", N_("Rechtsrahmen")
    PRICE = "price", N_("Kosten und Förderung")
    REGION = "region", N_("Region")
    SECTOR = "sector", N_("Branche")


class Term(Identified, Stamped, Versioned, Base):
    """One entry of a vocabulary, German and English, with synonyms and the names it had before.

    A term that was merged stays as a signpost: nothing uses it and no list shows it, but its code leads to ``merged_into``.
    """

    __tablename__ = "term"
    __table_args__ = (
        sa.UniqueConstraint("vocabulary", "code"),
        sa.CheckConstraint("length(code) > 0 AND length(label_de) > 0", name="named"),
    )

    vocabulary: Mapped[str] = mapped_column(sa.String(32))
    code: Mapped[str] = mapped_column(sa.String(64))
    label_de: Mapped[str] = mapped_column(sa.String(200))
    label_en: Mapped[str] = mapped_column(sa.String(200), default="")
    description: Mapped[str] = mapped_column(sa.Text, default="")
    parent_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id", ondelete="SET NULL"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    synonyms: Mapped[list[str]] = mapped_column(default=list)
    old_names: Mapped[list[str]] = mapped_column(default=list)
    external_codes: Mapped[list[str]] = mapped_column(default=list)
    retired: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)

    parent: Mapped["Term | None"] = relationship(remote_side="Term.id", foreign_keys="Term.parent_id", lazy="raise")
    merged_into: Mapped["Term | None"] = relationship(
        remote_side="Term.id", foreign_keys="Term.merged_into_id", lazy="raise"
    )

    def label(self, language: str = "de") -> str:
        """Return the label in *language*, German where there is no English one."""
        return self.label_en if language == "en" and self.label_en else self.label_de
