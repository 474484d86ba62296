"""What becomes of a wish: the network office answers, and everybody who wanted it hears of it."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from catalogue.db import Session, utcnow
from catalogue.models import Confidentiality, Membership, Module, User, Wish, WishState, WishSupport, WorkflowState
from catalogue.services import audit, outbox, wish_merges
from catalogue.services.errors import Conflict
from catalogue.services.findings import Findings, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.wishes import LOADED, OVER, TEXT_LENGTH
from catalogue.texts import N_

__all__ = ["AnswerInput", "answer", "fulfil", "link_draft", "merge", "modules"]

DECIDED = (WishState.PLANNED, WishState.FULFILLED, WishState.DECLINED)
SILENT = (WishState.OPEN, WishState.REVIEW)  # need no sentence


@dataclass(frozen=True)
class AnswerInput:
    """State and answer; ``module`` is the slug of the module that fulfils the wish."""

    state: WishState
    answer: str = ""
    module: str = ""
    version: int | None = None


def modules(session: Session, actor: Actor, wish: Wish) -> list[tuple[str, str]]:
    """Return slug and title of the published modules that can fulfil *wish*, and of the one that is drafted for it."""
    require(actor, "wish.answer")
    offered = or_(Module.state == WorkflowState.PUBLISHED, Module.id == wish.module_id)
    published = select(Module.slug, Module.title).where(offered)
    return [(slug, title) for slug, title in session.execute(published.order_by(Module.sort_title))]


def answer(session: Session, actor: Actor, wish: Wish, given: AnswerInput) -> Wish:
    """Set state and answer, keep the day of the decision, mail all who wanted it. Raises Stale or Invalid.

    The wishes that it stands for get the same answer; a question is for the company of the wish alone.
    """
    require(actor, "wish.answer")
    claim(session, wish, given.version, given, *LOADED)
    text = plain_text(given.answer)
    module = session.scalar(select(Module).where(Module.slug == given.module)) if given.module else None
    findings = Findings()
    if given.state not in SILENT:
        findings.required("answer", text, N_("Schreiben Sie einen Satz dazu; die Unternehmen bekommen ihn zu lesen."))
    findings.length("answer", text, TEXT_LENGTH)
    if given.module and module is None:
        findings.add("module", N_("Wählen Sie ein Modul aus der Liste."))
    findings.raise_any()
    others = [] if given.state == WishState.QUESTION else wish_merges.others(session, wish)
    for one in (wish, *others):
        _write(one, actor, given.state, text, module)
        session.flush()
        audit.record(session, actor, "wish.answered", one, state=given.state.value)
        if given.state not in SILENT:
            _tell(session, one)
    return wish


def merge(session: Session, actor: Actor, wish: Wish, kept: Wish) -> Wish:
    """Let *kept* stand for *wish* from now on; who wanted *wish* hears what was answered to *kept* already. Raises Conflict."""
    wish_merges.merge(session, actor, wish, kept)
    if kept.state not in (*SILENT, WishState.QUESTION):
        _write(wish, actor, kept.state, kept.answer, kept.module)
        session.flush()
        audit.record(session, actor, "wish.answered", wish, state=kept.state.value)
        _tell(session, wish)
    return kept


def link_draft(session: Session, actor: Actor, wish: Wish, module: Module) -> None:
    """Note that *module* is drafted for *wish*; once it is published, :func:`fulfil` tells who wanted it. No mail goes out."""
    require(actor, "wish.answer")
    claim(session, wish, None, None, *LOADED)
    wish.module = module
    if wish.state == WishState.OPEN:
        wish.state = WishState.REVIEW
    session.flush()
    audit.record(session, actor, "wish.drafted", wish, module=module.slug)


def fulfil(session: Session, actor: Actor, wish: Wish) -> Wish:
    """Tell all who wanted it that the module made for *wish* is in the catalogue; Conflict if it is not (any more)."""
    require(actor, "wish.answer")
    claim(session, wish, None, None, *LOADED)
    if wish.module is None or not wish.module.is_public or wish.state in OVER:
        raise Conflict(N_("Dazu steht kein Modul im Katalog, oder der Wunsch ist schon abgeschlossen."))
    text = IN_CATALOGUE % {"title": wish.module.title}
    return answer(session, actor, wish, AnswerInput(WishState.FULFILLED, text, wish.module.slug, wish.version))


IN_CATALOGUE = N_("Dazu steht jetzt das Modul „%(title)s“ im Katalog.")


def _write(wish: Wish, actor: Actor, state: WishState, text: str, module: Module | None) -> None:
    now = utcnow()
    wish.state, wish.answer, wish.module = state, text, module
    wish.answered_at, wish.answered_by_id = now, actor.user_id
    wish.decided_at = (wish.decided_at or now) if state in DECIDED else None
    wish.fulfilled_at = (wish.fulfilled_at or now) if state == WishState.FULFILLED else None


def _tell(session: Session, wish: Wish) -> None:
    """Mail the person who wished and, in the same words, those who joined; nobody learns who else did."""
    ids = {wish.user_id}
    if wish.state != WishState.QUESTION and wish.confidentiality != Confidentiality.NETWORK:
        ids |= set(session.scalars(select(WishSupport.user_id).where(WishSupport.wish_id == wish.id)))
    people = session.scalars(
        select(User).join(Membership).where(User.id.in_(ids - {None}), User.active).order_by(User.email)
    )
    subject = (
        f"Rückfrage zum Wunsch „{wish.title}“"
        if wish.state == WishState.QUESTION
        else f"Antwort zum Wunsch „{wish.title}“"
    )
    for person in people:
        outbox.send(
            session, person.email, subject,
            f"Guten Tag {person.name},\n\ndas Netzwerkbüro schreibt zum Wunsch „{wish.title}“ (Stand: {wish.state.label}):\n\n"
            f"{wish.answer}\n\nMehr steht im Modulkatalog unter „Wünsche“.\n",
            dedupe_key=f"wish:{wish.id}:{wish.version}:{person.id}",
        )  # fmt: skip
