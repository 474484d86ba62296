"""Looks at an installation and says in sentences what is not as it should be. For operators, in English like the command line."""

from catalogue.db import Database
from catalogue.search.index import SearchIndex
from catalogue.services import health_database, health_machine, health_mail, health_settings
from catalogue.services.finding import Finding
from catalogue.settings import Settings

__all__ = ["Finding", "examine"]


def examine(settings: Settings, database: Database, index: SearchIndex, *, send_to: str = "") -> list[Finding]:
    """Return what was found; one failing look does not keep the others from being made."""
    found = [
        *health_settings.fit(settings),
        health_settings.key(settings),
        health_machine.state(settings),
        health_machine.disk(settings),
        health_machine.zones(),
        health_machine.pdf(),
        *health_mail.server(settings, send_to),
        *([health_machine.sqlite()] if database.is_sqlite else []),
    ]
    reached = list(health_database.reachable(database))
    if any(one.level == "error" for one in reached):
        return [*found, *reached]
    return [*found, *reached, *health_database.content(settings, database, index)]
