"""Vocabularies: terms with their uses, and the form for one term."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Term, Vocabulary
from catalogue.services import terms as service
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.terms import TermInput
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.filters import label
from catalogue.web.forms.curation import TermForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response
NAMES = {vocabulary.value: vocabulary for vocabulary in Vocabulary}


def _vocabulary(name: str) -> Vocabulary:
    if name not in NAMES:
        raise NotFound
    return NAMES[name]


@bp.get("/vocabularies")
@allow("vocabulary.edit")
def vocabularies() -> Response:
    """Begin with the topics."""
    return redirect(url_for(".vocabulary", name=Vocabulary.TOPIC.value), 303)


@bp.get("/vocabularies/<name>")
@allow("vocabulary.edit")
def vocabulary(name: str) -> str:
    """All terms of one vocabulary with the number of their uses."""
    chosen = _vocabulary(name)
    found = service.listing(db_session(), current_actor(), chosen)
    return render_template("curation/vocabulary.html", chosen=chosen, vocabularies=list(Vocabulary), found=found)


@bp.get("/vocabularies/<name>/new")
@allow("vocabulary.edit")
def new_term(name: str) -> Page:
    """An empty form, at the end of the order."""
    chosen = _vocabulary(name)
    found = service.listing(db_session(), current_actor(), chosen)
    form = TermForm(formdata=None)
    form.fill(TermInput(label_de="", position=max((used.term.position for used in found), default=0) + 10), 0)
    return _page(form, chosen, None)


@bp.post("/vocabularies/<name>/new")
@allow("vocabulary.edit")
def create_term(name: str) -> Page:
    """Add a term."""
    return _save(TermForm(), _vocabulary(name), None)


@bp.get("/vocabularies/<name>/<code>")
@allow("vocabulary.edit")
def term(name: str, code: str) -> Page:
    """The form with what is saved."""
    chosen = _vocabulary(name)
    found = service.get(db_session(), current_actor(), chosen, code)
    form = TermForm(formdata=None)
    form.fill(service.input_of(found), found.version)
    return _page(form, chosen, found)


@bp.post("/vocabularies/<name>/<code>")
@allow("vocabulary.edit")
def update_term(name: str, code: str) -> Page:
    """Save a term."""
    chosen = _vocabulary(name)
    return _save(TermForm(), chosen, service.get(db_session(), current_actor(), chosen, code))


def _save(form: TermForm, chosen: Vocabulary, found: Term | None) -> Page:
    if not form.validate():
        return _page(form, chosen, found), 422
    try:
        if found is None:
            service.create(db_session(), current_actor(), chosen, form.input())
        else:
            service.update(db_session(), current_actor(), found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, chosen, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _page(form, chosen, stale.current, service.input_of(stale.current)), 409
    flash(gettext("Der Begriff ist gespeichert."), "ok")
    return redirect(url_for(".vocabulary", name=chosen.value), 303)


def _page(form: TermForm, chosen: Vocabulary, found: Term | None, theirs: TermInput | None = None) -> str:
    others = [one for one in service.offered(db_session()).get(chosen.value, []) if found is None or one.id != found.id]
    form.offer([(one.code, label(one)) for one in others])
    used = service.usage(db_session()).get(found.id, (0, 0)) if found else (0, 0)
    return render_template("curation/term.html", form=form, chosen=chosen, term=found, used=used, theirs=theirs)
