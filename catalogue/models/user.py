"""People, their sign-ins and the secrets that stand for them (hashes only)."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.texts import N_, Labelled

if TYPE_CHECKING:
    from catalogue.models.company import Membership

__all__ = ["ApiToken", "LoginAttempt", "NetworkRole", "OneTimeLink", "TokenScope", "User", "UserSession"]


class NetworkRole(Labelled):
    """What a person may do for the whole network."""

    CURATOR = "curator", N_("Pflege und Planung")
    ADMIN = "admin", N_("Netzwerk-Admin")


class User(Identified, Stamped, Versioned, Base):
    """A person who can sign in. Without a password yet: invited, or set up from the command line."""

    __tablename__ = "user"

    email: Mapped[str] = mapped_column(sa.String(254), unique=True)  # lower-cased by the service
    name: Mapped[str] = mapped_column(sa.String(200))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    network_role: Mapped[NetworkRole | None] = mapped_column(one_of(NetworkRole))
    language: Mapped[str] = mapped_column(sa.String(2), default="de")
    active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[datetime | None]
    previous_login_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]  # told by mail that the unused account will be deleted
    reminded_at: Mapped[datetime | None]  # and told again
    second_factor_at: Mapped[datetime | None]  # since when signing in takes a code, too; see models/second_factor.py

    membership: Mapped["Membership | None"] = relationship(back_populates="user", lazy="raise")


class UserSession(Identified, Base):
    """One sign-in in one browser; deleting the row ends it at once."""

    __tablename__ = "user_session"

    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime] = mapped_column(default=utcnow)  # when the person last proved to be themselves
    address: Mapped[str] = mapped_column(sa.String(64), default="")  # truncated to its network part
    browser: Mapped[str] = mapped_column(sa.String(200), default="")
    rights: Mapped[str] = mapped_column(
        sa.String(80), default="", server_default=""
    )  # what they were when the token was made

    user: Mapped[User] = relationship(lazy="raise")


class OneTimeLink(Identified, Base):
    """A link that works once: setting a first or a new password."""

    __tablename__ = "one_time_link"

    purpose: Mapped[str] = mapped_column(sa.String(32))
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TokenScope(Labelled):
    """How far a program with a token gets; each includes the ones before."""

    CATALOGUE = "catalogue", N_("nur den öffentlichen Katalog lesen")
    READ = "read", N_("lesen, was ich sehen darf")
    WRITE = "write", N_("lesen und schreiben, was ich darf")


class ApiToken(Identified, Base):
    """Lets a program act as one person."""

    __tablename__ = "api_token"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120), default="")
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scope: Mapped[TokenScope] = mapped_column(
        one_of(TokenScope),
        default=TokenScope.CATALOGUE,
        server_default="write",  # tokens from before there were scopes keep what they could
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise")


class LoginAttempt(Base):
    """One failed try, so that throttling holds across processes and restarts. Pruned after a day."""

    __tablename__ = "login_attempt"
    __table_args__ = (sa.Index("ix_login_attempt_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(sa.String(100))  # "user:<hash>" or "address:<hash>"
    at: Mapped[datetime] = mapped_column(default=utcnow)
