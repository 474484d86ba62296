"""Asking providers whether a module is still right: a link by mail, one answer without a login, never a live change of words."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import delete, select, update

from catalogue.db import Session, utcnow
from catalogue.models import Confirmation, ConfirmationAnswer, Module
from catalogue.services import audit, module_history, modules, outbox, pending
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.module_input import input_of, tidy
from catalogue.services.permissions import Actor, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "DAYS", "Asked", "Change", "ask", "change", "change_of", "confirm", "gone", "latest", "opened", "prune", "say_confirmed",
]  # fmt: skip

DAYS = 30
NOT_AGAIN = timedelta(days=7)
KEEP = timedelta(days=400)
OFFICE = N_("Netzwerkbüro")
GONE = N_("Dieses Modul steht nicht mehr im Katalog.")


@dataclass(frozen=True)
class Asked:
    """What became of the wish to ask: modules whose provider was asked, has no address, or was asked within a week."""

    sent: tuple[Module, ...]
    without_address: tuple[Module, ...]
    asked_before: tuple[Module, ...]


@dataclass(frozen=True)
class Change:
    """What a provider may propose: the main words of the module, and a remark (dates of runs, for instance)."""

    title: str
    summary: str = ""
    contents: tuple[str, ...] = ()
    prerequisites: str = ""
    duration_text: str = ""
    format_text: str = ""
    place_text: str = ""
    certificate_text: str = ""
    price_text: str = ""
    source_url: str = ""
    note: str = ""


FIELDS = tuple(name for name in Change.__dataclass_fields__ if name != "note")


def confirm(session: Session, actor: Actor, module: Module, version: int | None) -> Module:
    """Note that network staff checked *module* today and it is right."""
    require(actor, "module.confirm", module)
    modules.lock(session, module, version)
    return _note_confirmed(session, actor, module, OFFICE)


def _note_confirmed(session: Session, actor: Actor, module: Module, who: str) -> Module:
    """The page names the office or the provider; which person it was stands in the history."""
    module.confirmed_at, module.confirmed_by = utcnow(), who[:200]
    session.flush()
    module_history.record(session, actor, module, "confirmed")
    audit.record(session, actor, "module.confirmed", module)
    return module


def ask(session: Session, settings: Settings, actor: Actor, listed: Sequence[Module]) -> Asked:
    """Mail the providers of the published modules *listed* one link for each; older open links end. One mail per address."""
    require(actor, "module.confirm")
    asked: dict[str, list[tuple[Module, str]]] = defaultdict(list)
    without, before = [], []
    for module in listed:
        modules.lock(session, module, None)
        email = module.provider.contact_email.strip() if module.provider else ""
        if not email or not module.is_public:
            without.append(module)
        elif _asked_lately(session, module, email):
            before.append(module)
        else:
            asked[email].append((module, _make(session, settings, actor, module, email)))
    for email, links in asked.items():
        _mail(session, email, links)
    return Asked(tuple(module for links in asked.values() for module, _ in links), tuple(without), tuple(before))


def _asked_lately(session: Session, module: Module, email: str) -> bool:
    since = utcnow() - NOT_AGAIN
    statement = select(Confirmation.id).where(
        Confirmation.module_id == module.id,
        Confirmation.email == email,
        Confirmation.created_at > since,
        Confirmation.used_at.is_(None),
        Confirmation.revoked_at.is_(None),
    )
    return session.scalar(statement.limit(1)) is not None


def _make(session: Session, settings: Settings, actor: Actor, module: Module, email: str) -> str:
    token, now = make_token(), utcnow()
    open_ = (Confirmation.module_id == module.id, Confirmation.used_at.is_(None), Confirmation.revoked_at.is_(None))
    session.execute(
        update(Confirmation).where(*open_).values(revoked_at=now).execution_options(synchronize_session="fetch")
    )
    session.add(
        Confirmation(
            module_id=module.id,
            token_hash=hash_token(token),
            email=email,
            asked_by=actor.label[:200],
            created_at=now,
            expires_at=now + timedelta(days=DAYS),
        )
    )
    session.flush()
    audit.record(session, actor, "module.asked", module)
    return f"{settings.base_url.rstrip('/')}/confirm/{token}"


def _mail(session: Session, email: str, links: list[tuple[Module, str]]) -> None:
    provider = links[0][0].provider
    name = provider.contact_name if provider else ""
    listed = "\n\n".join(f"{module.title}\n{url}" for module, url in links)
    text = MAIL % {"name": f" {name}" if name else "", "days": DAYS, "links": listed}
    outbox.send(session, email, N_("Stimmen Ihre Angaben im Modulkatalog BatterieMD noch?"), text)


def latest(session: Session, actor: Actor, listed: Sequence[Module]) -> dict[uuid.UUID, Confirmation]:
    """Return for each of the modules the last question to its provider, by the module's id."""
    require(actor, "module.confirm")
    wanted = Confirmation.module_id.in_([module.id for module in listed])
    rows = session.scalars(select(Confirmation).where(wanted).order_by(Confirmation.created_at))
    return {row.module_id: row for row in rows}


def opened(session: Session, token: str) -> tuple[Confirmation, Module]:
    """Return the question behind *token* and its module without using it up; NotFound says why it does not work (any more)."""
    found = session.scalar(select(Confirmation).where(Confirmation.token_hash == hash_token(token)))
    if found is None:
        raise NotFound(N_("Diesen Link gibt es nicht. Vielleicht fehlt beim Kopieren ein Teil."))
    _check_open(found)
    module = session.scalar(select(Module).where(Module.id == found.module_id).options(*modules.LOADED))
    if module is None or not module.is_public:
        raise NotFound(GONE)
    return found, module


def _check_open(found: Confirmation) -> None:
    if found.used_at is not None:
        raise NotFound(N_("Sie haben diese Frage schon beantwortet. Danke!"))
    if found.revoked_at is not None:
        raise NotFound(N_("Für diesen Link haben wir Ihnen einen neueren geschickt. Bitte nehmen Sie den."))
    if found.expires_at <= utcnow():
        raise NotFound(N_("Dieser Link ist abgelaufen."))


def _claim(session: Session, token: str, version: int | None = None) -> tuple[Confirmation, Module]:
    """Open the link for an answer: first the module is locked, then the question, as :func:`ask` does; two answers never both count."""
    found, module = opened(session, token)
    modules.lock(session, module, version)
    if not module.is_public:
        raise NotFound(GONE)
    session.refresh(found, with_for_update=True)
    _check_open(found)
    return found, module


def _author(found: Confirmation) -> Actor:
    return Actor(label=found.email)


def _use(session: Session, found: Confirmation, answer: ConfirmationAnswer) -> None:
    found.used_at, found.answer = utcnow(), answer
    session.flush()


def say_confirmed(session: Session, token: str) -> Module:
    """The provider says that everything is still right."""
    found, module = _claim(session, token)
    _use(session, found, ConfirmationAnswer.CONFIRMED)
    return _note_confirmed(session, _author(found), module, module.provider.name if module.provider else found.email)


def change_of(module: Module) -> Change:
    """Return what the catalogue says now, for the provider's form."""
    return Change(**{name: getattr(input_of(module), name) for name in FIELDS})


def change(session: Session, token: str, wanted: Change, version: int | None) -> Module:
    """The provider proposes other words; they wait for network staff. Raises Stale and Invalid."""
    found, module = _claim(session, token, version)
    before = input_of(module)
    given = tidy(replace(before, **{name: getattr(wanted, name) for name in FIELDS}))
    if given == tidy(before) and not wanted.note.strip():
        raise Invalid("note", N_("Ändern Sie etwas oder schreiben Sie, was nicht stimmt."))
    pending.propose(session, _author(found), module, given, wanted.note)
    _use(session, found, ConfirmationAnswer.CHANGED)
    audit.record(session, _author(found), "module.change_proposed", module)
    return module


def gone(session: Session, token: str, note: str = "") -> Module:
    """The provider says that there is no such offer any more; network staff decide whether to archive it."""
    found, module = _claim(session, token)
    pending.ask_archive(session, _author(found), module, note)
    _use(session, found, ConfirmationAnswer.GONE)
    audit.record(session, _author(found), "module.archive_proposed", module)
    return module


def prune(session: Session) -> int:
    """Delete questions that are more than a year old; return how many."""
    old = Confirmation.created_at < utcnow() - KEEP
    return session.execute(delete(Confirmation).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]


MAIL = N_("""Guten Tag%(name)s,

im Modulkatalog BatterieMD steht Ihr Weiterbildungsangebot. Stimmen die Angaben noch? Mit den Links unten bestätigen Sie sie,
schicken Änderungen oder sagen, dass es das Angebot nicht mehr gibt. Sie brauchen kein Konto.

%(links)s

Jeder Link gilt %(days)s Tage und für eine Antwort. Änderungen prüft das Netzwerkbüro, bevor sie im Katalog erscheinen.

Vielen Dank
Ihr Netzwerkbüro BatterieMD
""")
