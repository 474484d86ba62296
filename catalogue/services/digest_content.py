"""What a digest tells one person: what waits, what is new, what became of what was said; for staff, what waits and what is late.

Only what the pages of this person show, without any figure about other companies: nothing here has to be suppressed because
nothing here counts them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Demand, Feedback, RunCommitment, User, Wish, WishState
from catalogue.services import (
    actions,
    company_home,
    demand,
    mail_links,
    worklist,
)
from catalogue.services.demand_rules import is_outdated
from catalogue.services.permissions import Actor, can
from catalogue.services.schedules import today
from catalogue.services.sessions import actor_of
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = ["Item", "Section", "sections"]

MOST = 10  # lines of a part; the page has all


@dataclass(frozen=True)
class Item:
    """One line: what it is about, a sentence, and what can be done about it at once. Links are absolute."""

    title: Text | str
    url: str
    note: Text | str = ""
    action: Text | str = ""
    action_url: str = ""


@dataclass(frozen=True)
class Section:
    """One part of a digest; ``url`` leads to all of it, ``more`` is how many lines are left out.

    ``search``: name of the saved search that it is about; ``end``: ends the mails of that search only.
    """

    title: Text
    items: tuple[Item, ...]
    url: str = ""
    more: int = 0
    search: str = ""
    end: str = ""


def sections(session: Session, settings: Settings, user: User, since: datetime, first: bool) -> list[Section]:
    """Return the parts of the digest of *user* about what happened after *since*; none if nothing is new.

    What waits is told again beside something new; it is new by itself if it came after *since*, or if this is the *first* digest.
    """
    actor, site = actor_of(user), settings.base_url.rstrip("/")
    found: list[Section] = []
    new = False
    if actor.is_member:
        waits, waits_new = _waits(session, settings, actor, user, since)
        found = [waits, _outcomes(session, settings, actor, since), _news(session, actor, since, site, user.language)]
        new = any(part.items for part in found[1:]) or waits_new or (first and bool(waits.items))
    if actor.is_staff:
        arrived = _arrived(session, actor, since, site)
        found += [arrived, _work(session, actor, site)]
        new = new or bool(arrived.items)
    return [part for part in found if part.items] if new else []


def _section(title: str, items: Iterable[Item], url: str = "") -> Section:
    listed = tuple(items)
    return Section(Text(title), listed[:MOST], url, max(0, len(listed) - MOST))


# --- companies


def _waits(session: Session, settings: Settings, actor: Actor, user: User, since: datetime) -> tuple[Section, bool]:
    """What somebody of the company should do, and whether any of it is new."""
    site = settings.base_url.rstrip("/")
    waiting = company_home.waiting(session, actor, settings.k_anonymity)
    old = [one for one in demand.own_list(session, actor) if is_outdated(one) and one not in waiting.unconfirmed]
    items = [_run(one, site) for one in waiting.runs]
    for view in waiting.questions:
        link = mail_links.make(settings, mail_links.ANSWER, user, view.wish)
        note = Text(N_("Das Netzwerkbüro fragt: %(question)s"), {"question": _short(view.wish.answer)})
        items.append(Item(view.wish.title, f"{site}/wishes/{view.wish.id}", note, Text(N_("Antworten")), link))
    entered = Text(N_("Das Netzwerkbüro hat dazu für Ihr Unternehmen etwas eingetragen. Stimmt es?"))
    items += [_to_confirm(settings, user, one, entered, Text(N_("Stimmt so"))) for one in waiting.unconfirmed]
    outdated = Text(N_("Diese Angabe ist älter als 12 Monate. Gilt sie noch?"))
    items += [_to_confirm(settings, user, one, outdated, Text(N_("Stimmt noch"))) for one in old]
    moments = [one.asked_at for one in waiting.runs] + [view.wish.answered_at for view in waiting.questions]
    moments += [one.updated_at for one in waiting.unconfirmed]
    new = any(moment and moment > since for moment in moments) or any(not is_outdated(one, since.date()) for one in old)
    return _section(N_("Das wartet auf Sie"), items, f"{site}/company"), new


def _run(asked: RunCommitment, site: str) -> Item:
    note = Text(N_("Termin am %(day)s: Kommt jemand von Ihnen?"), {"day": f"{asked.run.starts_on:%d.%m.%Y}"})
    page = f"{site}/commitments/{asked.id}"
    return Item(asked.run.module.title, page, note, Text(N_("Antworten")), page)


def _to_confirm(settings: Settings, user: User, said: Demand, note: Text, action: Text) -> Item:
    link = mail_links.make(settings, mail_links.CONFIRM, user, said)
    page = f"{settings.base_url.rstrip('/')}/modules/{said.module.slug}"
    return Item(said.module.title, page, note, action, link)


def _outcomes(session: Session, settings: Settings, actor: Actor, since: datetime) -> Section:
    """Decisions and answers, in the words that the company's page shows."""
    site, found = settings.base_url.rstrip("/"), []
    for one in company_home.outcomes(session, actor, settings.k_anonymity):
        if one.at <= since:
            continue
        if one.wish:
            wish = one.wish.wish
            found.append((one.at, Item(wish.title, f"{site}/wishes/{wish.id}", _became(wish.state.label, wish.answer))))
        elif one.feedback:
            about = one.feedback.module.title if one.feedback.module else Text(N_("Ihre Rückmeldung zum Angebot"))
            page = f"{site}/feedback#r-{one.feedback.id}"
            found.append((one.at, Item(about, page, _became(one.feedback.state_label, one.feedback.answer))))
        elif one.decision:
            page = f"{site}/modules/{one.decision.slug}" if one.decision.in_catalogue else f"{site}/company"
            found.append((one.at, Item(one.decision.title, page, _became(one.decision.kind.label, one.text))))
    ordered = sorted(found, key=lambda pair: pair[0], reverse=True)
    return _section(N_("Was daraus wurde"), (item for _, item in ordered), f"{site}/company")


def _became(state: str, answer: str) -> Text:
    return Text("%(state)s: %(answer)s", {"state": Text(state), "answer": _short(answer)}) if answer else Text(state)


def _news(session: Session, actor: Actor, since: datetime, site: str, language: str) -> Section:
    """Modules of the topics that the company spoke about; who said nothing yet is not written to."""
    items = []
    for one in company_home.news(session, actor, since):
        if one.topic is not None:
            what = Text(N_("neu") if one.new else N_("geändert"))
            note = Text("%(what)s · %(topic)s", {"what": what, "topic": one.topic.label(language)})
            items.append(Item(" ".join(one.module.title.split()), f"{site}/modules/{one.module.slug}", note))
    return _section(N_("Neu zu Ihren Themen"), items, f"{site}/company")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 400 else f"{text[:399]}…"


# --- staff


def _arrived(session: Session, actor: Actor, since: datetime, site: str) -> Section:
    """What came since the last time: remarks, wishes, and actions whose day has passed."""
    day, before = today(), today(since)
    late = [
        one
        for one in actions.listing(session, actor, actions.ActionQuery(late=True), everything=True).actions
        if one.due_on and before <= one.due_on < day
    ]
    counted = (
        (N_("Neue Rückmeldungen: %(n)s"), _since(session, Feedback, since), "/curation/feedback"),
        (N_("Neue Wünsche: %(n)s"), _since(session, Wish, since), "/wishes?state=open"),
    )
    items = [Item(Text(words, {"n": number}), f"{site}{path}") for words, number, path in counted if number]
    overdue = N_("überfällig seit dem %(day)s")
    items += [
        Item(one.title, f"{site}/planning/actions", Text(overdue, {"day": f"{one.due_on:%d.%m.%Y}"})) for one in late
    ]
    return _section(N_("Neu im Netzwerkbüro"), items)


def _since(session: Session, kind: type[Feedback] | type[Wish], since: datetime) -> int:
    statement = select(func.count()).select_from(kind).where(kind.created_at > since)
    if kind is Wish:
        statement = statement.where(Wish.state == WishState.OPEN)
    return session.scalar(statement) or 0


# field of the Worklist, words, address
WORK: tuple[tuple[str, str, str], ...] = (
    ("runs_ready", N_("Termine, die zustande kommen: %(n)s"), "/planning/runs"),
    ("feedback", N_("Neue Rückmeldungen, die noch niemand gesichtet hat: %(n)s"), "/curation/feedback?state=new"),
    ("wishes", N_("Offene Wünsche: %(n)s"), "/wishes?state=open"),
    ("requests", N_("Anfragen nach Mitgliedschaft: %(n)s"), "/admin/requests"),
    ("review", N_("Module zu prüfen: %(n)s"), "/curation/modules?state=review"),
    ("pending", N_("Wartende Änderungen: %(n)s"), "/curation/pending"),
    ("stale", N_("Veraltete Module: %(n)s"), "/curation/stale"),
    ("failed_mails", N_("Mails, die nicht zustellbar sind: %(n)s"), "/admin/outbox?show=failed"),
)


def _work(session: Session, actor: Actor, site: str) -> Section:
    """The figures of the work list that are not zero."""
    counts = worklist.counts(session, actor)
    found = ((words, getattr(counts, field, 0) or 0, path) for field, words, path in WORK)
    items = [Item(Text(words, {"n": number}), f"{site}{path}") for words, number, path in found if number]
    if can(actor, "decision.see") and (late := actions.count_late(session, actor)):
        items.append(Item(Text(N_("Überfällige Aufgaben: %(n)s"), {"n": late}), f"{site}/planning/actions"))
    return _section(N_("Das wartet"), items, f"{site}/curation")
