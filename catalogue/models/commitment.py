"""Zusagen: what a company that was asked says about one run."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.company import Company
from catalogue.models.demand import DemandSource
from catalogue.models.run import Run
from catalogue.texts import N_, Labelled

__all__ = ["CommitmentState", "RunCommitment"]


class CommitmentState(Labelled):
    """What a company answered to the question whether its people come."""

    ASKED = "asked", N_("noch keine Antwort")
    COMING = "coming", N_("zugesagt")
    OTHER_TIME = "other_time", N_("lieber zu anderer Zeit")
    DECLINED = "declined", N_("kommt nicht")


class RunCommitment(Identified, Stamped, Versioned, Base):
    """One company and one run: when it was asked, what it answered, how the answer came."""

    __tablename__ = "run_commitment"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "company_id"),
        sa.CheckConstraint("people IS NULL OR people BETWEEN 1 AND 100000", name="people_range"),
        sa.CheckConstraint("(state = 'coming') = (people IS NOT NULL)", name="people_if_coming"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("run.id", ondelete="CASCADE"))
    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    state: Mapped[CommitmentState] = mapped_column(one_of(CommitmentState), default=CommitmentState.ASKED)
    people: Mapped[int | None]
    period: Mapped[str] = mapped_column(sa.String(10), default="")  # the other time, as in Demand; empty: not said
    source: Mapped[DemandSource] = mapped_column(one_of(DemandSource), default=DemandSource.SELF)
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    run: Mapped[Run] = relationship(lazy="raise")
    company: Mapped[Company] = relationship(lazy="raise")
