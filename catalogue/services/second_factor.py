"""The second factor: codes of an authenticator app (RFC 6238, 30 seconds, six digits), set up and taken off."""

import hmac
import secrets as random
import uuid
from base64 import b32encode
from dataclasses import dataclass

import pyotp
from sqlalchemy import delete, select, update

from catalogue.db import Session, utcnow
from catalogue.models import CompanyRole, RecoveryCode, SecondFactor, User
from catalogue.services import audit, outbox, recovery_codes, sealing, sessions
from catalogue.services.accounts import get_own
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.mail_text import say
from catalogue.services.permissions import Actor, require
from catalogue.services.recovery_codes import Drawn
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = [
    "Setup", "accept", "begin", "is_required", "new_codes", "remove", "remove_from", "set_up", "setup",
]  # fmt: skip

SEED_BYTES = 20  # 160 bits, RFC 4226
STEP = 30  # seconds
ISSUER = "Modulkatalog BatterieMD"
WRONG = N_("Dieser Code stimmt nicht. Nehmen Sie den, den die App gerade zeigt.")


@dataclass(frozen=True)
class Setup:
    """What an app needs: the address behind the QR code, and the key for typing it in."""

    url: str
    key: str

    @property
    def groups(self) -> list[str]:
        """The key in groups of four."""
        return [self.key[start : start + 4] for start in range(0, len(self.key), 4)]


def is_required(settings: Settings, user: User) -> bool:
    """Return whether *user* (membership loaded) must have a second factor.

    Who has no password signs in elsewhere and shows a second factor there.
    """
    wanted = settings.second_factor or ("staff" if settings.secure else "optional")
    is_staff, is_admin = (
        user.network_role is not None,
        user.membership is not None and user.membership.role == CompanyRole.ADMIN,
    )
    return user.password_hash is not None and {
        "optional": False, "staff": is_staff, "company-admins": is_staff or is_admin, "all": True,
    }[wanted]  # fmt: skip


# setting up


def begin(session: Session, settings: Settings, actor: Actor) -> None:
    """Make a new seed, which waits for its first code."""
    user = get_own(session, actor)
    _refuse_second(user)
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    seed = random.token_bytes(SEED_BYTES)
    session.add(SecondFactor(user_id=user.id, seed=sealing.seal(settings, seed, user.id.bytes)))
    session.flush()


def setup(session: Session, settings: Settings, actor: Actor) -> Setup | None:
    """Return what the app needs while the seed waits for its first code; None before and after."""
    user = get_own(session, actor)
    waiting = _of(session, user.id)
    if user.second_factor_at is not None or waiting is None:
        return None
    try:
        key = _key(settings, waiting)
    except sealing.SealError:
        return None
    return Setup(pyotp.TOTP(key).provisioning_uri(name=user.email, issuer_name=ISSUER), key)


def set_up(
    session: Session, settings: Settings, actor: Actor, code: str, drawn: Drawn, *, keep: uuid.UUID | None = None
) -> None:
    """Let the factor count from now on, after its first code; *drawn* are the recovery codes. All other sign-ins end."""
    user = get_own(session, actor)
    _refuse_second(user)
    waiting = _of(session, user.id)
    if waiting is None or not _fits(session, settings, waiting, code):
        raise Invalid("code", WRONG)
    user.second_factor_at = utcnow()
    recovery_codes.replace(session, user.id, drawn)
    sessions.end_all(session, user.id, keep)
    _tell(session, actor, user, "set_up")


def _refuse_second(user: User) -> None:
    if user.second_factor_at is not None:
        raise Conflict(N_("Ihr zweiter Faktor ist schon eingerichtet. Entfernen Sie ihn zuerst."))


# using it


def accept(session: Session, settings: Settings, user: User, typed: str) -> str:
    """Return "code" or "recovery" if *typed* proves that it is *user*, else "". Each code works once.

    The caller counts the try first (:func:`throttle.code_limits`). The code of the step before is taken, too, because it may have ended while it was typed;
    none of a step that is past the last one used.
    """
    factor = _of(session, user.id) if user.second_factor_at is not None else None
    if factor is None:
        return ""
    if _fits(session, settings, factor, typed):
        return "code"
    if not recovery_codes.use(session, user.id, typed):
        return ""
    left = recovery_codes.left(session, user.id)
    audit.record(session, sessions.actor_of(user), "second_factor.recovery_used", user, label=user.email, left=left)
    _mail(session, user, "recovery_used", left=left)
    return "recovery"


def _fits(session: Session, settings: Settings, factor: SecondFactor, typed: str) -> bool:
    digits = "".join(letter for letter in typed if letter not in " \u00a0-\t")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return False
    try:
        totp = pyotp.TOTP(_key(settings, factor))
    except sealing.SealError:
        return False
    now = int(utcnow().timestamp()) // STEP
    steps = [step for step in (now, now - 1) if hmac.compare_digest(totp.generate_otp(step), digits)]
    return bool(steps) and _take(session, settings, factor, steps[0])


def _take(session: Session, settings: Settings, factor: SecondFactor, step: int) -> bool:
    """Use the code of *step* up; return False if it, or a later one, was used before. Two requests at once cannot both succeed."""
    owner = factor.user_id.bytes
    seed = factor.seed
    if not sealing.is_current(settings, seed, owner):
        seed = sealing.seal(settings, sealing.unseal(settings, seed, owner), owner)
    taken = session.execute(
        update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.used_step < step)
        .values(used_step=step, seed=seed)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _of(session: Session, user_id: uuid.UUID) -> SecondFactor | None:
    return session.scalar(select(SecondFactor).where(SecondFactor.user_id == user_id))


def _key(settings: Settings, factor: SecondFactor) -> str:
    return b32encode(sealing.unseal(settings, factor.seed, factor.user_id.bytes)).decode("ascii")


# changing it


def new_codes(session: Session, actor: Actor, drawn: Drawn) -> None:
    """Give the actor new recovery codes; the old ones end."""
    user = get_own(session, actor)
    if user.second_factor_at is None:
        raise NotFound()
    recovery_codes.replace(session, user.id, drawn)
    _tell(session, actor, user, "codes_renewed")


def remove(session: Session, actor: Actor, *, keep: uuid.UUID | None = None) -> None:
    """Take the own second factor off. All other sign-ins end."""
    user = get_own(session, actor)
    if user.second_factor_at is None:
        raise NotFound()
    _remove(session, actor, user, keep)


def remove_from(session: Session, actor: Actor, user: User) -> None:
    """Take the second factor off somebody who lost the phone. All their sign-ins end; nobody can set one up for others."""
    require(actor, "user.administer")
    if user.second_factor_at is None:
        raise Conflict(N_("Dieses Konto hat keinen zweiten Faktor."))
    _remove(session, actor, user, None)


def _remove(session: Session, actor: Actor, user: User, keep: uuid.UUID | None) -> None:
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    user.second_factor_at = None
    sessions.end_all(session, user.id, keep)
    _tell(session, actor, user, "removed")


def _tell(session: Session, actor: Actor, user: User, what: str) -> None:
    session.flush()
    audit.record(session, actor, f"second_factor.{what}", user, label=user.email)
    _mail(session, user, what)


def _mail(session: Session, user: User, what: str, **values: object) -> None:
    subject, text = MAILS[what]
    body = say(user.language, Text(FRAME, {"name": user.name, "what": Text(text, values)}))
    outbox.send(session, user.email, say(user.language, Text(subject)), body)


MAILS = {
    "set_up": (
        N_("Der zweite Faktor Ihres Kontos ist eingerichtet"),
        N_("Für Ihr Konto im Modulkatalog BatterieMD ist gerade ein zweiter Faktor eingerichtet worden: Beim Anmelden wird jetzt auch ein Code aus einer Authenticator-App verlangt. Alle anderen Anmeldungen sind beendet."),
    ),
    "removed": (
        N_("Der zweite Faktor Ihres Kontos ist entfernt"),
        N_("Der zweite Faktor Ihres Kontos im Modulkatalog BatterieMD ist gerade entfernt worden. Zum Anmelden genügt jetzt das Passwort."),
    ),
    "codes_renewed": (
        N_("Neue Wiederherstellungscodes für Ihr Konto"),
        N_("Für Ihr Konto im Modulkatalog BatterieMD sind gerade neue Wiederherstellungscodes gemacht worden. Die alten gelten nicht mehr."),
    ),
    "recovery_used": (
        N_("Ein Wiederherstellungscode Ihres Kontos ist benutzt worden"),
        N_("Für Ihr Konto im Modulkatalog BatterieMD ist gerade ein Wiederherstellungscode benutzt worden. Übrig sind %(left)s. Neue machen Sie unter „Konto“."),
    ),
}  # fmt: skip
FRAME = N_("""Guten Tag %(name)s,

%(what)s

Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort und melden Sie sich beim Netzwerkbüro.
""")
