"""What ``data/modules`` says beside the texts of the offers: who teaches, which programme, which terms, as tables staff can correct."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from catalogue.models import OfferStatus, ProgrammeKind
from catalogue.paths import resources
from catalogue.services.errors import Invalid
from catalogue.services.module_input import VOCABULARIES
from catalogue.services.recognition import fold
from catalogue.services.tables import entries, read_table
from catalogue.texts import N_

__all__ = ["Assigned", "Assignments", "ProgrammeRow", "ProviderRow", "read_assignments"]


@dataclass(frozen=True)
class Assigned:
    """One line of the mapping table: what an offer's facts mean in our vocabularies."""

    terms: Mapping[str, tuple[str, ...]]
    provider: str
    programme: str
    languages: tuple[str, ...]
    offer_status: OfferStatus | None
    as_of: date | None


@dataclass(frozen=True)
class ProviderRow:
    """A provider, and other names that lists use for it."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    place: str
    region: str
    website: str
    about: str


@dataclass(frozen=True)
class ProgrammeRow:
    """A programme, and other names that lists use for it."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    kind: ProgrammeKind
    position: int
    website: str
    about: str


class Assignments:
    """The three tables of one folder, looked up by slug or by name."""

    def __init__(
        self, mapping: Mapping[str, Assigned], providers: list[ProviderRow], programmes: list[ProgrammeRow]
    ) -> None:
        self.mapping = mapping
        self.providers = {row.slug: row for row in providers}
        self.programmes = {row.slug: row for row in programmes}
        self._provider_names = {fold(name): row.slug for row in providers for name in (row.name, *row.aliases)}
        self._programme_names = {fold(name): row.slug for row in programmes for name in (row.name, *row.aliases)}

    def provider_named(self, name: str) -> str:
        """Return the slug of the provider that lists call *name*, "" if none is known by it."""
        return self._provider_names.get(fold(name), "")

    def programme_named(self, name: str) -> str:
        """Return the slug of the programme that lists call *name*, "" if none is known by it."""
        return self._programme_names.get(fold(name), "")


@lru_cache(maxsize=2)
def read_assignments(folder: Path | None = None) -> Assignments:
    """Return the tables in *folder* (default: those that come with the catalogue); raises :class:`Invalid` with file and line."""
    folder = folder or resources("data/modules")
    try:
        mapping = read_table(folder / "mapping.csv", "slug", *(name for name in VOCABULARIES if name != "hv_level"))
        return Assignments(
            {row["slug"]: _assigned(row) for row in mapping},
            [_provider(row) for row in read_table(folder / "providers.csv", "slug", "name", "aliases")],
            [_programme(row) for row in read_table(folder / "programmes.csv", "slug", "name", "aliases", "kind")],
        )
    except ValueError as error:
        raise Invalid(
            str(folder), N_("Eine Tabelle enthält einen unbekannten Wert: %(error)s."), error=error
        ) from error


def _assigned(row: dict[str, str]) -> Assigned:
    terms = {name: entries(row.get(name, "")) for name in VOCABULARIES}
    status = row.get("offer_status", "")
    return Assigned(
        terms={name: codes for name, codes in terms.items() if codes},
        provider=row.get("provider", ""),
        programme=row.get("programme", ""),
        languages=entries(row.get("languages", "")),
        offer_status=OfferStatus(status) if status else None,
        as_of=date.fromisoformat(row["as_of"]) if row.get("as_of") else None,
    )


def _provider(row: dict[str, str]) -> ProviderRow:
    return ProviderRow(
        slug=row["slug"], name=row["name"], aliases=entries(row["aliases"]), place=row.get("place", ""),
        region=row.get("region", ""), website=row.get("website", ""), about=row.get("about", ""),
    )  # fmt: skip


def _programme(row: dict[str, str]) -> ProgrammeRow:
    return ProgrammeRow(
        slug=row["slug"], name=row["name"], aliases=entries(row["aliases"]), kind=ProgrammeKind(row["kind"] or "other"),
        position=int(row.get("position") or 0), website=row.get("website", ""), about=row.get("about", ""),
    )  # fmt: skip
