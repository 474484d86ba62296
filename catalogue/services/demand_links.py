"""Answers of companies through links: yes or no to what staff entered, and the sheet."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, local_day, utcnow
from catalogue.models import Company, CompanyLink, Demand, DemandSource, LinkPurpose, Module, WorkflowState
from catalogue.services import company_demand, company_links, demand, outbox
from catalogue.services.demand_rules import DemandInput, OnBehalf, check_reason, input_of, own_words
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.permissions import Actor, require
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = ["Answer", "Saved", "answer", "ask", "asked", "fill", "on_sheet", "said_itself"]


class Answer(NamedTuple):
    """What the company says to one record: confirm, refuse (with a reason) or, empty, not now. ``version``: what it saw."""

    word: str
    reason: str = ""
    version: int | None = None


@dataclass(frozen=True)
class Saved:
    """What became of a sheet: rows that were saved, and modules about which the company spoke itself."""

    saved: int
    left: tuple[Module, ...]


def ask(session: Session, settings: Settings, actor: Actor, company: Company, email: str = "") -> list[str]:
    """Mail the company's admins (or *email*) a link to confirm what staff entered; return the addresses.

    Raises Conflict if nothing waits for confirmation, Invalid("email") if there is nobody to ask.
    """
    require(actor, "demand.on_behalf")
    waiting = _unconfirmed(session, company.id)
    if not waiting:
        raise Conflict(N_("Alles ist bestätigt. Es gibt nichts zu fragen."))
    to = [email] if email else [one.email for one in company_links.admins(session, company)]
    if not to:
        raise Invalid("email", N_("Das Unternehmen hat noch keine Admins. Geben Sie an, an wen die Mail geht."))
    for address in to:
        link = company_links.create(session, actor, company, LinkPurpose.CONFIRM, [one.id for one in waiting], address)
        text = MAIL % {
            "company": company.name, "number": len(waiting), "url": company_links.url_of(settings, link),
            "days": company_links.DAYS[LinkPurpose.CONFIRM],
        }  # fmt: skip
        outbox.send(
            session,
            address,
            N_("Bitte bestätigen: Ihr Bedarf im Modulkatalog BatterieMD"),
            text,
            f"confirm-demand:{link.id}",
        )
    return to


def _unconfirmed(session: Session, company_id: uuid.UUID) -> list[Demand]:
    wanted = select(Demand).where(Demand.company_id == company_id, company_demand.UNCONFIRMED)
    loaded = wanted.options(joinedload(Demand.module), joinedload(Demand.updated_by))
    return list(session.scalars(loaded.order_by(Demand.created_at, Demand.id)))


def asked(session: Session, link: CompanyLink) -> list[Demand]:
    """Return what the link asks about and nobody has answered yet."""
    return [one for one in _unconfirmed(session, link.company_id) if str(one.id) in link.subjects]


def _author(link: CompanyLink) -> Actor:
    return Actor(label=link.email, company_id=link.company_id, company_name=link.company.name)


def answer(session: Session, settings: Settings, token: str, said: Mapping[uuid.UUID, Answer]) -> int:
    """Save the answers and return how many there were; the link is used up when nothing is left to answer.

    Raises Invalid with "reason-<id>" for a refusal without a reason, Conflict for a record that changed meanwhile.
    """
    link = company_links.claim(session, settings, token)
    wrong: dict[str, Text] = {}
    waiting = {one.id: one for one in asked(session, link)}
    answers = {one: given for one, given in said.items() if one in waiting and given.word in ("confirm", "refuse")}
    for one, given in answers.items():
        try:
            if given.word == "refuse":
                check_reason(given.reason.strip())
        except Invalid as refused:
            wrong[f"reason-{one}"] = refused.fields["reason"]
    if wrong:
        raise Invalid(fields=wrong)
    for one, given in answers.items():
        if given.word == "confirm":
            demand.confirm(session, _author(link), waiting[one].module, given.version)
        else:
            demand.refuse(session, _author(link), waiting[one].module, given.reason, given.version)
    if len(answers) == len(waiting):
        link.used_at = utcnow()
    session.flush()
    return len(answers)


def on_sheet(session: Session, link: CompanyLink) -> list[Module]:
    """Return the modules of the sheet that are still in the catalogue, in its order."""
    wanted = [uuid.UUID(one) for one in link.subjects]
    published = select(Module).where(Module.id.in_(wanted), Module.state == WorkflowState.PUBLISHED)
    rows = session.scalars(published.options(joinedload(Module.provider)))
    known = {module.id: module for module in rows}
    return [known[one] for one in wanted if one in known]


def said_itself(session: Session, link: CompanyLink, modules: Sequence[Module]) -> set[uuid.UUID]:
    """Return the modules about which the company spoke itself: who holds a sheet changes nothing there, and does not read it."""
    wanted = select(Demand).where(
        Demand.company_id == link.company_id, Demand.module_id.in_([module.id for module in modules])
    )
    found = session.scalars(wanted)
    return {one.module_id for one in found if own_words(one) or one.withdrawn_at}


def fill(session: Session, settings: Settings, token: str, said: Sequence[tuple[Module, DemandInput]]) -> Saved:
    """Save the rows of a sheet, as a survey of today that waits for confirmation. May be done again until the link ends."""
    link = company_links.claim(session, settings, token)
    allowed = {module.id for module in on_sheet(session, link)}
    rows = [(module, given) for module, given in said if module.id in allowed]
    own = said_itself(session, link, [module for module, _ in rows])
    left = tuple(module for module, _ in rows if module.id in own)
    author = Actor(label=N_("Antwortbogen"), is_system=True)  # nobody signed in; claim() allowed it for this company
    on_behalf = OnBehalf(link.company.slug, DemandSource.SURVEY, local_day())
    said_before = company_demand.about(session, author, link.company, [module.id for module, _ in rows])
    free = [
        (module, _with_purposes(given, said_before.get(module.id))) for module, given in rows if module.id not in own
    ]
    saved = company_demand.enter(session, author, link.company, on_behalf, free)
    link.used_at = utcnow()
    session.flush()
    return Saved(len(saved), left)


def _with_purposes(given: DemandInput, said: Demand | None) -> DemandInput:
    """What a sheet says, with the purposes that staff entered: it does not ask for them."""
    return replace(given, purposes=input_of(said).purposes) if said else given


MAIL = N_("""Guten Tag,

für %(company)s hat das Netzwerkbüro nach einem Gespräch, Besuch, Workshop oder einer Umfrage Bedarf im Modulkatalog BatterieMD
eingetragen. Angaben, die auf Ihre Bestätigung warten: %(number)s

Mit diesem Link sehen Sie sie und bestätigen sie mit einem Klick, oder Sie sagen, was Sie nicht übernehmen. Sie brauchen kein Konto.

%(url)s

Der Link gilt %(days)s Tage. Geben Sie ihn nur innerhalb Ihres Unternehmens weiter: Wer ihn hat, kann für Ihr Unternehmen antworten.

Vielen Dank
Ihr Netzwerkbüro BatterieMD
""")
