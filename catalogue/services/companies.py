"""Member companies: listed, created, edited, switched off."""

import re
import uuid
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, Membership, SizeClass, Vocabulary
from catalogue.services import audit, email_domains, locking, sessions, vocabularies
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.findings import one_line, plain_text
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, Own, require
from catalogue.services.sorting import arrange, slugify, sort_key
from catalogue.texts import N_

__all__ = [
    "CompanyInput",
    "CompanyPage",
    "CompanyQuery",
    "ProfileInput",
    "by_slug",
    "create",
    "find",
    "find_all",
    "get",
    "get_by_id",
    "profile_of",
    "update",
    "update_profile",
    "values_of",
    "website",
]

PER_PAGE = 50
SORTS = ("name", "place", "sector", "size", "people", "newest")
SIZE_ORDER = list(SizeClass)
STATES = ("active", "inactive", "without_admin")
NOTE_LENGTH = 4000
# what a company says about itself; the rest is the network office's
PROFILE = ("sector", "region", "size_class", "place", "website")


@dataclass(frozen=True)
class CompanyInput:
    """Everything that people enter about a company. Sector and region are codes of vocabulary terms."""

    name: str
    sector: str = ""
    region: str = ""
    size_class: SizeClass | None = None
    place: str = ""
    website: str = ""
    network: str = "ELMUG"
    email_domains: tuple[str, ...] = ()
    active: bool = True
    note: str = ""


@dataclass(frozen=True)
class ProfileInput:
    """What the admins of a company change themselves."""

    sector: str = ""
    region: str = ""
    size_class: SizeClass | None = None
    place: str = ""
    website: str = ""


@dataclass(frozen=True)
class CompanyQuery:
    """Which companies, and how sorted. Unknown values are ignored. ``sort`` is one of ``SORTS``, with "-" for descending."""

    text: str = ""
    sector: str = ""
    region: str = ""
    size: str = ""
    state: str = ""  # one of STATES
    sort: str = "name"
    page: int = 1


@dataclass(frozen=True)
class CompanyPage:
    """One page of the list."""

    companies: tuple[Company, ...]
    total: int
    page: int
    pages: int


_loaded = (
    joinedload(Company.sector),
    joinedload(Company.region),
    selectinload(Company.memberships).joinedload(Membership.user),
)


def find(session: Session, actor: Actor, query: CompanyQuery, *, everything: bool = False) -> CompanyPage:
    """Return the companies that *query* asks for, in German order; umlauts and case do not matter."""
    hits = [one for one in find_all(session, actor) if _fits(one, query)]
    arrange(hits, query.sort, _keys)
    page, pages = within(query.page, len(hits), PER_PAGE)
    start = (page - 1) * PER_PAGE
    shown = hits if everything else hits[start : start + PER_PAGE]
    return CompanyPage(tuple(shown), len(hits), page, pages)


def _fits(company: Company, query: CompanyQuery) -> bool:
    wanted = sort_key(query.text)
    return (
        (wanted in company.sort_name or wanted in sort_key(company.place))
        and query.sector in ("", company.sector.code if company.sector else None)
        and query.region in ("", company.region.code if company.region else None)
        and (query.size not in set(SizeClass) or query.size == company.size_class)
        and (query.state not in STATES or query.state in _states_of(company))
    )


def _states_of(company: Company) -> set[str]:
    served = any(member.role == CompanyRole.ADMIN and member.user.active for member in company.memberships)
    return {"active" if company.active else "inactive"} | (set() if served else {"without_admin"})


_keys: dict[str, Any] = {
    "place": lambda one: sort_key(one.place),
    "sector": lambda one: sort_key(one.sector.label_de) if one.sector else "",
    "size": lambda one: SIZE_ORDER.index(one.size_class) if one.size_class else -1,
    "people": lambda one: len(one.memberships),
    "newest": lambda one: -one.created_at.timestamp(),
}


def find_all(session: Session, actor: Actor) -> list[Company]:
    """Return all companies by name in German order, with sector, region and memberships."""
    require(actor, "company.list")
    return sorted(session.scalars(select(Company).options(*_loaded)), key=lambda one: one.sort_name)


def by_slug(session: Session, actor: Actor, slug: str) -> Company | None:
    """Return the company, or None if there is none."""
    require(actor, "company.list")
    return session.scalar(select(Company).where(Company.slug == slug).options(*_loaded))


def get(session: Session, actor: Actor, slug: str) -> Company:
    """Return the company that staff named; raise NotFound."""
    require(actor, "company.list")
    return _one(session, Company.slug == slug)


def get_by_id(session: Session, actor: Actor, company_id: uuid.UUID | None) -> Company:
    """Return the company if the actor may see its people; raise NotFound."""
    require(actor, "company.see_people", Own(company_id))
    return _one(session, Company.id == company_id)


def _one(session: Session, condition: Any) -> Company:
    company = session.scalar(select(Company).where(condition).options(*_loaded))
    if company is None:
        raise NotFound(N_("Dieses Unternehmen gibt es nicht."))
    return company


def create(session: Session, actor: Actor, values: CompanyInput, slug: str = "") -> Company:
    """Add a company; without *slug* one is made from the name."""
    require(actor, "company.create")
    if slug and slug != slugify(slug):
        raise Invalid("slug", N_("Nehmen Sie nur kleine Buchstaben, Ziffern und Bindestriche."))
    company = Company(slug=slug or _free_slug(session, values.name))
    _fill(session, company, values)
    session.add(company)
    try:
        session.flush()
    except IntegrityError as error:
        raise Invalid("slug", N_("Diese Kennung ist schon vergeben.")) from error
    audit.record(session, actor, "company.created", company)
    return _one(session, Company.id == company.id)


def update(session: Session, actor: Actor, company: Company, values: CompanyInput, version: int | None) -> Company:
    """Change a company. Switching it off ends the sign-ins of its people at once; their rights end with the next request."""
    require(actor, "company.edit_profile", Own(company.id))
    locking.claim(session, company, version, values, *_loaded)
    before = _facts(company)
    if values != replace(values_of(company), **{name: getattr(values, name) for name in PROFILE}):
        require(actor, "company.create")  # its own admin must not rename it, take domains or switch it on or off
    _fill(session, company, values)
    session.flush()
    after = _facts(company)
    changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    if changed:
        if "note" in changed:
            changed["note"] = ["", ""]  # that it changed, not what it says: the record is never deleted
        audit.record(session, actor, "company.changed", company, changes=changed)
    if not company.active:
        for user_id in session.scalars(select(Membership.user_id).where(Membership.company_id == company.id)):
            sessions.end_all(session, user_id)
    return company


def update_profile(
    session: Session, actor: Actor, company: Company, given: ProfileInput, version: int | None
) -> Company:
    """Change what a company says about itself, and nothing else."""
    return update(session, actor, company, replace(values_of(company), **asdict(given)), version)


def profile_of(company: Company) -> ProfileInput:
    """Return what a form for the company's own admins starts with."""
    values = values_of(company)
    return ProfileInput(**{name: getattr(values, name) for name in PROFILE})


def values_of(company: Company) -> CompanyInput:
    """Return what a form for *company* starts with."""
    return CompanyInput(
        name=company.name,
        sector=company.sector.code if company.sector else "",
        region=company.region.code if company.region else "",
        size_class=company.size_class,
        place=company.place,
        website=company.website,
        network=company.network,
        email_domains=tuple(company.email_domains),
        active=company.active,
        note=company.note,
    )


def _facts(company: Company) -> dict[str, Any]:
    names = [f.name for f in fields(CompanyInput) if f.name not in ("sector", "region")]
    plain: dict[str, Any] = {name: getattr(company, name) for name in names}
    return {**plain, "sector": str(company.sector_id or ""), "region": str(company.region_id or "")}


def _fill(session: Session, company: Company, values: CompanyInput) -> None:
    name = one_line(values.name)
    if not name:
        raise Invalid("name", N_("Geben Sie den Namen des Unternehmens an."))
    if same := session.scalar(select(Company).where(Company.sort_name == sort_key(name), Company.id != company.id)):
        raise Invalid("name", N_("„%(name)s“ gibt es schon."), name=same.name)
    company.name, company.sort_name = name, sort_key(name)[:200]
    company.sector_id = _term(session, Vocabulary.SECTOR, "sector", values.sector)
    company.region_id = _term(session, Vocabulary.REGION, "region", values.region)
    company.size_class, company.place, company.network = (
        values.size_class,
        one_line(values.place),
        one_line(values.network),
    )
    company.website = website(values.website.strip())
    known = company.email_domains or []
    domains = (domain if domain in known else email_domains.checked(domain) for domain in values.email_domains)
    company.email_domains = list(dict.fromkeys(domains))
    company.active, company.note = values.active, plain_text(values.note)[:NOTE_LENGTH]


def _term(session: Session, vocabulary: Vocabulary, field: str, code: str) -> uuid.UUID | None:
    if not code:
        return None
    found = vocabularies.find(session, vocabulary, code)
    if found is not None:
        return found.id
    known = ", ".join(term.code for term in vocabularies.terms(session, vocabulary))
    raise Invalid(
        field, N_("„%(code)s“ ist nicht bekannt. Bekannt sind: %(known)s."), code=code, known=known or N_("noch keine")
    )


def website(url: str) -> str:
    """Return an address as it is stored; raises Invalid("website") for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url)):
        raise Invalid("website", N_("Geben Sie eine Adresse mit https:// an, zum Beispiel https://www.firma.de."))
    return url


def _free_slug(session: Session, name: str) -> str:
    wanted = slugify(name)
    taken = {"new", *session.scalars(select(Company.slug).where(Company.slug.startswith(wanted, autoescape=True)))}
    numbered = (f"{wanted}-{n}" for n in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)
