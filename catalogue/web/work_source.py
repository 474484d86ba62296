"""Where staff know from what they enter just now: chosen once and kept in the cookie for the day, for all companies."""

from dataclasses import dataclass
from datetime import date

from flask import session

from catalogue.models import DemandSource
from catalogue.services.demand_rules import OnBehalf, check_source
from catalogue.services.errors import Invalid
from catalogue.web.facts import today

__all__ = ["WorkSource", "keep", "kept"]

KEY = "work_source"


@dataclass(frozen=True)
class WorkSource:
    """A call, visit, workshop or survey, and its day."""

    source: DemandSource
    day: date

    def on_behalf(self, company: str) -> OnBehalf:
        """Return it for one company (slug)."""
        return OnBehalf(company, self.source, self.day)


def keep(chosen: OnBehalf) -> None:
    """Keep it for the rest of the day; raises Invalid for a day in the future or no source."""
    check_source(chosen)
    assert chosen.source_date is not None  # noqa: S101 - check_source
    session[KEY] = [chosen.source.value, chosen.source_date.isoformat(), today().isoformat()]


def kept() -> WorkSource | None:
    """Return what was chosen today, None if nothing."""
    try:
        source, day, chosen_on = session.get(KEY) or ("", "", "")
        found = WorkSource(DemandSource(source), date.fromisoformat(day))
        check_source(found.on_behalf(""))
    except (ValueError, TypeError, Invalid):
        return None
    return found if chosen_on == today().isoformat() else None
