"""Member companies: listed, created, edited, switched off."""

import re
import uuid
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from catalogue.db import Session
from catalogue.models import Company, Membership, SizeClass, Term, Vocabulary
from catalogue.services import audit, locking, sessions
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.permissions import Actor, Own, require
from catalogue.services.sorting import slugify, sort_key
from catalogue.texts import N_

__all__ = [
    "CompanyInput",
    "CompanyPage",
    "by_slug",
    "create",
    "find",
    "find_all",
    "get",
    "get_by_id",
    "update",
    "values_of",
]

PER_PAGE = 50
DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
SORTS = ("name", "-name", "place", "-place", "size", "-size", "newest")
SIZE_ORDER = list(SizeClass)


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


@dataclass(frozen=True)
class CompanyPage:
    """One page of the list."""

    companies: tuple[Company, ...]
    total: int
    page: int
    pages: int


_loaded = (joinedload(Company.sector), joinedload(Company.region), selectinload(Company.memberships))


def find(session: Session, actor: Actor, text: str = "", sort: str = "name", page: int = 1) -> CompanyPage:
    """Return companies whose name or place holds *text*, in German order; umlauts and case do not matter."""
    wanted = sort_key(text)
    hits = [one for one in find_all(session, actor) if wanted in one.sort_name or wanted in sort_key(one.place)]
    field = sort.removeprefix("-")
    if sort in SORTS and field != "name":
        hits.sort(key=_keys[field])
    if sort.startswith("-"):
        hits.reverse()
    start = (max(1, page) - 1) * PER_PAGE
    return CompanyPage(tuple(hits[start : start + PER_PAGE]), len(hits), page, max(1, -(-len(hits) // PER_PAGE)))


_keys: dict[str, Any] = {
    "place": lambda one: sort_key(one.place),
    "size": lambda one: SIZE_ORDER.index(one.size_class) if one.size_class else -1,
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
    if values.active != company.active:
        require(actor, "company.create")  # its own admin must not switch a company on or off
    _fill(session, company, values)
    session.flush()
    after = _facts(company)
    changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    if changed:
        audit.record(session, actor, "company.changed", company, changes=changed)
    if not company.active:
        for user_id in session.scalars(select(Membership.user_id).where(Membership.company_id == company.id)):
            sessions.end_all(session, user_id)
    return company


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
    )


def _facts(company: Company) -> dict[str, Any]:
    names = [f.name for f in fields(CompanyInput) if f.name not in ("sector", "region")]
    plain = {name: getattr(company, name) for name in names}
    return {**plain, "sector": str(company.sector_id or ""), "region": str(company.region_id or "")}


def _fill(session: Session, company: Company, values: CompanyInput) -> None:
    name = values.name.strip()
    if not name:
        raise Invalid("name", N_("Geben Sie den Namen des Unternehmens an."))
    if same := session.scalar(select(Company).where(Company.sort_name == sort_key(name), Company.id != company.id)):
        raise Invalid("name", N_("„%(name)s“ gibt es schon."), name=same.name)
    company.name, company.sort_name = name, sort_key(name)[:200]
    company.sector_id = _term(session, Vocabulary.SECTOR, "sector", values.sector)
    company.region_id = _term(session, Vocabulary.REGION, "region", values.region)
    company.size_class, company.place, company.network = values.size_class, values.place.strip(), values.network.strip()
    company.website = _website(values.website.strip())
    company.email_domains = [_domain(domain) for domain in values.email_domains]
    company.active = values.active


def _term(session: Session, vocabulary: Vocabulary, field: str, code: str) -> uuid.UUID | None:
    if not code:
        return None
    terms = session.scalars(select(Term).where(Term.vocabulary == vocabulary).order_by(Term.position, Term.code)).all()
    for term in terms:
        if code == term.code:
            return term.id
    known = ", ".join(term.code for term in terms if not term.retired)
    raise Invalid(
        field, N_("„%(code)s“ ist nicht bekannt. Bekannt sind: %(known)s."), code=code, known=known or N_("noch keine")
    )


def _website(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url)):
        raise Invalid("website", N_("Geben Sie eine Adresse mit https:// an, zum Beispiel https://www.firma.de."))
    return url


def _domain(text: str) -> str:
    domain = text.strip().lower().removeprefix("@")
    if not DOMAIN.fullmatch(domain):
        raise Invalid("email_domains", N_("„%(domain)s“ ist keine Domäne wie firma.de."), domain=text)
    return domain


def _free_slug(session: Session, name: str) -> str:
    wanted = slugify(name)
    taken = {"new", *session.scalars(select(Company.slug).where(Company.slug.startswith(wanted, autoescape=True)))}
    numbered = (f"{wanted}-{n}" for n in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)
