"""Vocabularies: terms with their uses, and the form for one term."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Term, Vocabulary
from catalogue.services import term_merges, term_uses
from catalogue.services import terms as service
from catalogue.services import vocabularies as vocabularies_service
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.terms import TermInput
from catalogue.texts import N_
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.steps import sent_version
from catalogue.web.filters import label
from catalogue.web.forms.curation import TermForm, TermMergeForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response
UNKNOWN = N_("Wählen Sie einen Begriff aus der Liste.")
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
    if found.code != code:  # it was merged
        return redirect(url_for(".term", name=name, code=found.code), 303)
    form = TermForm(formdata=None)
    form.fill(service.input_of(found), found.version)
    return _page(form, chosen, found)


@bp.post("/vocabularies/<name>/<code>")
@allow("vocabulary.edit")
def update_term(name: str, code: str) -> Page:
    """Save a term."""
    chosen = _vocabulary(name)
    return _save(TermForm(), chosen, service.get(db_session(), current_actor(), chosen, code))


@bp.post("/vocabularies/<name>/<code>/move")
@allow("vocabulary.edit")
def move_term(name: str, code: str) -> Response:
    """Let a term change places with the one before or after it."""
    found = service.get(db_session(), current_actor(), _vocabulary(name), code)
    service.move(db_session(), current_actor(), found, up=request.form.get("to") == "up")
    return redirect(url_for(".vocabulary", name=name, _anchor=f"term-{found.code}"), 303)


@bp.post("/vocabularies/<name>/<code>/delete")
@allow("vocabulary.edit")
def delete_term(name: str, code: str) -> Response:
    """Delete a term that nothing uses."""
    found = service.get(db_session(), current_actor(), _vocabulary(name), code)
    service.delete(db_session(), current_actor(), found, sent_version())
    flash(gettext("Der Begriff ist gelöscht."), "ok")
    return redirect(url_for(".vocabulary", name=name), 303)


@bp.get("/vocabularies/<name>/<code>/uses")
@allow("vocabulary.edit")
def term_uses_page(name: str, code: str) -> str:
    """Everything that points at a term."""
    chosen = _vocabulary(name)
    found = service.get(db_session(), current_actor(), chosen, code)
    uses = term_uses.uses(db_session(), current_actor(), found)
    return render_template("curation/term_uses.html", chosen=chosen, term=found, uses=uses)


@bp.get("/vocabularies/<name>/<code>/merge")
@allow("vocabulary.edit")
def merge_term(name: str, code: str) -> Page:
    """Ask which term stays; once that is said, show what would move."""
    form = TermMergeForm(request.args, meta={"csrf": False})
    return _merge_page(form, _vocabulary(name), code)


@bp.post("/vocabularies/<name>/<code>/merge")
@allow("vocabulary.edit")
def merge_terms(name: str, code: str) -> Page:
    """Merge two terms."""
    chosen, form = _vocabulary(name), TermMergeForm()
    found = service.get(db_session(), current_actor(), chosen, code)
    into = vocabularies_service.find(db_session(), chosen, form.into.data or "")
    try:
        if into is None:
            raise Invalid("into", UNKNOWN)
        read = (form.version.data, form.into_version.data)
        change = term_merges.merge(db_session(), current_actor(), found, into, *read)
    except Invalid as refused:
        attach(form, refused)
        return _merge_page(form, chosen, code), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        return _merge_page(form, chosen, code), 409
    return redirect(url_for(".bulk_change", change_id=change.id), 303)


def _merge_page(form: TermMergeForm, chosen: Vocabulary, code: str) -> str:
    session, actor = db_session(), current_actor()
    found = service.get(session, actor, chosen, code)
    others = [used.term for used in service.listing(session, actor, chosen) if used.term.id != found.id]
    form.into.offer([(one.code, label(one)) for one in others], gettext("Begriff wählen"))
    into = next((one for one in others if one.code == form.into.data), None)
    if into is not None:
        form.version.renew(found.version)
        form.into_version.renew(into.version)
    return render_template(
        "curation/term_merge.html",
        form=form,
        chosen=chosen,
        term=found,
        into=into,
        uses=term_uses.uses(session, actor, found),
        theirs=term_uses.uses(session, actor, into) if into else None,
    )


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
    session, actor = db_session(), current_actor()
    return render_template(
        "curation/term.html",
        form=form,
        chosen=chosen,
        term=found,
        uses=term_uses.uses(session, actor, found) if found else None,
        signposts=service.signposts(session, found) if found else [],
        undeletable=service.undeletable(session, actor, found) if found else "",
        theirs=theirs,
    )
