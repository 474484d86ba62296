"""What companies hear about runs of modules that they want: planned, moved, confirmed, full, cancelled, enough commitments. Each once.

The worker looks for runs that stand otherwise than was told last, some minutes after the last change: whoever corrects a slip
does not write to everybody twice. Mails never hold a figure of another company.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from catalogue.db import Database, Session, utcnow
from catalogue.models import CommitmentState, Module, Run, RunCommitment, RunState, WorkflowState
from catalogue.services import commitments, outbox, prospects, recipients, run_words
from catalogue.services.periods import covering
from catalogue.services.prospects import Interested
from catalogue.services.reports import today
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["QUIET", "send_due", "tell", "tell_enough"]

QUIET = timedelta(minutes=10)  # after the last change of a run
NEWS = (RunState.PLANNED, RunState.CONFIRMED, RunState.FULL, RunState.CANCELLED)
AGAINST = (CommitmentState.DECLINED, CommitmentState.OTHER_TIME)
Asked = Mapping[uuid.UUID, uuid.UUID]  # company → its commitment
log = structlog.get_logger(__name__)


def send_due(database: Database, settings: Settings) -> int:
    """Tell what is new about coming runs; return for how many runs. Each has a transaction of its own."""
    with database.read() as session:
        changed, enough = _changed(session), _enough(session)
    done = 0
    for run_id in changed:
        with database.write() as session:
            done += tell(session, settings, run_id)
    for run_id in enough:
        with database.write() as session:
            done += tell_enough(session, settings, run_id)
    return done


def _mark(run: Run) -> str:
    """What companies know after they were told: state and day."""
    return f"{run.state.value} {run.starts_on.isoformat()}"


def _changed(session: Session) -> list[uuid.UUID]:
    statement = (
        select(Run)
        .join(Run.module)
        .where(Run.starts_on > today(), Run.updated_at < utcnow() - QUIET, Module.state == WorkflowState.PUBLISHED)
        .where(Run.state.in_(NEWS))
    )
    return [run.id for run in session.scalars(statement) if run.told != _mark(run)]


def _enough(session: Session) -> list[uuid.UUID]:
    return [one.run.id for one in prospects.ready(session, today()) if _is_enough(one)]


def _is_enough(found: prospects.Prospect) -> bool:
    """Only answers count here: what companies want without saying yes is nothing that others may draw conclusions from."""
    return found.run.enough_at is None and found.asked > 0 and found.committed >= (found.needed or 0)


def _claimed(session: Session, run_id: uuid.UUID) -> Run | None:
    statement = select(Run).where(Run.id == run_id).options(joinedload(Run.module)).with_for_update(of=Run)
    return session.scalar(statement)


def _note(session: Session, run: Run, **values: str | datetime | None) -> None:
    """Not through the object: nobody edited the run, who has it open is not stale, saved searches do not report it."""
    table = Run.__table__
    session.execute(
        update(Run)
        .where(Run.id == run.id)
        .values(updated_at=table.c.updated_at, **values)
        .execution_options(synchronize_session=False)
    )


def tell(session: Session, settings: Settings, run_id: uuid.UUID) -> bool:
    """Tell the companies that want its module how a run stands, unless they know; return whether there was anything to tell."""
    run = _claimed(session, run_id)
    if run is None or run.told == _mark(run) or run.state not in NEWS:
        return False
    state, _, day = run.told.partition(" ")
    moved = bool(day) and day != run.starts_on.isoformat() and run.state in (RunState.PLANNED, RunState.CONFIRMED)
    kind = "moved" if moved else run.state.value
    if state != run.state.value or moved:
        interested = prospects.interested_in(session, [run])[run.id]
        before = covering(date.fromisoformat(day)) if moved else ()
        chosen = [one.company_id for one in interested if _hears(one, kind) or _heard(one, before)]
        again = commitments.ask_again(session, run) if moved else {}
        _send(session, settings, run, kind, chosen, again)
    _note(session, run, told=_mark(run), enough_at=None if moved else run.enough_at)
    return True


def _hears(one: Interested, kind: str) -> bool:
    """Whoever was asked knows that it is planned; whoever will not come hears no more."""
    if one.commitment is None:
        return one.fits
    return kind != RunState.PLANNED and one.commitment.state not in AGAINST


def _heard(one: Interested, before: Collection[str]) -> bool:
    """Whether it was told of the day that does not hold any more; *before*: the periods of that day."""
    return one.commitment is None and one.said is not None and one.said.period in before


def tell_enough(session: Session, settings: Settings, run_id: uuid.UUID) -> bool:
    """Tell the companies that said yes that the commitments of a run suffice; once, even if some are taken back later."""
    run = _claimed(session, run_id)
    if run is None or not _is_enough(prospects.one(session, run)):
        return False
    coming = (RunCommitment.run_id == run.id) & (RunCommitment.state == CommitmentState.COMING)
    companies = session.scalars(select(RunCommitment.company_id).where(coming)).all()
    _send(session, settings, run, "enough", companies)
    _note(session, run, enough_at=utcnow())
    return True


def _send(
    session: Session,
    settings: Settings,
    run: Run,
    kind: str,
    companies: Collection[uuid.UUID],
    again: Asked = MappingProxyType({}),
) -> None:
    """Mail the companies; those of *again* are asked for an answer to their question."""
    subject, sentence = WORDS[kind]
    values = {
        "title": run.module.title, "run": run_words.described(run), "day": run_words.day(run.starts_on),
        "reason": run.cancel_reason, "url": f"{settings.base_url.rstrip('/')}/modules/{run.module.slug}#termine",
        "until": UNTIL % {"day": run_words.day(run.decide_by)} if run.decide_by else "",
    }  # fmt: skip
    for company, people in recipients.concerned(session, run.module_id, companies).items():
        for person in people:
            said = sentence % values
            if company in again:
                said += AGAIN % {"url": commitments.link_of(settings, again[company], person.id)}
            text = TEXT % (values | {"name": person.name, "sentence": said})
            key = f"run:{run.id}:{kind}:{run.starts_on:%Y%m%d}:{person.id}"
            outbox.send(session, person.email, subject % values, text, key)


AGAIN = N_(""" Ihre Zusage galt für den früheren Tag. Sagen Sie bitte, ob Ihre Leute auch jetzt kommen:
%(url)s""")
UNTIL = N_(" Das Netzwerkbüro entscheidet am %(day)s, ob er zustande kommt.")
WORDS: dict[str, tuple[str, str]] = {
    "planned": (N_("Termin geplant: %(title)s"), N_("Für dieses Modul ist ein Termin geplant.%(until)s")),
    "moved": (N_("Termin verlegt: %(title)s"), N_("Der Termin für dieses Modul ist jetzt am %(day)s.")),
    "confirmed": (N_("Termin kommt zustande: %(title)s"), N_("Der Termin für dieses Modul kommt zustande.")),
    "full": (N_("Termin ausgebucht: %(title)s"), N_("Der Termin für dieses Modul ist ausgebucht.")),
    "cancelled": (N_("Termin abgesagt: %(title)s"), N_("Der Termin für dieses Modul ist abgesagt: %(reason)s")),
    "enough": (N_("Genug Zusagen: %(title)s"), N_("Die Zusagen zu diesem Termin reichen.%(until)s")),
}
TEXT = N_("""Guten Tag %(name)s,

%(sentence)s

%(title)s
%(run)s

Mehr zum Modul und zu seinen Terminen:
%(url)s

Sie bekommen diese Mail, weil Ihr Unternehmen das Modul als relevant markiert hat.
""")
