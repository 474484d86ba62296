"""Signed links in digests: they let one person do one thing with one record, for some weeks, without signing in.

A link is bound to the version of the record: as soon as it was used, or the record changed, it is worth nothing. It does what the
person may do at that moment: whoever left the company or was locked can do nothing with it. Opening one changes nothing.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Demand, Membership, Module, User, Wish, WishState
from catalogue.services import audit, demand, wishes
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.findings import plain_text
from catalogue.services.permissions import Actor
from catalogue.services.sessions import actor_of
from catalogue.settings import Settings, load_secret_key
from catalogue.texts import N_

__all__ = [
    "ANSWER",
    "CONFIRM",
    "DAYS",
    "OpenedDemand",
    "OpenedWish",
    "answer",
    "confirm",
    "make",
    "open_demand",
    "open_wish",
]

CONFIRM, ANSWER = "confirm", "answer"
DAYS = 45  # longer than a month: the link of a monthly mail works until the next one comes
WRONG = N_("Diesen Link gibt es nicht. Vielleicht fehlt beim Kopieren ein Teil.")
ENDED = N_("Dieser Link ist abgelaufen.")
DONE = N_(
    "Das ist schon erledigt, oder jemand hat inzwischen etwas geändert. Sehen Sie auf der Seite Ihres Unternehmens nach."
)
LEFT = N_("Dieser Link gilt nicht mehr, weil Ihr Konto nicht mehr zu diesem Unternehmen gehört.")


@dataclass(frozen=True)
class _Opened:
    user: User
    actor: Actor
    thing_id: uuid.UUID
    version: int


@dataclass(frozen=True)
class OpenedDemand:
    """What a link lets somebody confirm."""

    actor: Actor
    demand: Demand


@dataclass(frozen=True)
class OpenedWish:
    """What a link lets somebody answer."""

    actor: Actor
    wish: Wish


def make(settings: Settings, purpose: str, user: User, thing: Demand | Wish) -> str:
    """Return the address with which *user* can do *purpose* with *thing* as it is now."""
    until = int((utcnow() + timedelta(days=DAYS)).timestamp())
    said = user.id.bytes + thing.id.bytes + thing.version.to_bytes(4) + until.to_bytes(8)
    token = base64.urlsafe_b64encode(said + _signature(load_secret_key(settings), purpose, said)).decode().rstrip("=")
    return f"{settings.base_url.rstrip('/')}/mail/{purpose}/{token}"


def _signature(key: str, purpose: str, said: bytes) -> bytes:
    return hmac.new(key.encode(), b"digest link " + purpose.encode() + b" " + said, hashlib.sha256).digest()


def _open(session: Session, settings: Settings, purpose: str, token: str) -> _Opened:
    try:
        whole = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise NotFound(WRONG) from None
    said, signature = whole[:44], whole[44:]
    keys = (load_secret_key(settings), *settings.secret_key_fallbacks)
    if not any(hmac.compare_digest(_signature(key, purpose, said), signature) for key in keys):
        raise NotFound(WRONG)
    if datetime.fromtimestamp(int.from_bytes(said[36:44]), UTC) <= utcnow():
        raise NotFound(ENDED)
    person = joinedload(User.membership).joinedload(Membership.company)
    user = session.scalar(select(User).where(User.id == uuid.UUID(bytes=said[:16])).options(person))
    if user is None or not user.active:
        raise NotFound(LEFT)
    return _Opened(user, actor_of(user), uuid.UUID(bytes=said[16:32]), int.from_bytes(said[32:36]))


def open_demand(session: Session, settings: Settings, token: str) -> OpenedDemand:
    """Return what the link asks to confirm; NotFound says why it does not work (any more)."""
    opened = _open(session, settings, CONFIRM, token)
    wanted = select(Demand).where(Demand.id == opened.thing_id).options(joinedload(Demand.module))
    found = session.scalar(wanted)
    if found is None or found.version != opened.version or found.withdrawn_at is not None:
        raise NotFound(DONE)
    if opened.actor.company_id != found.company_id:
        raise NotFound(LEFT)
    return OpenedDemand(opened.actor, found)


def confirm(session: Session, settings: Settings, token: str) -> Module:
    """The company says that its record about a module still holds; the link is used up by that. Returns the module."""
    opened = open_demand(session, settings, token)
    module = opened.demand.module
    confirmed = demand.confirm(session, opened.actor, module)
    session.flush()
    audit.record(session, opened.actor, "demand.confirmed_by_mail", confirmed, label=module.title)
    return module


def open_wish(session: Session, settings: Settings, token: str) -> OpenedWish:
    """Return the wish that the network office asks about; NotFound says why the link does not work (any more)."""
    opened = _open(session, settings, ANSWER, token)
    found = session.scalar(select(Wish).where(Wish.id == opened.thing_id).options(*wishes.LOADED))
    if found is None or found.version != opened.version or found.state != WishState.QUESTION:
        raise NotFound(DONE)
    if opened.actor.company_id != found.company_id:
        raise NotFound(LEFT)
    return OpenedWish(opened.actor, found)


def answer(session: Session, settings: Settings, token: str, text: str) -> Wish:
    """Add the answer to the words of the wish, which goes back to the network office. Raises Invalid without a text."""
    opened = open_wish(session, settings, token)
    said = plain_text(text)
    if not said:
        raise Invalid("text", N_("Schreiben Sie Ihre Antwort."))
    given = wishes.input_of(opened.wish)
    wishes.update(
        session,
        opened.actor,
        opened.wish,
        replace(given, text=f"{given.text}\n\n{said}".strip(), version=opened.wish.version),
    )
    audit.record(session, opened.actor, "wish.answered_by_mail", opened.wish)
    return opened.wish
