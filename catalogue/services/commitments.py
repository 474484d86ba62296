"""Zusagen: asking companies whether their people come to a run, and what they answer. Nobody sees the answer of another company."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import (
    CommitmentState,
    Company,
    DemandSource,
    Membership,
    Module,
    Run,
    RunCommitment,
    RunState,
    User,
    WorkflowState,
)
from catalogue.services import audit, outbox, prospects, recipients, run_words, signatures
from catalogue.services.demand_rules import ON_BEHALF_SOURCES
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.findings import Findings
from catalogue.services.locking import claim
from catalogue.services.periods import is_period
from catalogue.services.permissions import SYSTEM, Actor, require
from catalogue.services.prospects import Interested
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "Answer",
    "Asked",
    "answer",
    "answer_by_link",
    "ask",
    "by_link",
    "get",
    "link_of",
    "of_company",
    "open_for",
    "over",
    "run_of",
    "wanted",
]

PURPOSE = "answer about a run"
GONE = N_("Diesen Link gibt es nicht. Vielleicht fehlt beim Kopieren ein Teil.")
OPEN = (RunState.PLANNED, RunState.CONFIRMED)
ANSWERS = (CommitmentState.COMING, CommitmentState.OTHER_TIME, CommitmentState.DECLINED)
LOADED: tuple[ORMOption, ...] = (
    joinedload(RunCommitment.company),
    joinedload(RunCommitment.run).options(joinedload(Run.module), joinedload(Run.region)),
)


@dataclass(frozen=True)
class Asked:
    """Names of companies: those that were asked now, and those where nobody has an account to be asked."""

    sent: tuple[str, ...]
    unreachable: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What a company says; ``people`` if they come, ``period`` for the time that would suit instead."""

    state: CommitmentState | None
    people: int | None = None
    period: str = ""
    version: int | None = None


def run_of(session: Session, actor: Actor, run_id: uuid.UUID) -> Run:
    """Return a run of a published module with module and region, for network staff; raises NotFound."""
    require(actor, "run.ask")
    statement = select(Run).join(Run.module).where(Run.id == run_id, Module.state == WorkflowState.PUBLISHED)
    found = session.scalar(statement.options(joinedload(Run.module), joinedload(Run.region)))
    if found is None:
        raise NotFound(N_("Diesen Termin gibt es nicht."))
    return found


def ask(session: Session, settings: Settings, actor: Actor, run: Run, today: date) -> Asked:
    """Mail a link to every company that wants the module at the time of *run* and was not asked yet."""
    require(actor, "run.ask")
    claim(session, run, None, None, joinedload(Run.module), joinedload(Run.region))
    _check_open(run, today)
    fitting = [one for one in prospects.interested_in(session, [run])[run.id] if one.can_be_asked]
    people = recipients.concerned(session, run.module_id, [one.company_id for one in fitting])
    for one in fitting:
        if one.company_id in people:
            _ask_one(session, settings, run, one, people[one.company_id])
    sent = tuple(one.name for one in fitting if one.company_id in people)
    session.flush()
    if sent:
        audit.record(session, actor, "run.asked", run, label=run.module.title[:250], companies=len(sent))
    return Asked(sent, tuple(one.name for one in fitting if one.company_id not in people))


def _ask_one(session: Session, settings: Settings, run: Run, one: Interested, people: Sequence[User]) -> None:
    asked = RunCommitment(id=uuid.uuid4(), run_id=run.id, company_id=one.company_id, asked_at=utcnow())
    session.add(asked)
    number = one.said.people if one.said else None
    values = {
        "run": run_words.described(run), "title": run.module.title,
        "wanted": WANTED_PEOPLE % {"people": number} if number else WANTED,
        "until": UNTIL % {"day": run_words.day(run.decide_by)} if run.decide_by else "",
    }  # fmt: skip
    subject = SUBJECT % {"day": run_words.day(run.starts_on), "title": run.module.title}
    for person in people:
        text = TEXT % (values | {"name": person.name, "url": link_of(settings, asked.id, person.id)})
        outbox.send(session, person.email, subject, text, f"run-ask:{asked.id}:{person.id}")


def link_of(settings: Settings, commitment_id: uuid.UUID, user_id: uuid.UUID) -> str:
    """Return the address under which one person answers for the company about one run, without signing in."""
    signature = signatures.sign(settings, _purpose(user_id), commitment_id)
    return f"{settings.base_url.rstrip('/')}/commitments/{commitment_id}/{signature}"


def _purpose(user_id: uuid.UUID) -> str:
    return f"{PURPOSE} by {user_id.hex}"


def by_link(session: Session, settings: Settings, commitment_id: uuid.UUID, signature: str) -> RunCommitment:
    """Return the question that a signed link names, with company, run and module; NotFound if the link is wrong or over.

    It is over for whoever left the company or was locked.
    """
    found = session.scalar(select(RunCommitment).where(RunCommitment.id == commitment_id).options(*LOADED))
    if found is None or not found.company.active or not found.run.module.is_public:
        raise NotFound(GONE)
    there = select(User.id).join(Membership).where(Membership.company_id == found.company_id, User.active)
    if not any(signatures.is_signed(settings, _purpose(one), found.id, signature) for one in session.scalars(there)):
        raise NotFound(GONE)
    return found


def get(session: Session, actor: Actor, commitment_id: uuid.UUID) -> RunCommitment:
    """Return what the own company (staff: any) was asked; NotFound for those of others."""
    found = session.scalar(select(RunCommitment).where(RunCommitment.id == commitment_id).options(*LOADED))
    if found is None or not (actor.is_staff or found.company_id == actor.company_id):
        raise NotFound(N_("Diese Anfrage gibt es nicht."))
    require(actor, "run.commit", found)
    return found


def of_company(session: Session, actor: Actor, run: Run, slug: str) -> RunCommitment:
    """Return the record of one company about *run*, for network staff; a new one (not added yet) if it was never asked."""
    require(actor, "run.ask")
    company = session.scalar(select(Company).where(Company.slug == slug, Company.active))
    if company is None:
        raise NotFound(N_("Dieses Unternehmen gibt es nicht."))
    same = (RunCommitment.run_id == run.id) & (RunCommitment.company_id == company.id)
    found = session.scalar(select(RunCommitment).where(same).options(*LOADED))
    if found is None:
        found = RunCommitment(run_id=run.id, company_id=company.id, version=0, state=CommitmentState.ASKED)
        found.company, found.run = company, run
    return found


def open_for(session: Session, actor: Actor, today: date) -> list[RunCommitment]:
    """Return the questions that the own company has not answered yet, by the day of the run."""
    require(actor, "company.home")
    statement = (
        select(RunCommitment)
        .join(RunCommitment.run)
        .join(Run.module)
        .where(RunCommitment.company_id == actor.company_id, RunCommitment.state == CommitmentState.ASKED)
        .where(Run.state.in_(OPEN), Run.starts_on >= today, Module.state == WorkflowState.PUBLISHED)
        .options(*LOADED)
        .order_by(Run.starts_on, Run.id)
    )
    return list(session.scalars(statement))


def wanted(session: Session, commitment: RunCommitment) -> int | None:
    """Return for how many people the company wants the module, to begin the answer with."""
    for one in prospects.interested_in(session, [commitment.run])[commitment.run_id]:
        if one.company_id == commitment.company_id and one.said:
            return one.said.people
    return None


def answer(
    session: Session, actor: Actor, found: RunCommitment, given: Answer, today: date, source: DemandSource | None = None
) -> RunCommitment:
    """Write down what a company says. *source*: where network staff know it from. Raises Stale, Invalid and Conflict."""
    require(actor, "run.commit", found)
    if actor.is_staff and source not in ON_BEHALF_SOURCES:
        source = DemandSource.CALL
    return _answer(session, actor, found, given, today, source if actor.is_staff and source else DemandSource.SELF)


def answer_by_link(session: Session, found: RunCommitment, given: Answer, today: date) -> RunCommitment:
    """Write down what a company says that came by the link of its mail, see :func:`by_link`."""
    return _answer(session, Actor(label=BY_LINK), found, given, today, DemandSource.SELF)


def _answer(
    session: Session, actor: Actor, found: RunCommitment, given: Answer, today: date, source: DemandSource
) -> RunCommitment:
    _check_open(found.run, today)
    findings = Findings()
    if given.state not in ANSWERS:
        findings.add("state", N_("Wählen Sie eine der Antworten."))
    if given.state == CommitmentState.COMING:
        findings.required("people", given.people, N_("Geben Sie an, wie viele Personen kommen, zum Beispiel 4."))
        findings.within("people", given.people, 1, found.run.max_participants or 100_000)
    if not is_period(given.period):
        findings.add("period", N_("Wählen Sie einen Zeitraum aus der Liste."))
    findings.raise_any()
    found = claim(session, found, given.version, given, *LOADED) if found.version else _first(session, found)
    found.state = given.state or CommitmentState.ASKED
    found.people = given.people if found.state == CommitmentState.COMING else None
    found.period = given.period if found.state == CommitmentState.OTHER_TIME else ""
    found.source, found.answered_at, found.answered_by_id = source, utcnow(), actor.user_id
    session.flush()
    audit.record(session, actor, "run.answered", found, label=found.run.module.title[:250], state=found.state.value)
    return found


def ask_again(session: Session, run: Run) -> dict[uuid.UUID, uuid.UUID]:
    """A yes was for the day that *run* had: make it a question again. Returns the commitments asked about by company."""
    said = RunCommitment.state == CommitmentState.COMING
    found = session.scalars(select(RunCommitment).where(RunCommitment.run_id == run.id, said)).all()
    for one in found:
        one.state, one.people, one.asked_at, one.answered_at = CommitmentState.ASKED, None, utcnow(), None
    session.flush()
    if found:
        audit.record(session, SYSTEM, "run.asked_again", run, label=run.module.title[:250], companies=len(found))
    return {one.company_id: one.id for one in found}


def _first(session: Session, found: RunCommitment) -> RunCommitment:
    """The first word of a company that was never asked; colleagues who write the same down wait for each other."""
    run, company = claim(session, found.run, None, None, joinedload(Run.module), joinedload(Run.region)), found.company
    same = (RunCommitment.run_id == run.id) & (RunCommitment.company_id == company.id)
    if session.scalar(select(RunCommitment.id).where(same)) is not None:
        raise Conflict(N_("Inzwischen hat jemand anderes diese Antwort eingetragen. Laden Sie die Seite neu."))
    first = RunCommitment(id=uuid.uuid4(), run=run, company=company)
    session.add(first)
    return first


def over(run: Run, today: date) -> str:
    """Return why nobody can answer about *run* any more, "" if they can."""
    if run.state in OPEN and run.starts_on >= today:
        return ""
    return OVER.get(run.state, N_("Dieser Termin ist vorbei."))


def _check_open(run: Run, today: date) -> None:
    if reason := over(run, today):
        raise Conflict(reason)


OVER = {
    RunState.CANCELLED: N_("Dieser Termin ist abgesagt."),
    RunState.FULL: N_("Dieser Termin ist ausgebucht."),
}
BY_LINK = N_("Link aus der Mail")
SUBJECT = N_("Kommen Ihre Leute? Termin am %(day)s: %(title)s")
WANTED_PEOPLE = N_("Ihr Unternehmen hat dafür Bedarf für %(people)s Personen angegeben.")
WANTED = N_("Ihr Unternehmen hat gesagt, dass es das Modul braucht.")
UNTIL = N_(" Das Netzwerkbüro entscheidet am %(day)s, ob der Termin zustande kommt.")
TEXT = N_("""Guten Tag %(name)s,

für das Modul „%(title)s“ ist ein Termin geplant:

%(run)s

%(wanted)s Kommen Ihre Leute zu diesem Termin?%(until)s

Antworten (ohne Anmeldung, ein Klick und eine Zahl):
%(url)s

Solange der Termin offen ist, können Sie die Antwort unter derselben Adresse ändern. Andere Unternehmen sehen sie nicht.
""")
