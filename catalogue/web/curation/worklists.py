"""Where the list behind each figure of the work list is: one table for the tabs, the start page and the test that compares both."""

from dataclasses import dataclass
from typing import Any

from flask import url_for

from catalogue.services.worklist import Worklist
from catalogue.texts import N_
from catalogue.web.curation.blueprint import bp
from catalogue.web.languages import show

__all__ = ["Entry", "work_entries"]


@dataclass(frozen=True)
class Entry:
    """A figure and the list that it opens; ``trouble``: something did not work, shown only if there is any."""

    key: str
    label: str
    number: int
    url: str
    trouble: bool


# field of the Worklist, what people read, endpoint and parameters of exactly that list
LISTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("review", N_("Zu prüfen"), "curation.modules", {"state": "review"}),
    ("pending", N_("Wartend"), "curation.pending_list", {}),
    ("drafts", N_("Entwürfe"), "curation.modules", {"state": "draft"}),
    ("stale", N_("Veraltet"), "curation.stale", {}),
    ("feedback", N_("Rückmeldungen"), "curation.feedback", {"state": "new"}),
    ("wishes", N_("Wünsche"), "wishes.index", {"state": "open"}),
    ("refused", N_("Nicht übernommen"), "company_demand.refused", {}),
    ("late_actions", N_("Überfällige Aufgaben"), "planning.actions", {"late": "1"}),
    ("requests", N_("Anfragen"), "access.index", {}),
    ("runs_ready", N_("Kommt zustande"), "planning.runs", {"show": "ready"}),
    ("gaps", N_("Suchlücken"), "curation.gaps", {}),
    ("links", N_("Kaputte Links"), "curation.links", {}),
    ("imports", N_("Importe"), "imports.index", {"show": "open"}),
    ("sources_waiting", N_("Quellen"), "sources.index", {"state": "waiting"}),
)
TROUBLE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("failed_imports", N_("Fehlgeschlagene Importe"), "imports.index", {"show": "failed"}),
    ("failed_mails", N_("Nicht zustellbare Mails"), "admin.outbox_list", {"show": "failed"}),
    ("sources_failed", N_("Quellen, die sich nicht abrufen lassen"), "sources.index", {"state": "failed"}),
)


@bp.app_template_global()
def work_entries(counts: Worklist) -> list[Entry]:
    """Return all figures that the actor may follow, in the order of the tabs; trouble last and only if there is any."""
    found = [_entry(counts, row, trouble=False) for row in LISTS] + [
        _entry(counts, row, trouble=True) for row in TROUBLE
    ]
    return [entry for entry in found if entry is not None and (entry.number or not entry.trouble)]


def _entry(counts: Worklist, row: tuple[str, str, str, dict[str, Any]], *, trouble: bool) -> Entry | None:
    key, label, endpoint, parameters = row
    number = getattr(counts, key)
    return None if number is None else Entry(key, show(label), number, url_for(endpoint, **parameters), trouble)
