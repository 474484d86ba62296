"""How often somebody gets a digest: chosen in the account, ended from a mail with one click.

Default: weekly for everybody. Who has nothing to hear of (no company, no role, nothing said or nothing new) gets no mail, so that
nobody is written to before they or their company said something; the first mail says how to end them.
"""

import uuid

from sqlalchemy import select, update

from catalogue.db import Session, utcnow
from catalogue.models import Digest, Frequency, SavedSearch, User
from catalogue.services import signatures
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.permissions import Actor, require
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["CHOICES", "by_link", "choose", "chosen", "is_off", "link_of", "unsubscribe"]

CHOICES = (Frequency.WEEKLY, Frequency.MONTHLY, Frequency.OFF)
DEFAULT = Frequency.WEEKLY
PURPOSE = "unsubscribe digest"
GONE = N_("Dieses Konto gibt es nicht mehr. Es kommen keine Mails.")


def chosen(session: Session, actor: Actor) -> Frequency:
    """Return how often the actor gets a digest."""
    require(actor, "account.own")
    found = session.get(Digest, actor.user_id)
    return found.frequency if found else DEFAULT


def choose(session: Session, actor: Actor, frequency: Frequency) -> None:
    """Change it; who switches the mails on again hears of what happens from now on."""
    require(actor, "account.own")
    if frequency not in CHOICES or actor.user_id is None:
        raise Invalid("frequency", N_("Wählen Sie wöchentlich, monatlich oder keine Mails."))
    found = session.get(Digest, actor.user_id)
    if found is None:
        session.add(Digest(user_id=actor.user_id, frequency=frequency))
    else:
        if found.frequency == Frequency.OFF:
            found.checked_at = utcnow()
        found.frequency = frequency
    session.flush()


def link_of(settings: Settings, user_id: uuid.UUID) -> str:
    """Return the address that ends the mails of one person. It never ends itself and is good for nothing else."""
    return f"{settings.base_url.rstrip('/')}/mail/unsubscribe/{user_id}/{signatures.sign(settings, PURPOSE, user_id)}"


def by_link(session: Session, settings: Settings, user_id: uuid.UUID, signature: str) -> User:
    """Return the person whom a signed link names; raise NotFound if the signature is wrong or the account is gone."""
    if not signatures.is_signed(settings, PURPOSE, user_id, signature):
        raise NotFound(GONE)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(GONE)
    return user


def is_off(session: Session, user: User) -> bool:
    """Whether nothing is sent to *user* by itself any more."""
    digest = session.get(Digest, user.id)
    searches = select(SavedSearch.id).where(SavedSearch.user_id == user.id, SavedSearch.frequency != Frequency.OFF)
    return digest is not None and digest.frequency == Frequency.OFF and session.scalar(searches.limit(1)) is None


def unsubscribe(session: Session, settings: Settings, user_id: uuid.UUID, signature: str) -> User:
    """End the digest and the mails of all saved searches: one mail holds both, so one click ends both. A second time changes nothing."""
    user = by_link(session, settings, user_id, signature)
    digest = session.get(Digest, user.id)
    if digest is None:
        session.add(Digest(user_id=user.id, frequency=Frequency.OFF))
    else:
        digest.frequency = Frequency.OFF
    session.execute(update(SavedSearch).where(SavedSearch.user_id == user.id).values(frequency=Frequency.OFF))
    session.flush()
    return user
