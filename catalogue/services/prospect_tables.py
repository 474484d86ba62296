"""Coming runs and suggestions as tables to take away; everything that the page shows, without its pages."""

from typing import Any

from catalogue.services.exports import Column, Kind, Table
from catalogue.services.prospects import Idea, Ideas, Interested, Prospect, Prospects
from catalogue.services.report_query import named_period
from catalogue.services.run_words import where

__all__ = ["ideas", "runs"]

RUN_COLUMNS = (
    Column("module", "Modul"),
    Column("day", "Beginn", Kind.DATE),
    Column("place", "Ort"),
    Column("state", "Zustand"),
    Column("needed", "Mindestens", Kind.NUMBER),
    Column("counted", "Zählt jetzt", Kind.NUMBER),
    Column("missing", "Es fehlen", Kind.NUMBER),
    Column("decide_by", "Entscheidung bis", Kind.DATE),
    Column("company", "Unternehmen"),
    Column("wanted", "Personen mit Bedarf", Kind.NUMBER),
    Column("period", "Gewünschter Zeitraum"),
    Column("fits", "Zeit passt"),
    Column("answer", "Antwort"),
    Column("coming", "Zugesagte Personen", Kind.NUMBER),
)
IDEA_COLUMNS = (
    Column("module", "Modul"),
    Column("wanting", "Personen mit Bedarf", Kind.NUMBER),
    Column("companies", "Unternehmen", Kind.NUMBER),
    Column("needed", "Mindestens", Kind.NUMBER),
    Column("period", "Vorschlag: Zeitraum"),
    Column("region", "Vorschlag: Region"),
    Column("place", "Am häufigsten genannt"),
    Column("served", "Damit erreicht: Personen", Kind.NUMBER),
    Column("served_companies", "Damit erreicht: Unternehmen", Kind.NUMBER),
)
NOTE = (
    "Zählt jetzt",
    "Wo Unternehmen gefragt wurden, ihre Zusagen; sonst die Personen, die das Modul zu dieser Zeit brauchen.",
)


def runs(found: Prospects) -> Table:
    """Return one row per run and company, one without a company for runs that nobody wants."""
    rows = []
    for prospect in found.shown:
        names: list[Interested | None] = [*found.interested[prospect.run.id]] or [None]
        rows += [_run_row(prospect, one) for one in names]
    return Table("Kommt zustande", RUN_COLUMNS, rows, (NOTE,))


def _run_row(prospect: Prospect, one: Interested | None) -> dict[str, Any]:
    run = prospect.run
    row: dict[str, Any] = {
        "module": run.module.title, "day": run.starts_on, "place": where(run), "state": run.state.label,
        "needed": prospect.needed, "counted": prospect.counted, "missing": prospect.missing, "decide_by": run.decide_by,
    }  # fmt: skip
    if one is not None:
        answer = one.commitment
        row |= {
            "company": one.name, "fits": "ja" if one.fits else "nein",
            "wanted": one.said.people if one.said else None,
            "period": named_period(one.said.period)[0] if one.said else None,
            "answer": answer.state.label if answer else "nicht gefragt", "coming": answer.people if answer else None,
        }  # fmt: skip
    return row


def ideas(found: Ideas) -> Table:
    """Return one row per module that is wanted and has no run."""
    return Table("Module ohne Termin", IDEA_COLUMNS, [_idea_row(idea, found) for idea in found.shown], ())


def _idea_row(idea: Idea, found: Ideas) -> dict[str, Any]:
    row: dict[str, Any] = {
        "module": idea.module.title, "wanting": idea.wanting, "companies": idea.companies,
        "needed": idea.module.min_participants,
    }  # fmt: skip
    if idea.suggestion:
        option, region = idea.suggestion.option, found.regions.get(idea.suggestion.option.region)
        row |= {
            "period": named_period(option.quarter)[0], "region": region.label_de if region else option.region,
            "place": idea.suggestion.place, "served": option.people, "served_companies": option.companies,
        }  # fmt: skip
    return row
