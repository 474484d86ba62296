"""Für uns relevant? One click, details when one likes, undo, history; and entering it on behalf of a company."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Confidentiality, Demand, DemandSource, Module, Purpose, Relevance, Vocabulary
from catalogue.services import audit, demand, demand_choices, demand_history, periods, redirects, vocabularies
from catalogue.services.demand import DemandInput, Interest
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.texts import N_, Labelled
from catalogue.web import drafts, work_source
from catalogue.web.auth import allow, current_actor
from catalogue.web.facts import today
from catalogue.web.filters import day, label
from catalogue.web.forms.demand import DemandForm, OnBehalfForm, PeopleForm, RefuseForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path, show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import database, db_session

bp = Blueprint("demand", __name__)
limiter.limit(WRITE, methods=["POST"])(bp)
WORDS: dict[str, type[Labelled]] = {
    "relevance": Relevance, "purpose": Purpose, "confidentiality": Confidentiality, "source": DemandSource,
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """What the panel of a module shows: the form, what is saved, and what others want as far as members may know."""

    module: Module
    form: DemandForm
    demand: Demand | None
    interest: Interest
    k: int
    restored: bool  # somebody pressed the button before signing in

    @property
    def outdated(self) -> bool:
        """Whether to ask "noch aktuell?"."""
        return self.demand is not None and demand.is_outdated(self.demand)

    @property
    def unconfirmed(self) -> bool:
        """Whether staff entered it and the company has not confirmed yet."""
        return self.demand is not None and demand.needs_confirmation(self.demand)


@bp.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"demand_panel": panel_of}


@bp.app_template_filter("demand_word")
def _word(value: str, kind: str) -> str:
    """What a person reads for a value of a snapshot; words that no longer exist stay as they are."""
    try:
        return label(WORDS[kind](value))
    except ValueError:
        return value


@bp.app_template_filter("iso_day")
def _iso_day(value: str) -> str:
    """A day that a snapshot holds as text."""
    return day(date.fromisoformat(value))


def panel_of(module: Module, form: DemandForm | None = None) -> Panel:
    """Return the panel "Für uns relevant?" of *module* for the current actor."""
    saved = demand.find(db_session(), current_actor(), module)
    draft = drafts.restored() if request.endpoint == f"{bp.name}.edit" else None
    if form is None:
        said = draft is not None and "confidentiality" in draft  # more than the one click
        form = DemandForm(formdata=draft if said else None)
        if not said:
            form.fill(demand.input_of(saved) if saved else DemandInput(version=0))
    _offer(form)
    k = current_app.extensions["settings"].k_anonymity
    interest = demand.interest_of_others(db_session(), current_actor(), module, k)
    return Panel(module, form, saved, interest, k, draft is not None)


def _offer(form: DemandForm) -> None:
    formats = vocabularies.terms(db_session(), Vocabulary.FORMAT)
    form.offer(periods.choices(today(), form.period.data or ""), [(term.code, label(term)) for term in formats])


def _page_of(module: Module) -> str:
    """Where one goes after saving: back to where one was, always within this site."""
    return local_path(request.form.get("next"), url_for("modules.show", slug=module.slug))


def _wants_fragment() -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _sign_in(slug: str) -> Response:
    if _wants_fragment():
        abort(401)
    return drafts.keep_and_sign_in(url_for(".edit", slug=slug))


def _rail(module: Module, saved: Demand | None, *, just_saved: bool = False) -> Response:
    """The rail of one entry for a script; its links know the way back to the list that it stands in."""
    given = request.form.get("next") or request.args.get("next")
    back = local_path(given, "").partition("#")[0]
    return make_response(
        render_template("demand/rail.html", module=module, demand=saved, just_saved=just_saved, back=back)
    )


def _answer(module: Module, saved: Demand | None, title: str, text: str = "", *, undo: bool = True) -> Response:
    """Say what happened: the rail of the list for a script, else a message with "Rückgängig" on the page one came from."""
    if _wants_fragment():
        return drafts.forget(_rail(module, saved, just_saved=True))
    back = _page_of(module)
    record = saved or demand.find_any(db_session(), current_actor(), module)
    address = url_for(".undo", slug=module.slug, version=record.version, next=back) if undo and record else ""
    tell(text, title=title, undo=address)
    return drafts.forget(redirect(back, 303))


@bp.post("/modules/<slug>/demand/mark")
def mark(slug: str) -> Response:
    """The one click."""
    if not current_actor().signed_in:
        return _sign_in(slug)
    module = demand.subject(db_session(), current_actor(), slug)
    demand.mark_relevant(db_session(), current_actor(), module)
    saved = demand.find(db_session(), current_actor(), module)
    return _answer(module, saved, gettext("Gespeichert."), _who_sees(saved))


@bp.post("/modules/<slug>/demand/withdraw")
def withdraw(slug: str) -> Response:
    """Take back what was said."""
    if not current_actor().signed_in:
        return _sign_in(slug)
    module = demand.subject(db_session(), current_actor(), slug)
    demand.withdraw(db_session(), current_actor(), module)
    return _answer(module, None, gettext("Zurückgezogen."), gettext("Das Modul zählt nicht mehr zu Ihrem Bedarf."))


@bp.post("/modules/<slug>/demand/undo")
@allow("company.home")
def undo(slug: str) -> Response:
    """Go back to what was said before."""
    module = demand.subject(db_session(), current_actor(), slug)
    demand.undo(db_session(), current_actor(), module, request.args.get("version", type=int))
    saved = demand.find(db_session(), current_actor(), module)
    if _wants_fragment():
        return _rail(module, saved)
    tell(gettext("Rückgängig gemacht."))
    given = request.form.get("next") or request.args.get("next")
    return redirect(local_path(given, url_for("modules.show", slug=slug)), 303)


@bp.post("/modules/<slug>/demand/confirm")
@allow("company.home")
def confirm(slug: str) -> Response:
    """The company says that it still holds."""
    module = demand.subject(db_session(), current_actor(), slug)
    demand.confirm(db_session(), current_actor(), module)
    saved = demand.find(db_session(), current_actor(), module)
    return _answer(module, saved, gettext("Bestätigt."), gettext("Danke, Ihre Angaben gelten weiter."), undo=False)


@bp.route("/modules/<slug>/demand/refuse", methods=["GET", "POST"])
@allow("company.home")
def refuse(slug: str) -> Response | str | tuple[str, int]:
    """The company does not stand behind what staff entered, and says why."""
    module = demand.subject(db_session(), current_actor(), slug)
    form = RefuseForm()
    if request.method != "POST":
        saved = demand.find(db_session(), current_actor(), module)
        if saved is None or not demand.needs_confirmation(saved):
            raise NotFound(N_("Hier gibt es nichts abzulehnen."))
        return render_template("demand/refuse.html", module=module, form=form, demand=saved)
    try:
        demand.refuse(db_session(), current_actor(), module, form.reason.data or "", form.version.data)
    except Invalid as refused:
        attach(form, refused)
        saved = demand.find(db_session(), current_actor(), module)
        return render_template("demand/refuse.html", module=module, form=form, demand=saved), 422
    text = gettext("Das zählt nicht mehr als Ihr Bedarf. Das Netzwerkbüro liest Ihren Grund.")
    return _answer(module, None, gettext("Nicht übernommen."), text)


@bp.post("/modules/<slug>/demand/people")
def people(slug: str) -> Response | tuple[str, int]:
    """The one question after the one click."""
    if not current_actor().signed_in:
        return _sign_in(slug)
    module = demand.subject(db_session(), current_actor(), slug)
    form = PeopleForm()
    try:
        if not form.validate():
            raise Invalid("people", N_("Geben Sie die Personen als Zahl an, zum Beispiel 6."))
        demand.set_people(db_session(), current_actor(), module, form.people.data)
    except Invalid as refused:
        panel = panel_of(module)
        panel.form.people.raw_data = [request.form.get("people", "")]
        attach(panel.form, refused)
        return _edit_page(panel), 422
    saved = demand.find(db_session(), current_actor(), module)
    return _answer(module, saved, gettext("Ergänzt."), _who_sees(saved))


@bp.get("/modules/<slug>/demand")
@allow("company.home")
def edit(slug: str) -> str:
    """The panel as a page of its own: after signing in, and where something had to be corrected."""
    return _edit_page(panel_of(demand.subject(db_session(), current_actor(), slug)))


def _edit_page(panel: Panel) -> str:
    return render_template("demand/edit.html", panel=panel, module=panel.module, form=panel.form)


@bp.post("/modules/<slug>/demand")
@drafts.keeps
def save(slug: str) -> Response | tuple[str, int]:
    """Save the details."""
    module = demand.subject(db_session(), current_actor(), slug)
    form = DemandForm()
    _offer(form)
    if not form.validate():
        return _edit_page(panel_of(module, form)), 422
    try:
        demand.mark(db_session(), current_actor(), module, form.input())
    except Invalid as refused:
        attach(form, refused)
        return _edit_page(panel_of(module, form)), 422
    except Stale:
        return _conflict(module, form), 409
    saved = demand.find(db_session(), current_actor(), module)
    return _answer(module, saved, gettext("Gespeichert."), _who_sees(saved))


def _conflict(module: Module, form: DemandForm) -> str:
    """Show both versions; nothing typed is lost, the newer one is not overwritten unseen."""
    current = demand.find(db_session(), current_actor(), module)
    return render_template(
        "demand/conflict.html",
        module=module,
        form=form,
        mine=form.input(),
        current=current,
        formats=dict(form.format.choices),
    )


def _who_sees(saved: Demand | None) -> str:
    if saved is None:
        return ""
    return str(gettext("Wer sieht das? %(who)s.", who=label(saved.confidentiality)))


@bp.get("/modules/<slug>/demand/history")
@allow("company.home")
def history(slug: str) -> str:
    """Everything that the own company said about the module, and who said it."""
    module = demand.subject(db_session(), current_actor(), slug)
    entries = demand_history.own(db_session(), current_actor(), module)
    former = redirects.former(db_session(), module)
    return render_template("demand/history.html", module=module, entries=entries, formats=format_names(), former=former)


def format_names() -> dict[str, str]:
    """Return what people read for the codes of formats."""
    return {term.code: label(term) for term in vocabularies.terms(db_session(), Vocabulary.FORMAT)}


@bp.get("/curation/demand/new")
@allow("demand.on_behalf")
def new_on_behalf() -> str:
    """For network staff: first choose company and module, then the form with what is saved; that one looked is recorded."""
    draft = drafts.restored()
    form = OnBehalfForm(formdata=draft)
    if draft is None:
        form.company.data, form.module.data = request.args.get("company", ""), request.args.get("module", "")
        if known := work_source.kept():
            form.source.data, form.source_date.data = known.source.value, known.day
    saved = _saved_of(form)
    if saved is not None:
        with database().write() as recording:
            audit.record(recording, current_actor(), "demand.viewed", saved, label=saved.company.name)
    if draft is None:
        form.fill(demand.input_of(saved) if saved else DemandInput(version=0))
    return _on_behalf_page(form, saved)


def _saved_of(form: OnBehalfForm) -> Demand | None:
    if not form.company.data or not form.module.data:
        return None
    module = demand.subject(db_session(), current_actor(), form.module.data)
    try:
        return demand.find(db_session(), current_actor(), module, company=form.company.data)
    except Invalid as refused:
        raise NotFound from refused


@bp.post("/curation/demand/new")
@drafts.keeps
@allow("demand.on_behalf")
def create_on_behalf() -> Response | tuple[str, int]:
    """Save what a company said by telephone, at a visit, a workshop or in a survey."""
    form = OnBehalfForm()
    _offer_on_behalf(form)
    if not form.validate():
        return _on_behalf_page(form), 422
    module = demand.subject(db_session(), current_actor(), form.module.data)
    try:
        saved = demand.mark(db_session(), current_actor(), module, form.input(), on_behalf=form.on_behalf())
    except Invalid as refused:
        attach(form, refused)
        return _on_behalf_page(form), 422
    except Stale as stale:
        current = _saved_of(form)
        form.form_errors = [show(stale.text)]
        form.version.raw_data, form.version.data = None, current.version if current else 0
        return _on_behalf_page(form, current), 409
    audit.record(
        db_session(), current_actor(), "demand.on_behalf", saved, label=module.title, source=saved.source.value
    )
    tell(gettext("Das Unternehmen wird um Bestätigung gebeten."), title=gettext("Gespeichert."))
    return drafts.forget(redirect(local_path(request.form.get("next"), url_for(".new_on_behalf")), 303))


def _offer_on_behalf(form: OnBehalfForm) -> None:
    _offer(form)
    session, actor = db_session(), current_actor()
    form.offer_subjects(demand_choices.companies(session, actor), demand_choices.modules(session, actor))


def _on_behalf_page(form: OnBehalfForm, saved: Demand | None = None) -> str:
    _offer_on_behalf(form)
    companies, modules = dict(form.company.choices), dict(form.module.choices)
    known = bool(form.company.data and form.module.data) and form.company.data in companies
    return render_template(
        "demand/new_on_behalf.html",
        form=form, saved=saved, known=known, company=companies.get(form.company.data),
        module_title=modules.get(form.module.data, form.module.data),
    )  # fmt: skip
