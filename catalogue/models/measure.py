"""Qualifizierungsmaßnahmen: ordered sets of modules."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.module import Module, WorkflowState
from catalogue.models.provider import Programme

__all__ = ["Measure", "MeasureModule", "MeasurePrerequisite"]


class Measure(Identified, Stamped, Versioned, Base):
    """A Qualifizierungsmaßnahme; BatterieMD develops 28 of them."""

    __tablename__ = "measure"
    __table_args__ = (sa.CheckConstraint("length(title) > 0", name="titled"),)

    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    code: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    title: Mapped[str] = mapped_column(sa.String(300))
    sort_title: Mapped[str] = mapped_column(sa.String(300), index=True)
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    state: Mapped[WorkflowState] = mapped_column(one_of(WorkflowState), default=WorkflowState.DRAFT, index=True)
    programme_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("programme.id"), index=True)
    source_url: Mapped[str] = mapped_column(sa.String(1000), default="")

    programme: Mapped[Programme | None] = relationship(lazy="raise")
    parts: Mapped[list["MeasureModule"]] = relationship(
        order_by="MeasureModule.position", cascade="all, delete-orphan", lazy="raise", back_populates="measure"
    )


class MeasureModule(Base):
    """The place of one module in a measure."""

    __tablename__ = "measure_module"

    measure_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("measure.id", ondelete="CASCADE"), primary_key=True)
    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)
    required: Mapped[bool] = mapped_column(default=True)
    choice: Mapped[str] = mapped_column(sa.String(1), default="")  # modules with the same letter are alternatives

    measure: Mapped[Measure] = relationship(back_populates="parts", lazy="raise")
    module: Mapped[Module] = relationship(lazy="raise")
    prerequisites: Mapped[list["MeasurePrerequisite"]] = relationship(
        foreign_keys="[MeasurePrerequisite.measure_id, MeasurePrerequisite.module_id]",
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="raise",
    )


class MeasurePrerequisite(Base):
    """Within a measure: ``before_id`` has to be done before ``module_id``. Both are modules of the measure."""

    __tablename__ = "measure_prerequisite"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["measure_id", "module_id"],
            ["measure_module.measure_id", "measure_module.module_id"],
            name="fk_measure_prerequisite_part",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["measure_id", "before_id"],
            ["measure_module.measure_id", "measure_module.module_id"],
            name="fk_measure_prerequisite_part_before",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.CheckConstraint("module_id <> before_id", name="not_itself"),
    )

    measure_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    module_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    before_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
