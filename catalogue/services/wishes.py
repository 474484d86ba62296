"""Wünsche: topics that are missing. Other companies can join; each ends in a module, a run or an answer.

Members see the wishes of others as far as these allow: with the name, without it, or not at all. How many companies join is shown
by the same rule as interest in modules (services/disclosure.py).
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import IntegrityError, Session
from catalogue.models import Confidentiality, Term, Vocabulary, Wish, WishState, WishSupport
from catalogue.services import vocabularies
from catalogue.services.disclosure import limit_of, rounded_down
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.periods import is_period
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.texts import N_

__all__ = [
    "LOADED", "WishInput", "WishView", "create", "get", "input_of", "joined", "listed", "own_list", "support", "unsupport", "update",
    "view_of",
]  # fmt: skip

TITLE_LENGTH, TEXT_LENGTH = 200, 4000
OVER = (WishState.FULFILLED, WishState.DECLINED)
LOADED: tuple[ORMOption, ...] = (
    joinedload(Wish.company),
    joinedload(Wish.topic),
    joinedload(Wish.module),
    selectinload(Wish.supports),
)


@dataclass(frozen=True)
class WishInput:
    """What a company misses. ``topic`` is a code of the vocabulary; ``version`` the one that the form was filled from."""

    title: str
    text: str = ""
    topic: str = ""
    people: int | None = None
    period: str = ""
    confidentiality: Confidentiality = Confidentiality.ANONYMOUS
    version: int | None = None


@dataclass(frozen=True)
class WishView:
    """A wish as *one* reader may see it. ``company``: "" where it is nobody's business; ``supporters``: None if too few."""

    wish: Wish
    company: str
    own: bool
    supported: bool
    supporters: int | None
    exact: bool

    @property
    def over(self) -> bool:
        """Whether it has come to its end, so that nobody can join any more."""
        return self.wish.state in OVER


def create(session: Session, actor: Actor, given: WishInput) -> Wish:
    """Add a wish of the own company, or of the network office. The same words again while it is open give the same wish."""
    require(actor, "wish.write", Own(actor.company_id))
    given, topic = _checked(session, given)
    again = session.scalar(
        select(Wish)
        .where(Wish.company_id == actor.company_id, Wish.title == given.title, Wish.text == given.text)
        .where(Wish.state == WishState.OPEN)
        .options(*LOADED)
    )
    if again is not None and actor.company_id is not None:
        return again
    wish = Wish(company_id=actor.company_id, user_id=actor.user_id, supports=[])
    _write(wish, given, topic)
    session.add(wish)
    session.flush()
    return wish


def update(session: Session, actor: Actor, wish: Wish, given: WishInput) -> Wish:
    """Change an own wish; a wish with a question goes back to the network office. Raises Stale or Invalid."""
    require(actor, "wish.write", wish)
    claim(session, wish, given.version, given, *LOADED)
    if wish.state in OVER:
        raise Conflict(N_("Dieser Wunsch ist abgeschlossen und kann nicht mehr geändert werden."))
    given, topic = _checked(session, given)
    _write(wish, given, topic)
    if wish.state == WishState.QUESTION and not actor.is_staff:
        wish.state = WishState.REVIEW
    session.flush()
    return wish


def input_of(wish: Wish) -> WishInput:
    """Return what *wish* says; its topic is loaded."""
    topic = wish.topic.code if wish.topic else ""
    return WishInput(wish.title, wish.text, topic, wish.people, wish.period, wish.confidentiality, wish.version)


def get(session: Session, actor: Actor, wish_id: uuid.UUID) -> Wish:
    """Return one wish with company, topic, module and supports, if *actor* may know of it; NotFound otherwise."""
    wish = session.scalar(select(Wish).where(Wish.id == wish_id).options(*LOADED))
    if wish is None or not _visible(actor, wish):
        raise NotFound(N_("Diesen Wunsch gibt es nicht."))
    return wish


def listed(session: Session, actor: Actor, k: int, states: tuple[WishState, ...] = ()) -> list[WishView]:
    """Return the wishes that *actor* may know of, newest first: never in an order that tells how many want it."""
    require(actor, "wish.see_list")
    query = select(Wish).where(Wish.merged_into_id.is_(None)).options(*LOADED)
    query = query.order_by(Wish.created_at.desc(), Wish.id)
    if states:
        query = query.where(Wish.state.in_(states))
    return [view_of(actor, wish, k) for wish in session.scalars(query) if _visible(actor, wish)]


def own_list(session: Session, actor: Actor, k: int) -> list[WishView]:
    """Return the wishes of the own company, newest first."""
    return _of(session, actor, k, Wish.company_id == actor.company_id)


def joined(session: Session, actor: Actor, k: int) -> list[WishView]:
    """Return the wishes of others that the own company joined, newest first."""
    ids = select(WishSupport.wish_id).where(WishSupport.company_id == actor.company_id)
    return [view for view in _of(session, actor, k, Wish.id.in_(ids)) if not view.own and _visible(actor, view.wish)]


def _of(session: Session, actor: Actor, k: int, condition: object) -> list[WishView]:
    require(actor, "company.home")
    query = select(Wish).where(condition).options(*LOADED)  # type: ignore[arg-type]
    return [view_of(actor, wish, k) for wish in session.scalars(query.order_by(Wish.created_at.desc(), Wish.id))]


def view_of(actor: Actor, wish: Wish, k: int) -> WishView:
    """Return *wish* as *actor* may see it."""
    own = actor.company_id is not None and wish.company_id == actor.company_id
    named = own or can(actor, "wish.answer") or wish.confidentiality == Confidentiality.MEMBERS
    company = wish.company.name if named and wish.company else ""
    joined_by = {one.company_id for one in wish.supports if one.company.active} - {wish.company_id}
    supported = actor.company_id in joined_by
    if can(actor, "wish.answer"):
        return WishView(wish, company, own, supported, len(joined_by), exact=True)
    others = len(joined_by - {actor.company_id})
    shown = rounded_down(others) if others >= limit_of(k) else 0
    return WishView(wish, company, own, supported, shown or None, exact=False)


def support(session: Session, actor: Actor, wish: Wish) -> None:
    """The own company wants the same; a second press changes nothing."""
    require(actor, "wish.support", Own(actor.company_id))
    if wish.company_id == actor.company_id:
        raise Conflict(N_("Das ist Ihr eigener Wunsch."))
    if wish.state in OVER:
        raise Conflict(N_("Dieser Wunsch ist abgeschlossen."))
    if wish.merged_into_id is not None:
        raise Conflict(N_("Dieser Wunsch ist mit einem anderen zusammengeführt. Schließen Sie sich dem anderen an."))
    if session.get(WishSupport, (wish.id, actor.company_id)) is not None:
        return
    try:
        with session.begin_nested():
            session.add(WishSupport(wish_id=wish.id, company_id=actor.company_id, user_id=actor.user_id))
    except IntegrityError:
        pass  # a colleague was faster
    session.refresh(wish, ["supports"])


def unsupport(session: Session, actor: Actor, wish: Wish) -> None:
    """The own company does not want it any more."""
    require(actor, "wish.support", Own(actor.company_id))
    session.execute(
        delete(WishSupport).where(WishSupport.wish_id == wish.id, WishSupport.company_id == actor.company_id)
    )
    session.refresh(wish, ["supports"])


def _visible(actor: Actor, wish: Wish) -> bool:
    if can(actor, "wish.answer") or (actor.company_id is not None and wish.company_id == actor.company_id):
        return True
    return can(actor, "wish.see_list") and wish.confidentiality != Confidentiality.NETWORK


def _checked(session: Session, given: WishInput) -> tuple[WishInput, Term | None]:
    title, text = one_line(given.title), plain_text(given.text)
    findings = Findings()
    findings.required("title", title, N_("Geben Sie an, welches Thema fehlt."))
    findings.length("title", title, TITLE_LENGTH)
    findings.length("text", text, TEXT_LENGTH)
    findings.within("people", given.people, 1, 100_000)
    if not is_period(given.period):
        findings.add("period", N_("Wählen Sie einen Zeitraum aus der Liste."))
    topic = vocabularies.find(session, Vocabulary.TOPIC, given.topic)
    if given.topic and topic is None:
        findings.add("topic", N_("Wählen Sie ein Thema aus der Liste."))
    findings.raise_any()
    return WishInput(title, text, given.topic, given.people, given.period, given.confidentiality), topic


def _write(wish: Wish, given: WishInput, topic: Term | None) -> None:
    wish.title, wish.text = given.title, given.text
    wish.topic = topic
    wish.people, wish.period = given.people, given.period
    wish.confidentiality = given.confidentiality
