"""What the network office does with remarks: looks at them, decides, answers, moderates; the giver hears of it each time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from catalogue.db import Session, utcnow
from catalogue.models import (
    CompanyRole,
    Feedback,
    FeedbackAction,
    FeedbackKind,
    FeedbackState,
    FeedbackStep,
    FeedbackVisibility,
    Membership,
    Module,
    User,
    WorkflowState,
)
from catalogue.services import audit, outbox
from catalogue.services.errors import Conflict
from catalogue.services.feedback import LOADED, TEXT_LENGTH
from catalogue.services.findings import Findings, plain_text
from catalogue.services.locking import claim
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = [
    "Reply",
    "Inbox",
    "InboxFilters",
    "Move",
    "decide",
    "hide",
    "inbox",
    "modules",
    "move",
    "see",
    "show_again",
]

PER_PAGE = 30
DECIDED = (FeedbackState.PLANNED, FeedbackState.DONE, FeedbackState.DECLINED)


@dataclass(frozen=True)
class InboxFilters:
    """What the inbox shows; empty means all. ``hidden``: only what members may not read any more."""

    states: tuple[FeedbackState, ...] = ()
    kinds: tuple[FeedbackKind, ...] = ()
    page: int = 1
    hidden: bool = False


@dataclass(frozen=True)
class Inbox:
    """One page of remarks, newest first, each with module, company and writer; ``counts`` has the number of each state."""

    items: tuple[Feedback, ...]
    total: int
    page: int
    pages: int
    counts: dict[FeedbackState, int]


@dataclass(frozen=True)
class Reply:
    """Where the office stands, and what it says to the giver; what is decided needs a sentence."""

    state: FeedbackState
    answer: str = ""
    version: int | None = None


@dataclass(frozen=True)
class Move:
    """Where a remark belongs: its kind and its module (a slug; empty: the offer as a whole), and why."""

    kind: FeedbackKind
    module: str = ""
    reason: str = ""
    version: int | None = None


def inbox(session: Session, actor: Actor, filters: InboxFilters) -> Inbox:
    """Return what the companies wrote, for network staff."""
    require(actor, "feedback.answer")
    wanted_states, wanted_kinds = filters.states or tuple(FeedbackState), filters.kinds or tuple(FeedbackKind)
    condition = Feedback.state.in_(wanted_states) & Feedback.kind.in_(wanted_kinds)
    if filters.hidden:
        condition &= Feedback.hidden_at.is_not(None)
    total = session.scalar(select(func.count()).select_from(Feedback).where(condition)) or 0
    page, pages = within(filters.page, total, PER_PAGE)
    rows = session.scalars(
        select(Feedback)
        .where(condition)
        .options(*LOADED)
        .order_by(Feedback.created_at.desc(), Feedback.id)
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    counts = dict.fromkeys(FeedbackState, 0)
    for state, number in session.execute(select(Feedback.state, func.count()).group_by(Feedback.state)):
        counts[state] = number
    return Inbox(tuple(rows), total, page, pages, counts)


def see(session: Session, actor: Actor, feedback: Feedback) -> Feedback:
    """Note that somebody at the network office has looked at it."""
    require(actor, "feedback.answer")
    if feedback.state == FeedbackState.NEW:
        feedback.state = FeedbackState.SEEN
        _step(session, actor, feedback, FeedbackAction.SEEN)
    return feedback


def decide(session: Session, actor: Actor, feedback: Feedback, given: Reply) -> Feedback:
    """Say what becomes of a remark; its giver gets a mail and sees it on the company's page. Raises Stale and Invalid.

    Without a sentence nothing but "gesichtet" is possible, and nobody gets a mail about that.
    """
    require(actor, "feedback.answer")
    text = plain_text(given.answer)
    findings = Findings()
    if given.state in DECIDED:
        findings.required("answer", text, N_("Schreiben Sie einen Satz dazu; das Unternehmen bekommt ihn zu lesen."))
    elif given.state == FeedbackState.NEW:
        findings.add("state", N_("Wählen Sie, was daraus wird."))
    findings.length("answer", text, TEXT_LENGTH)
    findings.raise_any()
    claim(session, feedback, given.version, given, *LOADED)
    feedback.state = given.state
    if text:
        feedback.answer, feedback.answered_at, feedback.answered_by_id = text, utcnow(), actor.user_id
    _step(session, actor, feedback, FeedbackAction(given.state.value), text)
    audit.record(session, actor, "feedback.answered", feedback, label=_label(feedback), state=given.state.value)
    if text:
        says = f"Stand: {feedback.state_label}\n\n{text}"
        _tell(session, feedback, f"Antwort auf Ihre Rückmeldung {_about(feedback)}", says)
    return feedback


def hide(session: Session, actor: Actor, feedback: Feedback, reason: str, version: int | None = None) -> Feedback:
    """Keep a remark from other members, with a reason that its giver gets to read. Raises Stale, Invalid and Conflict."""
    require(actor, "feedback.moderate")
    reason = _reason(reason)
    claim(session, feedback, version, reason, *LOADED)
    if feedback.visibility != FeedbackVisibility.MEMBERS:
        raise Conflict(N_("Diese Rückmeldung lesen andere Mitglieder ohnehin nicht."))
    feedback.visibility, feedback.hidden_at, feedback.hidden_reason = FeedbackVisibility.NETWORK, utcnow(), reason
    if feedback.state == FeedbackState.NEW:
        feedback.state = FeedbackState.SEEN
    _step(session, actor, feedback, FeedbackAction.HIDDEN, reason)
    audit.record(session, actor, "feedback.hidden", feedback, label=_label(feedback), reason=reason)
    says = f"Andere Mitglieder sehen sie nicht mehr. Der Grund:\n\n{reason}\n\nDas Netzwerkbüro liest sie weiterhin."
    _tell(session, feedback, f"Ihre Rückmeldung {_about(feedback)} ist ausgeblendet", says)
    return feedback


def show_again(session: Session, actor: Actor, feedback: Feedback, version: int | None = None) -> Feedback:
    """Let members read a hidden remark again, as its giver had chosen. Raises Stale and Conflict."""
    require(actor, "feedback.moderate")
    claim(session, feedback, version, None, *LOADED)
    if feedback.hidden_at is None:
        raise Conflict(N_("Diese Rückmeldung ist nicht ausgeblendet."))
    feedback.visibility, feedback.hidden_at, feedback.hidden_reason = FeedbackVisibility.MEMBERS, None, ""
    _step(session, actor, feedback, FeedbackAction.SHOWN)
    audit.record(session, actor, "feedback.shown", feedback, label=_label(feedback))
    _tell(
        session,
        feedback,
        f"Ihre Rückmeldung {_about(feedback)} ist wieder sichtbar",
        "Alle Mitglieder lesen sie wieder.",
    )
    return feedback


def move(session: Session, actor: Actor, feedback: Feedback, given: Move) -> Feedback:
    """Put a remark where it belongs: another kind, another module. Its giver reads why. Raises Stale and Invalid."""
    require(actor, "feedback.moderate")
    stays = feedback.module is not None and feedback.module.slug == given.module  # archived meanwhile, perhaps
    reason, module = _reason(given.reason), feedback.module if stays else _module(session, given.module)
    findings = Findings()
    if given.module and module is None:
        findings.add("module", N_("Wählen Sie ein Modul aus der Liste."))
    if given.kind == feedback.kind and (module.id if module else None) == feedback.module_id:
        findings.add("kind", N_("Wählen Sie eine andere Art oder ein anderes Modul."))
    findings.raise_any()
    claim(session, feedback, given.version, given, *LOADED)
    before = f"{feedback.kind.label}, {_place(feedback.module)}"
    feedback.kind, feedback.module = given.kind, module
    if feedback.state == FeedbackState.NEW:
        feedback.state = FeedbackState.SEEN
    after = f"{feedback.kind.label}, {_place(module)}"
    _step(session, actor, feedback, FeedbackAction.MOVED, f"{before} → {after}. {reason}")
    audit.record(
        session, actor, "feedback.moved", feedback, label=_label(feedback), before=before, after=after, reason=reason
    )
    says = f"Bisher: {before}\nJetzt: {after}\n\nDer Grund:\n{reason}"
    _tell(session, feedback, "Ihre Rückmeldung ist anders eingeordnet", says)
    return feedback


def modules(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return slug and title of the published modules that a remark can be about."""
    require(actor, "feedback.moderate")
    published = select(Module.slug, Module.title).where(Module.state == WorkflowState.PUBLISHED)
    return [(slug, title) for slug, title in session.execute(published.order_by(Module.sort_title))]


def _module(session: Session, slug: str) -> Module | None:
    known = select(Module).where(Module.slug == slug, Module.state == WorkflowState.PUBLISHED)
    return session.scalar(known) if slug else None


def _reason(text: str) -> str:
    text = plain_text(text)
    findings = Findings()
    findings.required("reason", text, N_("Schreiben Sie den Grund; das Unternehmen bekommt ihn zu lesen."))
    findings.length("reason", text, TEXT_LENGTH)
    findings.raise_any()
    return text


def _step(session: Session, actor: Actor, feedback: Feedback, action: FeedbackAction, text: str = "") -> None:
    feedback.steps.append(FeedbackStep(action=action, text=text, user_id=actor.user_id))
    session.flush()


def _label(feedback: Feedback) -> str:
    return feedback.module.title if feedback.module else ""


def _about(feedback: Feedback) -> str:
    return f"zum Modul „{feedback.module.title}“" if feedback.module else "zum Angebot"


def _place(module: Module | None) -> str:
    return f"Modul „{module.title}“" if module else "Angebot als Ganzes"


def _readers(session: Session, feedback: Feedback) -> Sequence[User]:
    """Who wrote it, if still of the company; otherwise those who look after it."""
    of_company = (
        select(User).join(Membership).where(Membership.company_id == feedback.company_id, User.active.is_(True))
    )
    writer = session.scalars(of_company.where(User.id == feedback.user_id)).all()
    return writer or session.scalars(of_company.where(Membership.role == CompanyRole.ADMIN).order_by(User.email)).all()


def _tell(session: Session, feedback: Feedback, subject: str, says: str) -> None:
    """Mail the giver. The remark itself stays out of the mail: who may read it was chosen for the catalogue."""
    for person in _readers(session, feedback):
        outbox.send(
            session, person.email, subject,
            f"Guten Tag {person.name},\n\ndas Netzwerkbüro schreibt zu Ihrer Rückmeldung {_about(feedback)}:\n\n{says}\n\n"
            "Alle Antworten stehen im Modulkatalog unter „Unsere Rückmeldungen“.\n",
            dedupe_key=f"feedback:{feedback.id}:{feedback.version}:{person.id}",
        )  # fmt: skip
