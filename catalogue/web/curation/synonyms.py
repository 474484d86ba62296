"""The synonyms of the search: those that come with the catalogue, and those of staff with their effect."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import SynonymKind, SynonymRule
from catalogue.services import search_gaps, synonym_effects
from catalogue.services import synonyms as service
from catalogue.services.errors import Invalid, Stale
from catalogue.services.synonym_effects import Effect
from catalogue.services.synonyms import SynonymInput
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.steps import sent_version
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.synonyms import SynonymForm
from catalogue.web.languages import show
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

Page = str | tuple[str, int] | Response


@bp.get("/synonyms")
@allow("synonym.edit")
def synonyms() -> str:
    """The rules of staff, then those that come with the catalogue."""
    text = request.args.get("q", "")[:200]
    return render_template(
        "curation/synonyms.html",
        rules=service.listing(db_session(), current_actor(), text),
        fixed=service.file_rules(current_actor(), text),
        text=text,
    )


@bp.get("/synonyms/new")
@allow("synonym.edit")
def new_synonym() -> Page:
    """An empty form, or one that begins with a search that found nothing."""
    gap = search_gaps.wording(request.args.get("gap", "")[:200])
    form = SynonymForm(formdata=None)
    form.fill(SynonymInput(SynonymKind.ONE_WAY if gap else SynonymKind.TWO_WAY, (gap,) if gap else (), gap=gap), 0)
    return _page(form, None)


@bp.post("/synonyms/new")
@allow("synonym.edit")
def create_synonym() -> Page:
    """Show what a new rule would do, or add it."""
    return _save(SynonymForm(), None)


@bp.get("/synonyms/<uuid:rule_id>")
@allow("synonym.edit")
def synonym(rule_id: uuid.UUID) -> Page:
    """The form with what is saved and what that does."""
    row = service.get(db_session(), current_actor(), rule_id)
    form = SynonymForm(formdata=None)
    form.fill(service.input_of(row), row.version)
    return _page(form, row)


@bp.post("/synonyms/<uuid:rule_id>")
@allow("synonym.edit")
def update_synonym(rule_id: uuid.UUID) -> Page:
    """Show what a changed rule would do, or save it."""
    return _save(SynonymForm(), service.get(db_session(), current_actor(), rule_id))


@bp.post("/synonyms/<uuid:rule_id>/switch")
@allow("synonym.edit")
def switch_synonym(rule_id: uuid.UUID) -> Page:
    """Let a rule count or not."""
    row = service.get(db_session(), current_actor(), rule_id)
    active = request.form.get("active") == "1"
    try:
        service.switch(db_session(), current_actor(), row, active, sent_version())
    except Invalid as refused:
        form = SynonymForm(formdata=None)
        form.fill(service.input_of(row), row.version)
        attach(form, refused)
        return _page(form, row), 422
    flash(gettext("Die Regel gilt wieder.") if active else gettext("Die Regel gilt nicht mehr."), "ok")
    return redirect(url_for(".synonyms"), 303)


def _save(form: SynonymForm, row: SynonymRule | None) -> Page:
    form.offer()
    if not form.validate():
        return _page(form, row), 422
    session, actor, given = db_session(), current_actor(), form.input()
    try:
        if "preview" in request.form:
            rule = service.prepared(session, actor, given, row)
            gap = search_gaps.wording(given.gap)
            found = synonym_effects.effects(session, actor, search_index(), rule, row, gap)
            return _page(form, row, effects=found, previewed=True)
        if row is None:
            service.create(session, actor, given)
        else:
            service.update(session, actor, row, given, form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, row), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _page(form, stale.current, service.input_of(stale.current)), 409
    flash(gettext("Die Regel ist gespeichert und gilt ab der nächsten Suche."), "ok")
    return redirect(url_for(".gaps") if row is None and given.gap else url_for(".synonyms"), 303)


def _page(
    form: SynonymForm,
    row: SynonymRule | None,
    theirs: SynonymInput | None = None,
    *,
    effects: list[Effect] | None = None,
    previewed: bool = False,
) -> str:
    form.offer()
    return render_template(
        "curation/synonym.html", form=form, rule=row, theirs=theirs, effects=effects, previewed=previewed
    )
