"""Two to four modules side by side, with what differs marked; printable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext

from catalogue.models import Module, Term
from catalogue.services import bookmarks, comparison, demand
from catalogue.web.auth import current_actor
from catalogue.web.back import WayBack, way_back
from catalogue.web.facts import next_run, run_text, sheet_facts
from catalogue.web.filters import day, label
from catalogue.web.limits import SEARCH, limiter
from catalogue.web.requests import db_session

bp = Blueprint("compare", __name__)


@dataclass(frozen=True)
class Cell:
    """What one module says; nothing at all means "ohne Angabe". ``terms`` are drawn as signs, ``lines`` as a list; ``german`` as in Fact."""

    text: str = ""
    aside: str = ""
    terms: tuple[Term, ...] = ()
    lines: tuple[str, ...] = ()
    german: bool = True

    @property
    def said(self) -> str:
        """What is compared."""
        return " ".join([self.text, self.aside, *(label(term) for term in self.terms), *self.lines])


@dataclass(frozen=True)
class Row:
    """One property of all modules."""

    name: str
    cells: tuple[Cell, ...]
    differs: bool


@bp.get("/compare")
@limiter.limit(SEARCH)
def index() -> str:
    """Show the modules named by ``m``; ``only=differences`` leaves out what is the same."""
    session, actor = db_session(), current_actor()
    selection = comparison.select(session, actor, request.args.getlist("m"))
    only = request.args.get("only") == "differences"
    rows = [] if selection.too_few else _rows(selection.modules)
    ids = [module.id for module in selection.modules]
    return render_template(
        "compare/index.html",
        selection=selection,
        rows=[row for row in rows if row.differs or not only],
        differing=sum(row.differs for row in rows),
        total=len(rows),
        only=only,
        own=demand.own(session, actor, ids),
        kept=bookmarks.own(session, actor, ids),
        fewest=comparison.FEWEST,
        most=comparison.MOST,
        without=_without(selection.modules),
        way_back=_way_back(selection.modules),
    )


def _without(modules: Sequence[Module]) -> dict[str, str]:
    """Return for each module the address of the comparison without it."""
    kept: dict[str, Any] = {name: value for name in ("only", "back") if (value := request.args.get(name))}
    return {
        module.slug: url_for(".index", m=[other.slug for other in modules if other is not module], **kept)
        for module in modules
    }


def _way_back(modules: Sequence[Module]) -> WayBack:
    """The list one came from, in its state and with the same modules ticked."""
    back = way_back(request.args.get("back"))
    parts = urlsplit(back.url)
    pairs = [(name, value) for name, value in parse_qsl(parts.query) if name != "m"]
    if parts.path in ("/", url_for("bookmarks.index")):
        pairs += [("m", module.slug) for module in modules]
    return WayBack(back.text, parts._replace(query=urlencode(pairs)).geturl())


def _rows(modules: Sequence[Module]) -> list[Row]:
    """Everything that at least one of the modules says, in the order of the data sheet."""
    facts = [sheet_facts(module).by_key for module in modules]
    names = {key: fact.name for known in facts for key, fact in known.items()}
    rows = [_row(name, modules, cell) for name, cell in _frame()]
    for key, name in names.items():
        found = [known.get(key) for known in facts]
        rows.append(
            _made(
                name,
                [Cell(fact.value, fact.aside, fact.terms, german=fact.german) if fact else Cell() for fact in found],
            )
        )
    rows += [_row(name, modules, cell) for name, cell in _details()]
    return [row for row in rows if any(cell.said.strip() for cell in row.cells)]


def _frame() -> list[tuple[str, Callable[[Module], Cell]]]:
    return [
        (
            gettext("Anbieter"),
            lambda module: Cell(module.provider_text or (module.provider.name if module.provider else "")),
        ),
        (gettext("Programm"), lambda module: Cell(module.programme.name if module.programme else "")),
        (
            gettext("Reifegrad"),
            lambda module: Cell(label(module.offer_status) if module.offer_status else "", german=False),
        ),
        (gettext("Nächster Termin"), lambda module: Cell(run_text(run) if (run := next_run(module)) else "")),
    ]


def _details() -> list[tuple[str, Callable[[Module], Cell]]]:
    return [
        (gettext("Worum es geht"), lambda module: Cell(module.summary)),
        (gettext("Inhalte"), lambda module: Cell(lines=tuple(module.contents))),
        (gettext("Lernziele"), lambda module: Cell(lines=tuple(module.objectives))),
        (gettext("Stand"), lambda module: Cell(day(module.as_of) if module.as_of else "")),
    ]


def _row(name: str, modules: Sequence[Module], cell: Callable[[Module], Cell]) -> Row:
    return _made(name, [cell(module) for module in modules])


def _made(name: str, cells: Sequence[Cell]) -> Row:
    return Row(name, tuple(cells), comparison.differ([cell.said for cell in cells]))
