"""Signing in with an account elsewhere: what was proved there, whose account here that is, and how the first time goes.

An account is found by issuer and subject alone. An e-mail address, even a verified one, never opens an existing account: its owner
signs in the usual way first and then connects the two. Roles never come from the provider.
"""

import importlib.util
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Company, Identity, Invitation, Membership, User
from catalogue.services import access_requests, accounts, audit, email_domains, invitations, outbox, sessions, users
from catalogue.services.errors import Conflict, Invalid, NotFound, Refused
from catalogue.services.permissions import VISITOR, Actor, require
from catalogue.settings import Settings, SettingsError, is_own_machine
from catalogue.texts import N_

__all__ = [
    "Flow", "NotAnswering", "NotProved", "Proof", "Step", "accept", "admit", "ask", "check_settings", "company_named", "connect", "disconnect", "is_of", "listed",
    "next_step", "note_failure",
]  # fmt: skip

Step = Literal["unverified", "connect", "invited", "waiting", "ask"]
FRESH = timedelta(minutes=10)
SUBJECT = N_("Neue Möglichkeit, sich bei Ihrem Konto anzumelden")


class NotProved(Refused):
    """Nothing was proved, for a reason that trying again may mend."""


class NotAnswering(Refused):
    """The provider cannot be reached, or does not speak as it should."""

    def __init__(self) -> None:
        super().__init__(N_("Die Anmeldung antwortet dort gerade nicht."))


@dataclass(frozen=True)
class Flow:
    """What the browser remembers while the person is at the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Proof:
    """Who somebody is, as the provider says. *second_factor*: whether that counts as one; *proved_at*: when it told us, in seconds."""

    issuer: str
    subject: str
    email: str = ""
    verified: bool = False
    name: str = ""
    second_factor: bool = False
    proved_at: int = 0
    signed_in_at: int = 0  # there; 0: the provider does not say

    @property
    def is_fresh(self) -> bool:
        """Whether it may still be used to connect or to ask."""
        return utcnow().timestamp() - self.proved_at < FRESH.total_seconds()

    @property
    def is_anew(self) -> bool:
        """Whether the person proved themselves there just now, not some hours ago."""
        return self.is_fresh and self.proved_at - self.signed_in_at < FRESH.total_seconds()


def check_settings(settings: Settings) -> None:
    """Raise SettingsError with one clear sentence if a provider is set that cannot be used."""
    if not settings.oidc_issuer:
        return
    if not settings.oidc_issuer.startswith("https://") and not is_own_machine(settings.oidc_issuer):
        raise SettingsError("CATALOGUE_OIDC_ISSUER must begin with https://.")
    if not settings.oidc_client_id:
        raise SettingsError("CATALOGUE_OIDC_ISSUER is set, CATALOGUE_OIDC_CLIENT_ID is not.")
    if "openid" not in settings.oidc_scopes:
        raise SettingsError("CATALOGUE_OIDC_SCOPES must contain openid.")
    if missing := [name for name in ("authlib", "requests") if importlib.util.find_spec(name) is None]:
        raise SettingsError(f"CATALOGUE_OIDC_ISSUER needs {' and '.join(missing)}: pip install 'modulkatalog[oidc]'.")


def admit(session: Session, proof: Proof) -> User | None:
    """Return the person whose account is connected, None if none is. Raises NotProved if the account is locked."""
    found = _find(session, proof)
    if found is None:
        return None
    user = _user(session, found.user_id)
    if not user.active:
        raise NotProved(N_("Dieses Konto ist gesperrt."))
    found.used_at = utcnow()
    is_in = proof.second_factor or user.second_factor_at is None
    audit.record(session, sessions.actor_of(user), "login" if is_in else "login.elsewhere", user, way="oidc")
    session.flush()
    return user


def is_of(session: Session, proof: Proof, user_id: uuid.UUID) -> bool:
    """Return whether the account elsewhere is connected with this person."""
    found = _find(session, proof)
    return found is not None and found.user_id == user_id


def note_failure(session: Session, reason: str) -> None:
    """Record that a sign-in at the provider led to nothing; *reason* is a class name, never what was sent."""
    audit.record(session, VISITOR, "login.failed", way="oidc", reason=reason)


def _find(session: Session, proof: Proof) -> Identity | None:
    return session.scalar(select(Identity).where(Identity.issuer == proof.issuer, Identity.subject == proof.subject))


def _user(session: Session, user_id: uuid.UUID) -> User:
    loaded = joinedload(User.membership).joinedload(Membership.company)
    return session.scalars(select(User).where(User.id == user_id).options(loaded)).one()


# the first time


def next_step(session: Session, proof: Proof) -> Step:
    """Return what a person does whose account elsewhere is not known here yet."""
    email = _email(proof)
    if not email:
        return "unverified"
    if accounts.by_email(session, email) is not None:
        return "connect"
    if _invitation(session, email) is not None:
        return "invited"
    return "waiting" if access_requests.is_waiting(session, email) else "ask"


def _email(proof: Proof) -> str:
    """Return the address if the provider vouches for it, "" otherwise."""
    try:
        return users.check_email(proof.email) if proof.verified else ""
    except Invalid:
        return ""


def _invitation(session: Session, email: str) -> Invitation | None:
    """Return the newest invitation into a company. Those into the network office are accepted by their link only."""
    rows = session.scalars(
        select(Invitation)
        .where(Invitation.email == email, Invitation.company_id.is_not(None))
        .options(joinedload(Invitation.company))
        .order_by(Invitation.created_at.desc())
    )
    open_ones = (one for one in rows if one.can_be_accepted and not invitations.state_of(one))
    return next((one for one in open_ones if one.company and one.company.active), None)


def company_named(session: Session, proof: Proof) -> Company | None:
    """Return the company that invited the person, else the one with the domain of the address."""
    email = _email(proof)
    found = _invitation(session, email)
    return found.company if found else email_domains.company_of(session, email)


def accept(session: Session, proof: Proof, name: str) -> User:
    """Make the account of an invited person, without a password; the proved address stands for the link of the mail."""
    found = _invitation(session, _email(proof))
    if found is None or not proof.is_fresh or accounts.by_email(session, found.email) is not None:
        raise Conflict(ENDED)
    user = invitations.accept_with_proof(session, found, name)
    _add(session, user, proof)
    return user


def ask(session: Session, settings: Settings, proof: Proof, name: str, company: str) -> None:
    """Ask for membership; the provider proved the address already. Companies and the network office decide as about all others."""
    if not proof.is_fresh or next_step(session, proof) != "ask":
        raise Conflict(ENDED)
    access_requests.ask_proved(session, settings, access_requests.AccessInput(name, _email(proof), company))


ENDED = N_("Diese Anmeldung ist zu lange her. Beginnen Sie noch einmal.")


# the own account


def listed(session: Session, actor: Actor) -> list[Identity]:
    """Return the accounts elsewhere with which the actor signs in."""
    require(actor, "account.own")
    return list(
        session.scalars(select(Identity).where(Identity.user_id == actor.user_id).order_by(Identity.created_at))
    )


def connect(session: Session, actor: Actor, proof: Proof, *, begun_by: uuid.UUID | None) -> Identity:
    """Let the actor, who is signed in here, sign in with the account elsewhere from now on.

    *begun_by*: who was signed in when the proof was asked for; without anybody the verified addresses must be the same.
    """
    user = accounts.get_own(session, actor)
    if not proof.is_fresh:
        raise Conflict(ENDED)
    if begun_by != user.id and not (begun_by is None and _email(proof) == user.email):
        raise Conflict(N_("Die Anmeldung gehört zu einer anderen Adresse als Ihr Konto."))
    known = _find(session, proof)
    if known is not None and known.user_id != user.id:
        raise Conflict(N_("Diese Anmeldung gehört schon zu einem anderen Konto."))
    made = known or _add(session, user, proof)
    outbox.send(session, user.email, SUBJECT, CONNECTED % {"name": user.name, "email": proof.email})
    return made


def _add(session: Session, user: User, proof: Proof) -> Identity:
    made = Identity(user_id=user.id, issuer=proof.issuer, subject=proof.subject, email=proof.email, used_at=utcnow())
    session.add(made)
    session.flush()
    audit.record(session, sessions.actor_of(user), "identity.connected", made, label=user.email)
    return made


def disconnect(session: Session, actor: Actor, identity_id: uuid.UUID, *, keep: uuid.UUID | None = None) -> None:
    """End signing in with an account elsewhere; all other sign-ins end (not the one with the id *keep*)."""
    found = session.get(Identity, identity_id)
    user = accounts.get_own(session, actor)
    if found is None or found.user_id != user.id:
        raise NotFound()
    if user.password_hash is None and len(listed(session, actor)) == 1:
        raise Conflict(
            N_("Sonst kämen Sie nicht mehr hinein: Setzen Sie zuerst über „Passwort vergessen“ ein Passwort.")
        )
    session.execute(delete(Identity).where(Identity.id == found.id))
    sessions.end_all(session, user.id, keep)
    audit.record(session, actor, "identity.disconnected", found, label=user.email)
    outbox.send(session, user.email, GONE, DISCONNECTED % {"name": user.name})


GONE = N_("Eine Möglichkeit, sich bei Ihrem Konto anzumelden, ist entfernt")
CONNECTED = N_("""Guten Tag %(name)s,

bei Ihrem Konto im Modulkatalog BatterieMD können Sie sich jetzt auch mit Ihrem Firmenkonto anmelden (%(email)s).

Wenn Sie das nicht waren, entfernen Sie die Verbindung auf der Seite „Konto und Sitzungen“, ändern Sie dort Ihr Passwort und melden Sie sich beim
Netzwerkbüro.
""")
DISCONNECTED = N_("""Guten Tag %(name)s,

bei Ihrem Konto im Modulkatalog BatterieMD können Sie sich nicht mehr mit Ihrem Firmenkonto anmelden: Die Verbindung wurde gerade entfernt.

Wenn Sie das nicht waren, ändern Sie auf der Seite „Konto und Sitzungen“ Ihr Passwort und melden Sie sich beim Netzwerkbüro.
""")
