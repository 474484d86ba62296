"""The workbook that companies or staff fill in: all modules in rows, the words that are understood as lists to choose from."""

import io
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, Confidentiality, Module, Purpose, Relevance, WorkflowState
from catalogue.services.demand_lists import LABELS
from catalogue.services.exports import CELL_LIMIT, CONTROL
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["workbook"]

WORDS = {
    "relevance": [one.label for one in (Relevance.MUST, Relevance.SHOULD, Relevance.COULD, Relevance.NONE)],
    "purposes": [one.label for one in Purpose],
    "confidentiality": [one.label for one in Confidentiality],
}
WIDTHS = {"company": 32, "module": 34, "title": 60, "note": 40, "confidentiality": 24}
HOW = (
    N_("Eine Zeile je Unternehmen und Modul. Zeilen ohne Antwort werden überlesen."),
    N_("Unternehmen: der Name wie im Katalog. Modul: die Kennung, der Code oder der Titel."),
    N_("Dringlichkeit: muss, soll, kann oder nicht relevant; x heißt relevant ohne Dringlichkeit."),
    N_("Zeitraum: 2027, 1. Quartal 2027 oder 2. Halbjahr 2027."),
    N_("Mehrere Zwecke: mit Komma. Wer sieht das? Ohne Angabe: nur Netzwerkbüro."),
    N_("Datum: wann das Unternehmen geantwortet hat. Ohne Datum gilt der Tag, der beim Hochladen gewählt wird."),
    N_("Auch lesbar: Unternehmen in Zeilen, Module in Spalten, in den Zellen muss, soll, kann oder eine Zahl von Personen."),
)  # fmt: skip


def workbook(session: Session, actor: Actor, company: Company | None = None) -> bytes:
    """Return the workbook with all published modules, for one company or with the first column empty."""
    require(actor, "demand.on_behalf")
    published = select(Module.slug, Module.title).where(Module.state == WorkflowState.PUBLISHED)
    modules = [(row.slug, row.title) for row in session.execute(published.order_by(Module.sort_title))]
    names = list(session.scalars(select(Company.name).where(Company.active).order_by(Company.sort_name)))
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    import xlsxwriter  # here, because it would make every start longer

    with xlsxwriter.Workbook(buffer, options) as book:
        answers, about = book.add_worksheet("Umfrage"), book.add_worksheet("Anleitung")
        known = book.add_worksheet("Unternehmen")
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        _fill(answers, modules, company.name if company else "", bold, day)
        _offer(answers, len(modules), len(names))
        for line, sentence in enumerate(HOW):
            about.write_string(line, 0, sentence)
        for line, name in enumerate(names):
            known.write_string(line, 0, _clean(name))
        known.set_column(0, 0, 40)
    return buffer.getvalue()


def _headings() -> list[tuple[str, str]]:
    """Keys and headings; the title stands beside the module for people only."""
    found = [(key, str(label)) for key, label in LABELS.items()]
    return [*found[:2], ("title", N_("Titel")), *found[2:]]


def _fill(sheet: Any, modules: list[tuple[str, str]], company: str, bold: Any, day: Any) -> None:
    for place, (key, label) in enumerate(_headings()):
        sheet.write_string(0, place, label, bold)
        sheet.set_column(place, place, WIDTHS.get(key, 16), day if key == "day" else None)
    for line, (slug, title) in enumerate(modules, start=1):
        if company:
            sheet.write_string(line, 0, _clean(company))
        sheet.write_string(line, 1, _clean(slug))
        sheet.write_string(line, 2, _clean(title))
    sheet.freeze_panes(1, 3)


def _offer(sheet: Any, modules: int, companies: int) -> None:
    """Let people choose instead of type; other words may still be typed where several are possible."""
    last = max(modules, 1) + 500
    for place, (key, _) in enumerate(_headings()):
        if key in WORDS:
            strict = {} if key == "relevance" else {"error_type": "information"}
            sheet.data_validation(1, place, last, place, {"validate": "list", "source": WORDS[key], **strict})
    if companies:
        source = f"=Unternehmen!$A$1:$A${companies}"
        sheet.data_validation(1, 0, last, 0, {"validate": "list", "source": source, "error_type": "information"})


def _clean(text: str) -> str:
    return CONTROL.sub("", text)[:CELL_LIMIT]
