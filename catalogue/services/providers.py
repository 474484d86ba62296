"""Providers: who teaches."""

from dataclasses import dataclass, fields
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Module, Provider, Term, Vocabulary, WorkflowState
from catalogue.services import vocabularies
from catalogue.services.errors import NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.slugs import unused_slug
from catalogue.services.sorting import slugify, sort_key
from catalogue.texts import N_

__all__ = ["Counted", "ProviderInput", "create", "get", "input_of", "listing", "update"]


@dataclass(frozen=True)
class ProviderInput:
    """Everything about a provider that can be edited; ``region`` is a code of the vocabulary "region"."""

    name: str
    website: str = ""
    place: str = ""
    region: str = ""
    about: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""


class Counted(NamedTuple):
    """A provider and how many modules name it: published ones, and all."""

    provider: Provider
    published: int
    modules: int


LENGTHS = {"name": 200, "website": 500, "place": 200, "about": 5000, "contact_name": 200, "contact_email": 254,
           "contact_phone": 60}  # fmt: skip


def get(session: Session, slug: str) -> Provider:
    """Return the provider with its region; providers are public. Raises NotFound."""
    found = session.scalar(select(Provider).where(Provider.slug == slug).options(joinedload(Provider.region)))
    if found is None:
        raise NotFound(N_("Diesen Anbieter gibt es nicht."))
    return found


def listing(session: Session) -> list[Counted]:
    """Return all providers in German order with the number of their modules."""
    published = func.count(Module.id).filter(Module.state == WorkflowState.PUBLISHED)
    rows = session.execute(
        select(Provider, published, func.count(Module.id))
        .outerjoin(Module, Module.provider_id == Provider.id)
        .group_by(Provider.id)
        .order_by(Provider.sort_name, Provider.id)
    )
    return [Counted(*row) for row in rows]


def input_of(provider: Provider) -> ProviderInput:
    """Return what *provider* says now; its region is loaded."""
    values = {declared.name: getattr(provider, declared.name) for declared in fields(ProviderInput)}
    return ProviderInput(**values | {"region": provider.region.code if provider.region else ""})


def create(session: Session, actor: Actor, given: ProviderInput) -> Provider:
    """Add a provider with a slug of its own."""
    require(actor, "provider.edit")
    given, region = _checked(session, given)
    provider = Provider(slug=unused_slug(session, Provider.slug, slugify(given.name)))
    _write(provider, given, region)
    session.add(provider)
    session.flush()
    return provider


def update(session: Session, actor: Actor, provider: Provider, given: ProviderInput, version: int | None) -> Provider:
    """Change a provider that was read at *version*; raises Stale or Invalid."""
    require(actor, "provider.edit", provider)
    claim(session, provider, version, given, joinedload(Provider.region))
    given, region = _checked(session, given)
    _write(provider, given, region)
    session.flush()
    return provider


def _checked(session: Session, given: ProviderInput) -> tuple[ProviderInput, Term | None]:
    values = {declared.name: one_line(getattr(given, declared.name)) for declared in fields(ProviderInput)}
    given = ProviderInput(**values | {"about": plain_text(given.about)})
    findings = Findings()
    findings.required("name", given.name, N_("Geben Sie den Namen des Anbieters ein."))
    for name, most in LENGTHS.items():
        findings.length(name, getattr(given, name), most)
    findings.url("website", given.website)
    findings.email("contact_email", given.contact_email)
    region = vocabularies.find(session, Vocabulary.REGION, given.region)
    if given.region and region is None:
        findings.add("region", N_("Wählen Sie eine Region aus der Liste."))
    findings.raise_any()
    return given, region


def _write(provider: Provider, given: ProviderInput, region: Term | None) -> None:
    for declared in fields(ProviderInput):
        if declared.name != "region":
            setattr(provider, declared.name, getattr(given, declared.name))
    provider.sort_name = sort_key(given.name)[:200]
    provider.region = region
