"""Links for companies without an account: confirm what staff entered, or fill in the sheet on a phone.

A link is about one company, ends after some weeks, can be revoked, and shows nothing but its own subjects. Its address is signed
with the secret key and stored nowhere, so that a sheet can be printed again. Who has it may answer; that is why nothing which was
said before is shown on a sheet, why its answers wait for confirmation, and why they never replace words of the company itself.
"""

import hashlib
import hmac
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Company, CompanyLink, CompanyRole, LinkPurpose, Membership, User
from catalogue.services import audit
from catalogue.services.errors import NotFound
from catalogue.services.permissions import Actor, require
from catalogue.settings import Settings, load_secret_key
from catalogue.texts import N_

__all__ = [
    "DAYS",
    "admins",
    "claim",
    "create",
    "end_of",
    "of_company",
    "opened",
    "prune",
    "revoke",
    "token_of",
    "url_of",
]

DAYS = {LinkPurpose.CONFIRM: 30, LinkPurpose.SHEET: 60}
KEPT = timedelta(days=90)  # after its end
SIGNATURE = 16  # bytes of the HMAC: 128 bits keep the QR code small
UNKNOWN = N_("Diesen Link gibt es nicht. Vielleicht fehlt beim Kopieren ein Teil.")


def create(
    session: Session,
    actor: Actor,
    company: Company,
    purpose: LinkPurpose,
    subjects: Iterable[uuid.UUID],
    email: str = "",
) -> CompanyLink:
    """Make a link; open ones of the same purpose for the same address end."""
    require(actor, "demand.on_behalf")
    now = utcnow()
    if email:
        same = (CompanyLink.company_id == company.id, CompanyLink.purpose == purpose, CompanyLink.email == email)
        open_ = update(CompanyLink).where(*same, CompanyLink.used_at.is_(None), CompanyLink.revoked_at.is_(None))
        session.execute(open_.values(revoked_at=now).execution_options(synchronize_session="fetch"))
    link = CompanyLink(
        id=uuid.uuid4(), company_id=company.id, purpose=purpose, subjects=[str(one) for one in subjects], email=email, created_at=now,
        created_by=actor.label[:200], expires_at=now + timedelta(days=DAYS[purpose]),
    )  # fmt: skip
    session.add(link)
    session.flush()
    audit.record(session, actor, "demand.link_made", link, label=company.name, purpose=purpose.value)
    return link


def of_company(session: Session, actor: Actor, company: Company) -> list[CompanyLink]:
    """Return the links of a company that still work, newest first."""
    require(actor, "demand.on_behalf")
    wanted = select(CompanyLink).where(
        CompanyLink.company_id == company.id, CompanyLink.revoked_at.is_(None), CompanyLink.expires_at > utcnow()
    )
    found = session.scalars(wanted.order_by(CompanyLink.created_at.desc(), CompanyLink.id))
    return [link for link in found if not _is_used(link)]


def revoke(session: Session, actor: Actor, company: Company, link_id: uuid.UUID) -> CompanyLink:
    """End a link at once; a second time changes nothing."""
    require(actor, "demand.on_behalf")
    link = session.get(CompanyLink, link_id, with_for_update=True)
    if link is None or link.company_id != company.id:
        raise NotFound
    if link.revoked_at is None:
        link.revoked_at = utcnow()
        session.flush()
        audit.record(session, actor, "demand.link_revoked", link, label=company.name)
    return link


def end_of(session: Session, user: User) -> None:
    """End the links that were mailed to *user*, who left the company or was locked."""
    mailed = update(CompanyLink).where(
        func.lower(CompanyLink.email) == user.email.lower(), CompanyLink.revoked_at.is_(None)
    )
    session.execute(mailed.values(revoked_at=utcnow()).execution_options(synchronize_session="fetch"))


def admins(session: Session, company: Company) -> Sequence[User]:
    """Return the active admins of the company; they are asked to confirm."""
    people = select(User).join(Membership).where(Membership.company_id == company.id, User.active)
    return list(session.scalars(people.where(Membership.role == CompanyRole.ADMIN).order_by(User.email)))


def prune(session: Session) -> int:
    """Delete links that ended some months ago; return how many."""
    old = CompanyLink.expires_at < utcnow() - KEPT
    return session.execute(delete(CompanyLink).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]


def token_of(settings: Settings, link: CompanyLink) -> str:
    """Return what the address of *link* ends with."""
    signed = link.id.bytes + _signature(load_secret_key(settings), link.id)
    return urlsafe_b64encode(signed).decode().rstrip("=")


def url_of(settings: Settings, link: CompanyLink) -> str:
    """Return the whole address."""
    return f"{settings.base_url.rstrip('/')}/answer/{token_of(settings, link)}"


def _signature(key: str, link_id: uuid.UUID) -> bytes:
    return hmac.new(key.encode(), b"link of a company " + link_id.bytes, hashlib.sha256).digest()[:SIGNATURE]


def opened(session: Session, settings: Settings, token: str) -> CompanyLink:
    """Return the link of *token* with its company, without using it up; NotFound says why it does not work (any more)."""
    found = _signed(session, settings, token)
    if found is None:
        raise NotFound(UNKNOWN)
    _check(found, utcnow())
    return found


def claim(session: Session, settings: Settings, token: str) -> CompanyLink:
    """Open the link for an answer: nobody answers through it at the same time, and it still works."""
    found = _signed(session, settings, token, lock=True)
    if found is None:
        raise NotFound(UNKNOWN)
    _check(found, utcnow())
    return found


def _signed(session: Session, settings: Settings, token: str, *, lock: bool = False) -> CompanyLink | None:
    try:
        given = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(given) != 16 + SIGNATURE:
        return None
    link_id = uuid.UUID(bytes=given[:16])
    keys = (load_secret_key(settings), *settings.secret_key_fallbacks)
    if not any(hmac.compare_digest(_signature(key, link_id), given[16:]) for key in keys):
        return None
    wanted = select(CompanyLink).where(CompanyLink.id == link_id).options(joinedload(CompanyLink.company))
    if lock:
        wanted = wanted.with_for_update(of=CompanyLink).execution_options(populate_existing=True)
    return session.scalar(wanted)


def _is_used(link: CompanyLink) -> bool:
    return link.purpose == LinkPurpose.CONFIRM and link.used_at is not None


def _check(link: CompanyLink, now: datetime) -> None:
    if _is_used(link):
        raise NotFound(N_("Sie haben schon geantwortet. Danke!"))
    if link.revoked_at is not None:
        raise NotFound(N_("Dieser Link wurde beendet. Vielleicht haben Sie einen neueren bekommen."))
    if link.expires_at <= now:
        raise NotFound(N_("Dieser Link ist abgelaufen."))
    if not link.company.active:
        raise NotFound(UNKNOWN)
