"""Klausur: a moderated round that goes through modules one by one. What is said in the room stays beside the companies' demand."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.module import Module
from catalogue.texts import N_, Labelled

__all__ = [
    "Importance", "Recommendation", "Retreat", "RetreatItem", "RetreatParticipant", "RetreatState", "RetreatVote", "Voting",
    "VotingWay",
]  # fmt: skip


class RetreatState(Labelled):
    """Where a Klausur stands. Votes count only while it is open; closing it is final."""

    PREPARING = "preparing", N_("in Vorbereitung")
    OPEN = "open", N_("läuft")
    PAUSED = "paused", N_("Pause")
    LOCKED = "locked", N_("gesperrt")
    CLOSED = "closed", N_("abgeschlossen")


class VotingWay(Labelled):
    """How the room says what matters."""

    IMPORTANCE = "importance", N_("muss, soll, kann")
    POINTS = "points", N_("Punkte")


class Voting(Labelled):
    """Whether votes about one module are taken."""

    WAITING = "waiting", N_("noch nicht offen")
    OPEN = "open", N_("offen")
    LOCKED = "locked", N_("gesperrt")


class Importance(Labelled):
    """How important a module is to one person in the room; the words are those of the companies' demand."""

    MUST = "must", N_("muss")
    SHOULD = "should", N_("soll")
    COULD = "could", N_("kann")


class Recommendation(Labelled):
    """What the network should do with a module."""

    EXPAND = "expand", N_("ausbauen")
    KEEP = "keep", N_("so beibehalten")
    WAIT = "wait", N_("abwarten")
    END = "end", N_("einstellen")


class Retreat(Identified, Stamped, Versioned, Base):
    """One Klausur: its agenda, its code for the phones, its way of voting."""

    __tablename__ = "retreat"
    __table_args__ = (
        sa.CheckConstraint("length(title) > 0", name="titled"),
        sa.CheckConstraint("budget BETWEEN 1 AND 100", name="budget_range"),
    )

    title: Mapped[str] = mapped_column(sa.String(120))
    day: Mapped[date] = mapped_column(index=True)
    as_of: Mapped[date]  # the day that the demand on the slides speaks of
    state: Mapped[RetreatState] = mapped_column(one_of(RetreatState), default=RetreatState.PREPARING)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    way: Mapped[VotingWay] = mapped_column(one_of(VotingWay), default=VotingWay.IMPORTANCE)
    budget: Mapped[int] = mapped_column(default=10)  # points of each person
    asks_recommendation: Mapped[bool] = mapped_column(default=True)
    # the item on the slide, None: the slide with the code. No foreign key: the two tables would need each other
    current_id: Mapped[uuid.UUID | None]
    closed_at: Mapped[datetime | None]

    items: Mapped[list["RetreatItem"]] = relationship(
        back_populates="retreat", cascade="all, delete-orphan", order_by="RetreatItem.position", lazy="raise"
    )


class RetreatItem(Identified, Base):
    """One module on the agenda, with the demand as it may be shown in the room."""

    __tablename__ = "retreat_item"
    __table_args__ = (
        sa.UniqueConstraint("retreat_id", "module_id"),
        sa.CheckConstraint("companies IS NULL OR companies > 0", name="companies_shown"),
        sa.CheckConstraint("people IS NULL OR people > 0", name="people_shown"),
    )

    retreat_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("retreat.id", ondelete="CASCADE"))
    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    question: Mapped[str] = mapped_column(sa.String(300), default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")  # for the moderation, never shown in the room
    voting: Mapped[Voting] = mapped_column(one_of(Voting), default=Voting.WAITING)
    companies: Mapped[int | None]  # demand on the retreat's as-of day, after disclosure control; None: too few
    people: Mapped[int | None]

    retreat: Mapped[Retreat] = relationship(back_populates="items", lazy="raise")
    module: Mapped[Module] = relationship(lazy="raise")


class RetreatParticipant(Identified, Base):
    """One phone in the room, without account. When the Klausur closes, token and name are deleted."""

    __tablename__ = "retreat_participant"

    retreat_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("retreat.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    label: Mapped[str] = mapped_column(sa.String(40), default="")
    joined_at: Mapped[datetime] = mapped_column(default=utcnow)
    removed_at: Mapped[datetime | None]


class RetreatVote(Base):
    """What one participant says about one item; at most one row, changed until the voting is locked."""

    __tablename__ = "retreat_vote"
    __table_args__ = (
        sa.CheckConstraint("points IS NULL OR points > 0", name="points_positive"),
        sa.CheckConstraint("importance IS NULL OR points IS NULL", name="one_way"),
        sa.CheckConstraint(
            "importance IS NOT NULL OR points IS NOT NULL OR recommendation IS NOT NULL", name="says_something"
        ),
    )

    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("retreat_item.id", ondelete="CASCADE"), primary_key=True)
    participant_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("retreat_participant.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    importance: Mapped[Importance | None] = mapped_column(one_of(Importance))
    points: Mapped[int | None]
    recommendation: Mapped[Recommendation | None] = mapped_column(one_of(Recommendation))
    at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
