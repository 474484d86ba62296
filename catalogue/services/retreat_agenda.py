"""The agenda of a Klausur: which modules, in which order, with which demand beside them.

Companies sit in the room, so a slide shows only what disclosure control lets through for anybody; the figures are kept with the
agenda, so that they stay those of one day. Staff choose "the most wanted" by the exact figures, but the order on the agenda
follows the figures shown: it would tell otherwise what they hide.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Company, Confidentiality, Demand, Module, Retreat, RetreatItem, WorkflowState
from catalogue.services import audit, disclosure, redirects, reports
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.permissions import Actor, require
from catalogue.services.report_query import By, ReportQuery
from catalogue.services.report_records import records
from catalogue.services.retreats import get, hold, item_of
from catalogue.texts import N_

__all__ = ["MOST_ITEMS", "add", "add_most_wanted", "arrange", "move", "reckon", "remove", "write_item"]

MOST_ITEMS = 120
STRICTNESS = (Confidentiality.MEMBERS, Confidentiality.ANONYMOUS, Confidentiality.NETWORK)
QUESTION_LENGTH, NOTE_LENGTH = 300, 4000


def add(session: Session, actor: Actor, retreat_id: uuid.UUID, slugs: Collection[str], k: int) -> int:
    """Put published modules at the end of the agenda, as ordered in *slugs*; return how many were not on it yet."""
    retreat = hold(session, actor, retreat_id)
    wanted = (Module.slug.in_(slugs), Module.state == WorkflowState.PUBLISHED)
    found = {module.slug: module for module in session.scalars(select(Module).where(*wanted))}
    return _append(session, actor, retreat, [found[slug] for slug in dict.fromkeys(slugs) if slug in found], k)


def add_most_wanted(
    session: Session, actor: Actor, retreat_id: uuid.UUID, number: int, topics: tuple[str, ...], k: int
) -> int:
    """Put the *number* modules that most companies want (of *topics*, if any) on the agenda; return how many were new."""
    require(actor, "report.see")
    retreat = hold(session, actor, retreat_id)
    query = ReportQuery(By.MODULE, _day(retreat.as_of), {"topic": topics} if topics else {})
    ranked = [row.key for row in reports.interest(session, actor, query).rows]
    public = Module.state == WorkflowState.PUBLISHED, Module.id.not_in(redirects.merged_away())
    known = set(session.scalars(select(Module.slug).where(*public)))
    return add(session, actor, retreat_id, [slug for slug in ranked if slug in known][:number], k)


def _append(session: Session, actor: Actor, retreat: Retreat, modules: Sequence[Module], k: int) -> int:
    there = set(session.scalars(select(RetreatItem.module_id).where(RetreatItem.retreat_id == retreat.id)))
    new = [module for module in modules if module.id not in there]
    if len(there) + len(new) > MOST_ITEMS:
        raise Conflict(N_("Auf eine Tagesordnung passen höchstens %(most)s Module."), most=MOST_ITEMS)
    last = session.scalar(select(func.max(RetreatItem.position)).where(RetreatItem.retreat_id == retreat.id)) or 0
    shown = _shown(session, retreat.as_of, [module.id for module in new], k)
    new.sort(key=lambda module: (*_falling(shown[module.id]), module.sort_title))
    for place, module in enumerate(new, start=last + 1):
        companies, people = shown[module.id]
        session.add(
            RetreatItem(retreat_id=retreat.id, module_id=module.id, position=place, companies=companies, people=people)
        )
    session.flush()
    if new:
        audit.record(session, actor, "retreat.agenda", retreat, added=len(new))
    return len(new)


def remove(session: Session, actor: Actor, retreat_id: uuid.UUID, item_id: uuid.UUID) -> None:
    """Take a module off the agenda, with the votes about it."""
    retreat = hold(session, actor, retreat_id)
    item = item_of(session, retreat, item_id)
    if retreat.current_id == item.id:
        retreat.current_id = None
    title = item.module.title
    session.delete(item)
    session.flush()
    audit.record(session, actor, "retreat.agenda", retreat, removed=title)


def move(session: Session, actor: Actor, retreat_id: uuid.UUID, item_id: uuid.UUID, steps: int) -> None:
    """Move a module by *steps* places (−1: one up); at either end it stays."""
    hold(session, actor, retreat_id)
    items = list(get(session, actor, retreat_id).items)
    place = next((number for number, item in enumerate(items) if item.id == item_id), None)
    if place is None:
        raise NotFound(N_("Dieses Modul steht nicht auf der Tagesordnung."))
    items.insert(max(0, place + steps), items.pop(place))
    _number(session, items)


def arrange(session: Session, actor: Actor, retreat_id: uuid.UUID) -> None:
    """Order the agenda by the demand that may be shown: companies, then people, then title. Figures that are hidden count zero."""
    hold(session, actor, retreat_id)
    items = get(session, actor, retreat_id).items
    _number(session, sorted(items, key=lambda item: (*_falling((item.companies, item.people)), item.module.sort_title)))


def _number(session: Session, items: Iterable[RetreatItem]) -> None:
    for place, item in enumerate(items, start=1):
        item.position = place
    session.flush()


def _falling(shown: tuple[int | None, int | None]) -> tuple[int, int]:
    return -(shown[0] or 0), -(shown[1] or 0)


def write_item(
    session: Session, actor: Actor, retreat_id: uuid.UUID, item_id: uuid.UUID, question: str, note: str
) -> None:
    """Write the question that the room sees with a module, and the note that only the moderation sees."""
    retreat = hold(session, actor, retreat_id)
    item = item_of(session, retreat, item_id)
    question, note = one_line(question), plain_text(note)
    findings = Findings()
    findings.length("question", question, QUESTION_LENGTH)
    findings.length("note", note, NOTE_LENGTH)
    findings.raise_any()
    item.question, item.note = question, note
    session.flush()


def reckon(session: Session, actor: Actor, retreat_id: uuid.UUID, k: int) -> None:
    """Work out anew what may be shown of the demand on the retreat's day, for all modules on the agenda."""
    hold(session, actor, retreat_id)
    retreat = get(session, actor, retreat_id)
    shown = _shown(session, retreat.as_of, [item.module_id for item in retreat.items], k)
    for item in retreat.items:
        item.companies, item.people = shown[item.module_id]
    session.flush()


def _day(as_of: date) -> date | None:
    """What a report calls the day: today is now, without replaying events."""
    return None if as_of >= reports.today() else as_of


def _shown(
    session: Session, as_of: date, modules: Collection[uuid.UUID], k: int
) -> dict[uuid.UUID, tuple[int | None, int | None]]:
    """Companies and people for each module as anybody may see them; None where they are too few."""
    said = _said(session, ReportQuery(as_of=_day(as_of), only=frozenset(modules))) if modules else {}
    found = {}
    for identity in modules:
        figures = disclosure.figures(said.get(identity, ()), k, disclosure.UNKNOWN)
        found[identity] = (figures.companies or None, figures.people or None)
    return found


def _said(session: Session, query: ReportQuery) -> dict[uuid.UUID, list[disclosure.Contribution]]:
    """What may enter a sum, by module: said on that day, and not meant for the office alone, neither then nor now."""
    found, chosen = records(session, query), _chosen_now(session, query.only or frozenset())
    names, numbers = found.log.confidentialities.values, found.column("confidentiality").tolist()
    said: dict[uuid.UUID, list[disclosure.Contribution]] = defaultdict(list)
    for record, number in zip(found, numbers, strict=True):
        then, key = names[number], (record.company.slug, record.module.id)
        strictest = max(then, chosen.get(key, then), key=STRICTNESS.index)
        if strictest != Confidentiality.NETWORK:
            named = strictest == Confidentiality.MEMBERS
            said[record.module.id].append(disclosure.Contribution(record.company.slug, record.people, named))
    return said


def _chosen_now(session: Session, modules: Collection[uuid.UUID]) -> dict[tuple[str, uuid.UUID], str]:
    chosen = select(Company.slug, Demand.module_id, Demand.confidentiality).join(Demand.company)
    rows = session.execute(chosen.where(Demand.module_id.in_(modules)))
    return {(slug, module): confidentiality for slug, module, confidentiality in rows}
