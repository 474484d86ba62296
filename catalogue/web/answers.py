"""Short answers of companies: through a link without an account, or from a sheet after signing in. Opening changes nothing."""

import uuid
from dataclasses import dataclass, replace

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from catalogue.models import CompanyLink, Confidentiality, Demand, LinkPurpose, Module
from catalogue.services import company_links, demand, demand_choices, demand_links, demand_rules, demand_sheets, periods
from catalogue.services.demand_links import Answer
from catalogue.services.demand_rules import DemandInput
from catalogue.services.demand_sheets import Choice
from catalogue.services.errors import Conflict, Invalid, NotFound, Stale
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.facts import today
from catalogue.web.filters import label, quarter
from catalogue.web.forms.company_demand import AnswerRow, WhoSeesForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.limits import limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("answers", __name__)
limiter.limit("30 per minute")(bp)
Page = Response | str | tuple[str, int]


@dataclass(frozen=True)
class Line:
    """One module and its row of the form; ``closed``: the company spoke about it itself."""

    module: Module
    form: AnswerRow
    closed: bool = False


@bp.errorhandler(NotFound)
def ended(error: NotFound) -> Page:
    """Say why the link does not work (any more)."""
    return render_template("answers/ended.html", text=show(error.text)), 410


@bp.after_request
def keep_secret(response: Response) -> Response:
    """The address is the key: no cache, search engine or other site learns it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("/answer/thanks")
def thanks() -> str:
    """After the answer."""
    return render_template("answers/thanks.html")


@bp.get("/answer/<token>")
def ask(token: str) -> Page:
    """What staff entered, to confirm or refuse; or the sheet."""
    link = company_links.opened(db_session(), settings(), token)
    if link.purpose == LinkPurpose.SHEET:
        form = WhoSeesForm(formdata=None)
        form.confidentiality.data = Confidentiality.NETWORK.value
        return _sheet(token, link, _sheet_lines(link), form)
    return _confirm(token, link)


@bp.post("/answer/<token>")
def save(token: str) -> Page:
    """Take the answers."""
    link = company_links.opened(db_session(), settings(), token)
    return _fill(token, link) if link.purpose == LinkPurpose.SHEET else _answer(token, link)


def _confirm(token: str, link: CompanyLink, wrong: dict[str, str] | None = None) -> str:
    found = demand_links.asked(db_session(), link)
    return render_template("answers/confirm.html", personal=link, token=token, records=found, wrong=wrong or {})


def _answer(token: str, link: CompanyLink) -> Page:
    found = demand_links.asked(db_session(), link)
    everything = "all" in request.form
    said = {one.id: _said(one.id, "confirm" if everything else "") for one in found}
    try:
        number = demand_links.answer(db_session(), settings(), token, said)
    except Invalid as refused:
        return _confirm(token, link, {name: show(text) for name, text in refused.fields.items()}), 422
    except Conflict:
        db_session().rollback()
        link = company_links.opened(db_session(), settings(), token)
        changed = gettext("Inzwischen hat jemand die Angaben geändert. Sehen Sie sie noch einmal an.")
        return _confirm(token, link, {"": changed}), 409
    if number < len(found):
        text = ngettext("Eine Antwort ist gespeichert.", "%(num)s Antworten sind gespeichert.", number)
        tell(
            text if number else gettext("Wählen Sie bei mindestens einer Angabe eine Antwort."),
            "ok" if number else "info",
        )
        return redirect(url_for(".ask", token=token), 303)
    return redirect(url_for(".thanks"), 303)


def _said(one: uuid.UUID, word: str) -> Answer:
    word = word or request.form.get(f"answer-{one}", "")
    return Answer(word, request.form.get(f"reason-{one}", ""), request.form.get(f"version-{one}", type=int))


def _sheet_lines(link: CompanyLink, *, filled: bool = False) -> list[Line]:
    """Empty rows always: who holds the sheet does not read what was said before."""
    found = demand_links.on_sheet(db_session(), link)
    own = demand_links.said_itself(db_session(), link, found)
    return [Line(module, _row(module, filled=filled), module.id in own) for module in found]


def _row(module: Module, said: DemandInput | None = None, *, filled: bool = False) -> AnswerRow:
    form = AnswerRow(formdata=request.form if filled else None, prefix=module.slug)
    form.offer(periods.choices(today(), said.period if said else ""))
    if not filled:
        form.fill(said)
    return form


def _sheet(token: str, link: CompanyLink, lines: list[Line], form: WhoSeesForm) -> str:
    shown = next((line.form for line in lines if line.form.errors), form)
    return render_template("answers/sheet.html", personal=link, token=token, lines=lines, who=form, form=shown)


def _fill(token: str, link: CompanyLink) -> Page:
    lines, form = _sheet_lines(link, filled=True), WhoSeesForm()
    open_lines = [line for line in lines if not line.closed and line.form.relevance.raw_data]
    if not form.validate() or [line for line in open_lines if not line.form.validate()]:
        return _sheet(token, link, lines, form), 422
    sees = Confidentiality(form.confidentiality.data)
    for line in open_lines:
        if wrong := demand_rules.wrong_values(line.form.input() or DemandInput()):
            attach(line.form, Invalid(fields=wrong))
            return _sheet(token, link, lines, form), 422
    rows = [
        (line.module, replace(given, confidentiality=sees, version=None))
        for line in open_lines
        if (given := line.form.input()) is not None
    ]
    demand_links.fill(db_session(), settings(), token, rows)
    return redirect(url_for(".thanks"), 303)


@bp.get("/company/answers")
@allow("company.home")
def own() -> Page:
    """The short form for people of the company, with what it said."""
    return _own_page(_own_lines())


def _own_lines() -> list[Line]:
    session, actor = db_session(), current_actor()
    company = demand_sheets.company_of(session, actor)
    choice = Choice(text=request.args.get("q", "")[:200], topic=request.args.get("topic", "")[:64])
    found = demand_sheets.modules(session, actor, current_app.extensions["search"], company, choice)
    said = demand.own(session, actor, [module.id for module in found])
    inputs = {key: demand_rules.input_of(one) for key, one in said.items()}
    return [Line(module, _row(module, inputs.get(module.id))) for module in found]


def _own_page(lines: list[Line]) -> str:
    form = next((line.form for line in lines if line.form.errors or line.form.form_errors), None)
    return render_template("answers/own.html", lines=lines, form=form)


@bp.post("/company/answers")
@allow("company.home")
def save_own() -> Page:
    """Save the rows that say something new, or nothing."""
    session, actor = db_session(), current_actor()
    found = demand_choices.named(session, actor, request.form.getlist("module")[: demand_sheets.MOST])
    lines = [Line(module, _row(module, filled=True)) for module in found]
    if [line for line in lines if not line.form.validate()]:
        return _own_page(lines), 422
    said, number = demand.own(session, actor, [module.id for module in found]), 0
    for line in lines:
        given = line.form.input()
        before = demand_rules.input_of(said[line.module.id]) if line.module.id in said else DemandInput(version=0)
        if given is None or (line.module.id in said and _same(given, before)):
            continue
        wanted = replace(
            before, relevance=given.relevance, people=given.people, period=given.period, version=given.version
        )
        try:
            demand.mark(session, actor, line.module, wanted)
        except (Invalid, Stale) as refused:
            session.rollback()
            _explain(line, refused)
            return _own_page(lines), 409 if isinstance(refused, Stale) else 422
        number += 1
    text = ngettext("Eine Angabe ist gespeichert.", "%(num)s Angaben sind gespeichert.", number)
    tell(text if number else gettext("Es hat sich nichts geändert."), "ok" if number else "info")
    return redirect(url_for("company.index") + "#module", 303)


def _same(given: DemandInput, before: DemandInput) -> bool:
    return (given.relevance, given.people, given.period) == (before.relevance, before.people, before.period)


def _explain(line: Line, refused: Invalid | Stale) -> None:
    if isinstance(refused, Invalid):
        attach(line.form, refused)
    else:
        now = demand.find(db_session(), current_actor(), line.module)
        line.form.form_errors = [show(refused.text), _saved_now(now)]
        line.form.version.raw_data, line.form.version.data = None, now.version if now else 0


def _saved_now(now: Demand | None) -> str:
    """What a colleague saved meanwhile: whoever presses again knows what they replace."""
    if now is None:
        return str(
            gettext("Gespeichert ist jetzt nichts mehr. Speichern Sie noch einmal, wenn Ihre Zeile gelten soll.")
        )
    people = ngettext("%(num)s Person", "%(num)s Personen", now.people) if now.people else ""
    said = ", ".join(filter(None, [label(now.relevance), people, quarter(now.period)]))
    text = gettext(
        "Gespeichert ist jetzt: %(said)s. Speichern Sie noch einmal, wenn Ihre Zeile gelten soll.", said=said
    )
    return str(text)
