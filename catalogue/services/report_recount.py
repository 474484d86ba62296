"""A frozen report counted again from the event log: the same figures, or which differ and why."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, FrozenReport, Module, ModuleMerge, Run
from catalogue.services import frozen_reports, report_figures
from catalogue.services.permissions import Actor
from catalogue.services.report_json import Figures
from catalogue.services.report_query import FIGURES, By
from catalogue.texts import N_, Text

__all__ = ["Difference", "Recount", "recount"]

Kept = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One figure that comes out otherwise now. ``table``: a value of By, "matrix", "trend" or "runs"."""

    table: str
    label: str
    figure: str
    then: int
    now: int


@dataclass(frozen=True)
class Recount:
    """What counting again gave. ``reasons``: what changed since in that by which is counted; ``intact``: what is stored was not altered."""

    intact: bool
    differences: tuple[Difference, ...]
    reasons: tuple[Text, ...]

    @property
    def same(self) -> bool:
        """Whether every figure is the same."""
        return not self.differences


def recount(session: Session, actor: Actor, report: FrozenReport) -> Recount:
    """Count *report* again as of its day from what the event log says, with what is known of modules and companies now."""
    counted = report_figures.count(session, actor, frozen_reports.question(report))
    then = frozen_reports.figures(report)
    differences = tuple(_differences(then, counted.figures))
    reasons: tuple[Text, ...] = ()
    if differences:
        reasons = (
            *_module_reasons(session, report, counted.basis["modules"]),
            *_company_reasons(session, report.basis["companies"], counted.basis["companies"]),
            *_run_reasons(session, then, counted.figures),
        )
        reasons = reasons or (
            Text(N_("Es gibt Angaben von diesem Tag, die beim Festschreiben noch nicht gespeichert waren.")),
        )
    return Recount(frozen_reports.intact(report), differences, reasons)


def _differences(then: Figures, now: Figures) -> Iterator[Difference]:
    flat_then, flat_now = _flat(then), _flat(now)
    for place in {**flat_then, **flat_now}:
        before, after = flat_then.get(place), flat_now.get(place)
        for figure in (before or after or ("", {}))[1]:
            was, is_now = (one[1].get(figure, 0) if one else 0 for one in (before, after))
            if was != is_now:
                label = (before or after or ("", {}))[0]
                yield Difference(place[0], label, figure, was, is_now)


def _flat(figures: Figures) -> dict[tuple[str, ...], tuple[str, dict[str, int]]]:
    """All figures by their place: table, row, column."""
    counted = ("records", *FIGURES)
    found: dict[tuple[str, ...], tuple[str, dict[str, int]]] = {}
    found["total", ""] = figures.total.label, {name: getattr(figures.total, name) for name in counted}
    found["members", ""] = "", {"members": figures.members}
    for by in By:
        for row in figures.by.get(by, ()):
            found[by.value, row.key] = row.label, {name: getattr(row, name) for name in counted}
    for line in figures.matrix.rows:
        for level, cell in zip(figures.matrix.columns, line.cells, strict=True):
            figures_of_cell = {"people": cell.people, "seats": cell.seats}
            found["matrix", line.topic.code, level.code] = f"{line.topic.label}, {level.label}", figures_of_cell
    for point in figures.trend:
        values = {name: value for name, value in asdict(point).items() if isinstance(value, int)}
        found["trend", point.month.isoformat()] = f"{point.month:%m/%Y}", values
    for run in figures.runs:
        values = {"people": run.people, "companies": run.companies, "seats": run.seats or 0, "needed": run.needed or 0}
        values |= {"asked": run.asked, "committed": run.committed, "booked": run.booked}
        found["runs", run.id] = run.title, values
    return found


def _module_reasons(session: Session, report: FrozenReport, now: Kept) -> Iterator[Text]:
    """Why modules are counted in other rows, or not at all."""
    then = report.basis["modules"]
    for key, was in then.items():
        if key not in now:
            known = session.get(Module, uuid.UUID(key)) is not None
            lost = N_("„%(module)s“: Dazu zählt keine Angabe mehr.")
            yield Text(lost if known else N_("„%(module)s“ gibt es nicht mehr."), {"module": was["title"]})
            continue
        for name, sentence in (
            ("topics", N_("„%(module)s“ hatte als Thema: %(then)s. Jetzt: %(now)s.")),
            ("levels", N_("„%(module)s“ hatte als Stufe: %(then)s. Jetzt: %(now)s.")),
        ):
            if {code for code, _ in was[name]} != {code for code, _ in now[key][name]}:
                words = {"module": was["title"], "then": _words(was[name]), "now": _words(now[key][name])}
                yield Text(sentence, words)
    for key in now.keys() - then.keys():
        yield Text(N_("„%(module)s“ zählt jetzt mit."), {"module": now[key]["title"]})
    merged = select(ModuleMerge).where(ModuleMerge.at > report.made_at, ModuleMerge.undone_at.is_(None))
    for merge in session.scalars(merged):
        if str(merge.merged_id) in then or str(merge.kept_id) in then:
            names = [session.get_one(Module, id).title for id in (merge.merged_id, merge.kept_id)]
            yield Text(N_("„%(merged)s“ wurde mit „%(kept)s“ zusammengeführt."), {"merged": names[0], "kept": names[1]})


def _company_reasons(session: Session, then: Kept, now: Kept) -> Iterator[Text]:
    """Why companies are counted in other rows, or not at all."""
    asked = select(Company.slug, Company.active).where(Company.slug.in_(list(then)))
    known = {slug: bool(active) for slug, active in session.execute(asked)}
    for slug, was in then.items():
        if slug not in now:
            left = N_("„%(company)s“ ist nicht mehr Mitglied.")
            other = N_("Von „%(company)s“ zählt keine Angabe mehr.")
            yield Text(other if known.get(slug) else left, {"company": was["name"]})
            continue
        for name, sentence in (
            ("sector", N_("„%(company)s“ hatte als Branche: %(then)s. Jetzt: %(now)s.")),
            ("region", N_("„%(company)s“ hatte als Region: %(then)s. Jetzt: %(now)s.")),
        ):
            if (was[name] or [""])[0] != (now[slug][name] or [""])[0]:
                words = {"then": _words([was[name]]), "now": _words([now[slug][name]]), "company": was["name"]}
                yield Text(sentence, words)
    for slug in now.keys() - then.keys():
        yield Text(N_("„%(company)s“ zählt jetzt mit."), {"company": now[slug]["name"]})


def _run_reasons(session: Session, then: Figures, now: Figures) -> Iterator[Text]:
    """Runs have no history: they count as they are known now."""
    was, is_now = ({run.id: run for run in figures.runs} for figures in (then, now))
    for id, run in was.items():
        words = {"module": run.title, "day": f"{run.day:%d.%m.%Y}"}
        if id not in is_now:
            kept = session.get(Run, uuid.UUID(id))
            gone = N_("Den Termin „%(module)s“ am %(day)s gibt es nicht mehr.")
            other = N_("Der Termin „%(module)s“ am %(day)s zählt nicht mehr: abgesagt, ausgebucht oder verlegt.")
            yield Text(other if kept else gone, words)
        elif (run.seats, run.needed, run.starts_on, run.module) != _planned(is_now[id]):
            yield Text(N_("Der Termin „%(module)s“ am %(day)s wurde geändert."), words)
    for id in is_now.keys() - was.keys():
        run = is_now[id]
        yield Text(
            N_("Der Termin „%(module)s“ am %(day)s kam dazu."), {"module": run.title, "day": f"{run.day:%d.%m.%Y}"}
        )


def _planned(run: Any) -> tuple[Any, ...]:
    return run.seats, run.needed, run.starts_on, run.module


def _words(named: list[Any]) -> str:
    return ", ".join(label for _, label in filter(None, named)) or "–"
