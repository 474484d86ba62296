"""People ask for membership themselves: the address is proved by a link, then the company (or the network office) decides.

A request is an invitation that is not one yet (models/company.py). Nothing that a stranger gets to see tells whether an account or
a company exists: every question gets the same answer, what differs is said by mail to the address itself.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Company, CompanyRole, Invitation, Membership, NetworkRole, User
from catalogue.services import accounts, audit, companies, email_domains, invitations, outbox, switches, throttle, users
from catalogue.services.errors import Conflict, Invalid, NotFound, TooMany
from catalogue.services.findings import Findings, one_line
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.services.sorting import sort_key
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "CLOSED", "LISTS", "AccessInput", "RequestPage", "approve", "ask", "ask_proved", "confirm", "count_for_office", "decline", "find", "get",
    "is_waiting", "of_company", "opened", "prune", "suggested",
]  # fmt: skip

CONFIRM_DAYS = 2
KEEP_DECLINED = timedelta(days=90)
PER_PAGE = 50
LISTS = ("office", "waiting", "decided")
CLOSED = N_("Zurzeit werden keine neuen Anfragen nach einem Zugang angenommen.")
ENDED = N_(
    "Dieser Link gilt nicht mehr. Nehmen Sie den aus der neuesten Mail oder stellen Sie die Anfrage noch einmal."
)


@dataclass(frozen=True)
class AccessInput:
    """Who asks. *company* is what the person calls it; it is only shown to those who decide."""

    name: str
    email: str
    company: str


# the person who asks


def ask(session: Session, settings: Settings, given: AccessInput, address: str) -> None:
    """Mail a link that proves the address. Raises Invalid for what cannot be, TooMany for too many questions from one *address*,
    Conflict while no requests are taken.

    More than three questions about one e-mail address a day are not answered, so that nobody's post is flooded.
    """
    if not switches.read(session).requests_open:
        raise Conflict(CLOSED)
    email = _checked(given)
    hour, day = timedelta(hours=1), timedelta(days=1)
    network = throttle.network_of(address)
    throttle.reserve(
        session, [throttle.Limit("access-address", network, 10, hour), throttle.Limit("access", "", 200, day)]
    )
    try:
        throttle.reserve(session, [throttle.Limit("access-email", email, 3, day)])
    except TooMany:
        return
    user = accounts.by_email(session, email)
    if user is not None and (user.membership or user.network_role or not user.active):
        outbox.send(session, email, SUBJECT, KNOWN % {"url": f"{_site(settings)}/login"})
    elif is_waiting(session, email):
        outbox.send(session, email, SUBJECT, WAITING)
    else:
        session.execute(delete(Invitation).where(Invitation.email == email, _UNPROVED))
        _add(session, settings, given, email)


def is_waiting(session: Session, email: str) -> bool:
    """Return whether somebody has yet to decide about this address."""
    return session.scalar(select(Invitation.id).where(Invitation.email == email, _WAITS)) is not None


def ask_proved(session: Session, settings: Settings, given: AccessInput) -> None:
    """Ask for somebody whose address was proved otherwise (services/identities.py): those who decide hear of it at once."""
    if not switches.read(session).requests_open:
        raise Conflict(CLOSED)
    found = _new(given, _checked(given), make_token())
    session.execute(delete(Invitation).where(Invitation.email == found.email, _UNPROVED))
    session.add(found)
    session.flush()
    _proved(session, settings, found)


def _checked(given: AccessInput) -> str:
    """Return the address as it is stored; raises Invalid for what is missing."""
    findings = Findings()
    findings.required("name", one_line(given.name), N_("Geben Sie Ihren Namen an."))
    findings.length("name", given.name, 200)
    findings.required("company", one_line(given.company), N_("Geben Sie an, für welches Unternehmen Sie arbeiten."))
    findings.length("company", given.company, 200)
    email = ""
    try:
        email = users.check_email(given.email)
    except Invalid as refused:
        for name, text in refused.fields.items():
            findings.add(name, text.message)
    findings.raise_any()
    return email


def _add(session: Session, settings: Settings, given: AccessInput, email: str) -> None:
    token = make_token()
    session.add(_new(given, email, token))
    session.flush()
    # the mail repeats nothing that was typed: strangers must not be able to send words to anybody
    outbox.send(session, email, SUBJECT, PROVE % {"url": f"{_site(settings)}/access/{token}", "days": CONFIRM_DAYS})


def _new(given: AccessInput, email: str, token: str) -> Invitation:
    now = utcnow()
    return Invitation(
        email=email, name=one_line(given.name), company_text=one_line(given.company), role=CompanyRole.MEMBER.value,
        token_hash=_hash(token), created_at=now, requested_at=now, expires_at=now + timedelta(days=CONFIRM_DAYS),
    )  # fmt: skip


def _site(settings: Settings) -> str:
    return settings.base_url.rstrip("/")


def _hash(token: str) -> str:
    """Other than for invitations: the link that proves an address must never open an account."""
    return hash_token(f"request {token}")


def opened(session: Session, token: str) -> Invitation:
    """Return the request behind a link without changing anything; raise NotFound if the link is worth nothing (any more)."""
    found = session.scalar(select(Invitation).where(Invitation.token_hash == _hash(token)).with_for_update())
    if found is None or (found.verified_at is None and found.expires_at <= utcnow()):
        raise NotFound(ENDED)
    return found


def confirm(session: Session, settings: Settings, token: str) -> Invitation:
    """The address is proved: find the company by its domain and tell those who decide. A second press changes nothing."""
    found = opened(session, token)
    if found.verified_at is None:
        _proved(session, settings, found)
    return found


def _proved(session: Session, settings: Settings, found: Invitation) -> None:
    company = email_domains.company_of(session, found.email)
    found.verified_at, found.company = utcnow(), company
    session.flush()
    audit.record(session, Actor(label=found.email), "request.confirmed", found, label=found.email)
    admins = _admins_of(session, company)
    page = "/company/people#requests" if admins else "/admin/requests"
    for one in admins or _office(session):
        values = {
            "name": one.name,
            "who": found.name,
            "email": found.email,
            "company": found.company_text,
            "url": f"{_site(settings)}{page}",
        }
        outbox.send(session, one.email, N_("Jemand fragt nach einem Zugang"), DECIDE % values)


def _admins_of(session: Session, company: Company | None) -> list[User]:
    if company is None:
        return []
    admins = select(User).join(Membership).where(Membership.company_id == company.id, _IS_ADMIN)
    return list(session.scalars(admins.order_by(User.email)))


def _office(session: Session) -> list[User]:
    admins = select(User).where(User.network_role == NetworkRole.ADMIN, User.active.is_(True))
    return list(session.scalars(admins.order_by(User.email)))


# those who decide

_IS_ADMIN = (Membership.role == CompanyRole.ADMIN) & User.active.is_(True)
_UNPROVED = Invitation.requested_at.is_not(None) & Invitation.approved_at.is_(None) & Invitation.verified_at.is_(None)
_WAITS = Invitation.verified_at.is_not(None) & Invitation.approved_at.is_(None) & Invitation.declined_at.is_(None)


def _for_office() -> ColumnElement[bool]:
    """What nobody but the network office can decide."""
    served = select(Membership.company_id).join(User, User.id == Membership.user_id).where(_IS_ADMIN)
    return _WAITS & (Invitation.company_id.is_(None) | Invitation.company_id.not_in(served))


@dataclass(frozen=True)
class RequestPage:
    """One page of requests, each with its company."""

    requests: tuple[Invitation, ...]
    total: int
    page: int
    pages: int


def find(session: Session, actor: Actor, which: str = "office", page: int = 1) -> RequestPage:
    """Return requests for network admins: those that only they can decide ("office"), all that wait, or the decided ones."""
    require(actor, "user.administer")
    decided = Invitation.requested_at.is_not(None) & (
        Invitation.approved_at.is_not(None) | Invitation.declined_at.is_not(None)
    )
    condition = {"waiting": _WAITS, "decided": decided}.get(which, _for_office())
    total = session.scalar(select(func.count()).select_from(Invitation).where(condition)) or 0
    page, pages = within(page, total, PER_PAGE)
    order = Invitation.requested_at.desc() if which == "decided" else Invitation.requested_at
    rows = session.scalars(
        select(Invitation).where(condition).options(joinedload(Invitation.company)).order_by(order, Invitation.id)
        .offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    )  # fmt: skip
    return RequestPage(tuple(rows), total, page, pages)


def count_for_office(session: Session) -> int:
    """Return how many requests wait for the network office."""
    return session.scalar(select(func.count()).select_from(Invitation).where(_for_office())) or 0


def of_company(session: Session, actor: Actor, company: Company) -> list[Invitation]:
    """Return what waits for a decision of *company*, the oldest first."""
    require(actor, "company.invite", Own(company.id))
    rows = select(Invitation).where(_WAITS, Invitation.company_id == company.id)
    return list(session.scalars(rows.order_by(Invitation.requested_at, Invitation.id)))


def suggested(session: Session, actor: Actor, requests: Iterable[Invitation]) -> dict[uuid.UUID, str]:
    """Return for each request the slug of the company it probably means: that of the domain, or the one with the name; else ""."""
    named = {one.sort_name: one.slug for one in companies.find_all(session, actor)}
    return {one.id: one.company.slug if one.company else named.get(sort_key(one.company_text), "") for one in requests}


def get(session: Session, actor: Actor, request_id: uuid.UUID) -> Invitation:
    """Return a request that waits and that the actor may decide; NotFound for all others, Conflict if somebody was faster."""
    found = session.scalar(
        select(Invitation)
        .where(Invitation.id == request_id, Invitation.verified_at.is_not(None))
        .options(joinedload(Invitation.company))
        .with_for_update(of=Invitation)
    )
    if found is None or not (
        can(actor, "user.administer") or (found.company_id and can(actor, "company.invite", found))
    ):
        raise NotFound(N_("Diese Anfrage gibt es nicht."))
    if found.approved_at or found.declined_at:
        raise Conflict(N_("Über diese Anfrage hat inzwischen %(who)s entschieden."), who=found.decided_by)
    return found


def approve(
    session: Session,
    settings: Settings,
    actor: Actor,
    request: Invitation,
    company: Company | None = None,
    role: str = "member",
) -> Invitation:
    """Let the person in: from now on the request is an invitation, whose link they get by mail.

    Network admins name the *company* (default: the proposed one) and the *role*; companies let in members only.
    """
    company = company or request.company
    if company is None:
        raise Invalid("company", N_("Wählen Sie das Unternehmen."))
    require(actor, "company.invite", Own(company.id))
    require(actor, "company.invite", request)  # companies decide only about what their domain brought to them
    if role not in set(CompanyRole):
        raise Invalid("role", N_("Wählen Sie eine Rolle."))
    if not company.active:
        raise Conflict(N_("Dieses Unternehmen ist stillgelegt."))
    user = accounts.by_email(session, request.email)
    if user is not None and user.membership is not None:
        raise Conflict(N_("Diese Person gehört inzwischen schon zu einem Unternehmen."))
    for older in invitations.pending(session, actor, company):
        if older.email == request.email:
            older.revoked_at = utcnow()
    request.company, request.role = company, role
    request.approved_at, request.decided_by = utcnow(), actor.label[:200]
    invitations.send_link(session, settings, actor, request, APPROVED)
    audit.record(session, actor, "request.approved", request, label=request.email, role=role)
    return request


def decline(session: Session, actor: Actor, request: Invitation) -> None:
    """Refuse; the person gets a polite mail."""
    require(actor, "company.invite", request)
    request.declined_at, request.decided_by = utcnow(), actor.label[:200]
    session.flush()
    outbox.send(session, request.email, SUBJECT, DECLINED % {"name": request.name})
    audit.record(session, actor, "request.declined", request, label=request.email)


def prune(session: Session, now: datetime | None = None) -> int:
    """Delete requests whose address was never proved, and refused ones after 90 days; return how many."""
    now = now or utcnow()
    asked = Invitation.requested_at.is_not(None)
    unproved = asked & Invitation.verified_at.is_(None) & (Invitation.expires_at < now)
    refused = asked & (Invitation.declined_at < now - KEEP_DECLINED)
    return session.execute(delete(Invitation).where(unproved | refused)).rowcount  # type: ignore[attr-defined, no-any-return]


SUBJECT = N_("Ihre Anfrage zum Modulkatalog BatterieMD")

PROVE = N_("""Guten Tag,

jemand hat mit dieser Adresse um einen Zugang zum Modulkatalog BatterieMD gebeten. Wenn Sie das waren, bestätigen Sie Ihre Adresse:

%(url)s

Der Link gilt %(days)s Tage. Danach entscheidet Ihr Unternehmen oder das Netzwerkbüro, und Sie bekommen eine Mail.

Wenn Sie das nicht waren, tun Sie nichts. Die Anfrage wird dann gelöscht.
""")

KNOWN = N_("""Guten Tag,

jemand hat mit dieser Adresse um einen Zugang zum Modulkatalog BatterieMD gebeten. Zu dieser Adresse gibt es schon ein Konto. Melden Sie sich
damit an; ein neues Passwort bekommen Sie dort über „Passwort vergessen“:

%(url)s

Kommen Sie nicht hinein, hilft Ihnen das Netzwerkbüro. Wenn Sie das nicht waren, tun Sie nichts.
""")

WAITING = N_("""Guten Tag,

Ihre Anfrage zum Modulkatalog BatterieMD liegt schon zur Entscheidung vor. Sie bekommen eine Mail, sobald entschieden ist.
""")

DECIDE = N_("""Guten Tag %(name)s,

%(who)s (%(email)s) bittet um einen Zugang zum Modulkatalog BatterieMD und nennt als Unternehmen: %(company)s. Die Adresse ist bestätigt.

Sie entscheiden mit einem Klick, die Person bekommt dann eine Mail:

%(url)s
""")

APPROVED = N_("""Guten Tag%(name)s,

%(by)s hat Ihre Anfrage zum Modulkatalog BatterieMD angenommen (%(where)s). Über diesen Link legen Sie Ihr Konto an:

%(url)s

Der Link gilt %(days)s Tage und nur einmal.
""")

DECLINED = N_("""Guten Tag %(name)s,

vielen Dank für Ihr Interesse am Modulkatalog BatterieMD. Ihre Anfrage nach einem Zugang konnte nicht angenommen werden. Den Katalog können
Sie auch ohne Anmeldung durchsuchen.

Wenn Sie das für einen Irrtum halten, wenden Sie sich an das Netzwerkbüro. Die Anschrift steht im Impressum.
""")
