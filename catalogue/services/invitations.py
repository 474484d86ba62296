"""Invitations: a link that lets one address join a company or the network office. Only the link's hash is stored."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Company, CompanyRole, Invitation, NetworkRole, User
from catalogue.services import accounts, audit, outbox, sessions, users
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "InvitationInput",
    "accept_as_new",
    "accept_as_user",
    "accept_with_proof",
    "get",
    "invite",
    "invite_staff",
    "needs_sign_in",
    "opened",
    "pending",
    "resend",
    "revoke",
    "send_link",
    "state_of",
]

GONE = N_("Diese Einladung gibt es nicht. Prüfen Sie, ob der Link vollständig ist.")
ENDED = {
    "accepted": N_("Diese Einladung wurde schon angenommen. Melden Sie sich mit Ihrer Adresse an."),
    "revoked": N_("Diese Einladung wurde zurückgezogen. Fragen Sie die Person, die Sie eingeladen hat."),
    "expired": N_("Diese Einladung ist abgelaufen. Lassen Sie sich eine neue schicken."),
}


@dataclass(frozen=True)
class InvitationInput:
    """Whom to invite. *role* is a CompanyRole or, without a company, a NetworkRole."""

    email: str
    name: str = ""
    role: str = CompanyRole.MEMBER.value


def pending(session: Session, actor: Actor, company: Company | None) -> list[Invitation]:
    """Return the invitations of *company* (None: of the network office) that were neither accepted nor revoked, newest first."""
    _require(actor, company.id if company else None)
    return list(
        session.scalars(
            select(Invitation)
            .where(Invitation.company_id == (company.id if company else None))
            .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
            .where(Invitation.requested_at.is_(None) | Invitation.approved_at.is_not(None))
            .order_by(Invitation.created_at.desc())
        )
    )


def _require(actor: Actor, company_id: uuid.UUID | None) -> None:
    if company_id is None:
        require(actor, "user.administer")
    else:
        require(actor, "company.invite", Own(company_id))


def invite(session: Session, settings: Settings, actor: Actor, company: Company, values: InvitationInput) -> Invitation:
    """Invite one address into *company*; a second invitation replaces the first."""
    require(actor, "company.invite", Own(company.id))
    if values.role not in set(CompanyRole):
        raise Invalid("role", N_("Wählen Sie eine Rolle."))
    if not company.active:
        raise Conflict(N_("Dieses Unternehmen ist stillgelegt."))
    email = users.check_email(values.email)
    _check_domain(actor, company, email)
    known = accounts.by_email(session, email)
    if known is not None and known.membership is not None and known.membership.company_id == company.id:
        raise Invalid("email", N_("%(name)s gehört schon zu diesem Unternehmen."), name=known.name)
    return _add(session, settings, actor, values, email, company)


def invite_staff(session: Session, settings: Settings, actor: Actor, values: InvitationInput) -> Invitation:
    """Invite one address into the network office."""
    require(actor, "user.administer")
    if values.role not in set(NetworkRole):
        raise Invalid("role", N_("Wählen Sie eine Rolle."))
    return _add(session, settings, actor, values, users.check_email(values.email), None)


def _check_domain(actor: Actor, company: Company, email: str) -> None:
    if company.email_domains and not can(actor, "company.create") and email.split("@")[1] not in company.email_domains:
        raise Invalid(
            "email",
            N_("Sie können Adressen mit %(domains)s einladen. Für andere fragen Sie das Netzwerkbüro."),
            domains=", ".join(f"@{domain}" for domain in company.email_domains),
        )


def _add(
    session: Session, settings: Settings, actor: Actor, values: InvitationInput, email: str, company: Company | None
) -> Invitation:
    for older in pending(session, actor, company):
        if older.email == email:
            older.revoked_at = utcnow()
    made = Invitation(
        email=email,
        name=values.name.strip()[:200],
        company=company,
        role=values.role,
        created_by_id=actor.user_id,
        created_at=utcnow(),
    )
    send_link(session, settings, actor, made)
    audit.record(session, actor, "invitation.sent", made, label=email, role=made.role)
    return made


def send_link(session: Session, settings: Settings, actor: Actor, invitation: Invitation, words: str = "") -> None:
    """Give the invitation a new link and mail it; an older link of the same invitation is worth nothing from now on.

    *words*: another text than that of invitations, with the same blanks.
    """
    token = make_token()
    invitation.token_hash = hash_token(token)
    invitation.expires_at = utcnow() + timedelta(days=settings.invitation_days)
    session.add(invitation)
    session.flush()
    text = (words or MAIL) % {
        "name": f" {invitation.name}" if invitation.name else "",
        "by": actor.label,
        "where": invitation.company.name if invitation.company else "Netzwerkbüro",
        "url": f"{settings.base_url.rstrip('/')}/invitations/{token}",
        "days": settings.invitation_days,
    }
    outbox.send(session, invitation.email, N_("Einladung zum Modulkatalog BatterieMD"), text)


def get(session: Session, actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Return an open invitation that the actor may change; raise NotFound for all others."""
    found = session.scalar(
        select(Invitation).where(Invitation.id == invitation_id).options(joinedload(Invitation.company))
    )
    if found is None or not _may(actor, found) or not found.can_be_accepted or found.accepted_at or found.revoked_at:
        raise NotFound()
    return found


def _may(actor: Actor, invitation: Invitation) -> bool:
    return can(actor, "company.invite", invitation) if invitation.company_id else can(actor, "user.administer")


def resend(session: Session, settings: Settings, actor: Actor, invitation: Invitation) -> None:
    """Send a new link; the old one ends."""
    _require(actor, invitation.company_id)
    send_link(session, settings, actor, invitation)
    audit.record(session, actor, "invitation.resent", invitation, label=invitation.email)


def revoke(session: Session, actor: Actor, invitation: Invitation) -> None:
    """Take an invitation back."""
    _require(actor, invitation.company_id)
    invitation.revoked_at = utcnow()
    session.flush()
    audit.record(session, actor, "invitation.revoked", invitation, label=invitation.email)


# the invited person


def opened(session: Session, token: str) -> Invitation:
    """Return the invitation behind a link without changing anything; NotFound or Conflict say why it does not work."""
    found = session.scalar(
        select(Invitation)
        .where(Invitation.token_hash == hash_token(token))
        .options(joinedload(Invitation.company))
        .with_for_update(of=Invitation)
    )
    if found is None or not found.can_be_accepted:
        raise NotFound(GONE)
    if state := state_of(found):
        raise Conflict(ENDED[state])
    if found.company is not None and not found.company.active:
        raise Conflict(ENDED["revoked"])
    return found


def state_of(invitation: Invitation) -> str:
    """Return "accepted", "revoked", "expired", or "" while it can be accepted."""
    if invitation.accepted_at:
        return "accepted"
    if invitation.revoked_at:
        return "revoked"
    return "expired" if invitation.expires_at <= utcnow() else ""


def accept_as_new(session: Session, invitation: Invitation, name: str, password: str) -> User:
    """Create the account of the invited address. Who has one already signs in instead: a link must not replace a password."""
    user = accept_with_proof(session, invitation, name)
    accounts.set_password(session, sessions.actor_of(user), user, password)
    return user


def accept_with_proof(session: Session, invitation: Invitation, name: str) -> User:
    """Create the account of the invited address, proved by the link or otherwise (services/identities.py); it has no password yet."""
    user = accounts.by_email(session, invitation.email)
    if user is not None and user.password_hash is not None:
        raise Conflict(
            N_(
                "Mit dieser Adresse gibt es schon ein Konto. Melden Sie sich an und öffnen Sie den Link dann noch einmal."
            )
        )
    if not name.strip():
        raise Invalid("name", N_("Geben Sie Ihren Namen an."))
    if user is None:
        user = User(email=invitation.email, name=name.strip(), membership=None)
        session.add(user)
    elif not user.active:
        raise Conflict(ENDED["revoked"])
    user.name = name.strip()
    session.flush()
    _accept(session, invitation, user)
    return user


def accept_as_user(session: Session, actor: Actor, invitation: Invitation) -> User:
    """Let the person who is signed in accept; it must be the invited one."""
    user = accounts.get_own(session, actor)
    if user.email != invitation.email:
        raise Conflict(N_("Diese Einladung gilt für eine andere Adresse als die Ihres Kontos."))
    _accept(session, invitation, user)
    return user


def _accept(session: Session, invitation: Invitation, user: User) -> None:
    if invitation.company is not None:
        users.join(session, user, invitation.company, CompanyRole(invitation.role))
    else:
        user.network_role = NetworkRole(invitation.role)
    invitation.accepted_at = utcnow()
    session.flush()
    audit.record(
        session, sessions.actor_of(user), "invitation.accepted", invitation, label=user.email, role=invitation.role
    )


def needs_sign_in(session: Session, invitation: Invitation) -> bool:
    """Return whether the invited address has an account with a password already."""
    user = accounts.by_email(session, invitation.email)
    return user is not None and user.password_hash is not None


MAIL = N_("""Guten Tag%(name)s,

%(by)s hat Sie in den Modulkatalog BatterieMD eingeladen (%(where)s). Über diesen Link legen Sie Ihr Konto an:

%(url)s

Der Link gilt %(days)s Tage und nur einmal. Wenn Sie die Einladung nicht erwartet haben, tun Sie nichts.
""")
