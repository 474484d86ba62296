"""Providers and programmes that a load needs: found by slug or name, made if they are missing."""

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Programme, ProgrammeKind, Provider, Vocabulary
from catalogue.services import vocabularies
from catalogue.services.assignments import Assignments, ProgrammeRow, ProviderRow
from catalogue.services.recognition import fold
from catalogue.services.slugs import unused_slug
from catalogue.services.sorting import slugify, sort_key

__all__ = ["References"]

NAME_LENGTH = 200
LAST = 900  # position of programmes that only lists know


class References:
    """Finds or makes the things that rows name. One per load."""

    def __init__(self, session: Session, assignments: Assignments) -> None:
        self._session = session
        self._assignments = assignments
        self._regions = vocabularies.by_code(session, Vocabulary.REGION)
        self._providers = {found.slug: found for found in session.scalars(select(Provider))}
        self._programmes = {found.slug: found for found in session.scalars(select(Programme))}
        self._provider_names = {fold(found.name): found for found in self._providers.values()}
        self._programme_names = {fold(found.name): found for found in self._programmes.values()}

    def provider(self, slug: str, name: str) -> Provider | None:
        """Return the provider with *slug*, else the one that lists call *name*; a new one if the name is new; None without any."""
        slug = slug or self._assignments.provider_named(name)
        if slug in self._providers:
            return self._providers[slug]
        if row := self._assignments.providers.get(slug):
            return self._keep_provider(self._listed_provider(row))
        return self._provider_names.get(fold(name)) or self._new_provider(slug, name)

    def programme(self, slug: str, name: str) -> Programme | None:
        """Return the programme in the same way as the provider."""
        slug = slug or self._assignments.programme_named(name)
        if slug in self._programmes:
            return self._programmes[slug]
        if row := self._assignments.programmes.get(slug):
            return self._keep_programme(_listed_programme(row))
        return self._programme_names.get(fold(name)) or self._new_programme(slug, name)

    def _new_provider(self, slug: str, name: str) -> Provider | None:
        if slug or not name:  # a slug that nobody knows is an error of the row, which the rules report
            return None
        found = Provider(name=name[:NAME_LENGTH], slug=unused_slug(self._session, Provider.slug, slugify(name)))
        return self._keep_provider(found)

    def _new_programme(self, slug: str, name: str) -> Programme | None:
        if slug or not name:
            return None
        found = Programme(
            name=name[:NAME_LENGTH], kind=ProgrammeKind.OTHER, position=LAST,
            slug=unused_slug(self._session, Programme.slug, slugify(name)),
        )  # fmt: skip
        return self._keep_programme(found)

    def _listed_provider(self, row: ProviderRow) -> Provider:
        return Provider(
            slug=row.slug, name=row.name, place=row.place, website=row.website, about=row.about,
            region=self._regions.get(row.region),
        )  # fmt: skip

    def _keep_provider(self, found: Provider) -> Provider:
        found.sort_name = sort_key(found.name)[:NAME_LENGTH]
        self._providers[found.slug] = self._provider_names[fold(found.name)] = found
        self._session.add(found)
        self._session.flush()
        return found

    def _keep_programme(self, found: Programme) -> Programme:
        self._programmes[found.slug] = self._programme_names[fold(found.name)] = found
        self._session.add(found)
        self._session.flush()
        return found


def _listed_programme(row: ProgrammeRow) -> Programme:
    return Programme(
        slug=row.slug, name=row.name, kind=row.kind, position=row.position, website=row.website, about=row.about
    )
