"""What the own company offers and seeks, what other members let it see, and whom the network office introduced it to."""

import uuid

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import CooperationDirection, CooperationEntry, Vocabulary
from catalogue.services import cooperation as entries
from catalogue.services import introductions, periods, vocabularies
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.web import drafts
from catalogue.web.auth import allow, current_actor
from catalogue.web.company_profile import bp
from catalogue.web.facts import today
from catalogue.web.filters import label
from catalogue.web.forms.cooperation import EntryForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

__all__ = ["bp", "offer_choices"]


@bp.get("/cooperation")
@allow("company.home")
def cooperation() -> str:
    """Show own entries, open questions, introductions and what others let members see."""
    session, actor = db_session(), current_actor()
    return render_template(
        "company/cooperation.html",
        own=entries.own_list(session, actor),
        others=entries.of_others(session, actor),
        questions=introductions.questions(session, actor),
        introduced=introductions.introduced_to(session, actor),
        shows=introductions.shows,
        directions=CooperationDirection,
    )


@bp.route("/cooperation/new", methods=["GET", "POST"])
@drafts.keeps
@allow("company.home")
def new_cooperation() -> Response | str | tuple[str, int]:
    """Add an offer or a need."""
    draft = drafts.restored()
    form = EntryForm(formdata=draft) if request.method != "POST" else EntryForm()
    offer_choices(form)
    if request.method != "POST":
        if draft is None and request.args.get("direction") in set(CooperationDirection):
            form.direction.data = request.args["direction"]
        return _page(form)
    try:
        if not form.validate():
            return _page(form), 422
        entry = entries.add(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _page(form), 422
    _saved(entry)
    return drafts.forget(redirect(url_for(".cooperation"), 303))


@bp.route("/cooperation/<uuid:entry_id>", methods=["GET", "POST"])
@drafts.keeps
@allow("company.home")
def edit_cooperation(entry_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Change an own entry."""
    entry = _own(entry_id)
    draft = drafts.restored()
    form = EntryForm(formdata=draft) if request.method != "POST" else EntryForm()
    if request.method != "POST" and draft is None:
        form.fill(entries.input_of(entry))
    offer_choices(form)
    if request.method != "POST":
        return _page(form, entry)
    try:
        if not form.validate():
            return _page(form, entry), 422
        entries.update(db_session(), current_actor(), entry, form.input())
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _page(form, entry, stale.current), 409
    except Invalid as refused:
        attach(form, refused)
        return _page(form, entry), 422
    _saved(entry)
    return drafts.forget(redirect(url_for(".cooperation"), 303))


@bp.post("/cooperation/<uuid:entry_id>/withdraw")
@allow("company.home")
def withdraw_cooperation(entry_id: uuid.UUID) -> Response:
    """Take an own entry back."""
    entry = entries.withdraw(db_session(), current_actor(), _own(entry_id))
    tell(
        gettext("Das Netzwerkbüro sieht den Eintrag nicht mehr unter den offenen."),
        title=gettext("Zurückgezogen."), undo=_undo(entry),
    )  # fmt: skip
    return redirect(url_for(".cooperation"), 303)


@bp.post("/cooperation/<uuid:entry_id>/undo")
@allow("company.home")
def undo_cooperation(entry_id: uuid.UUID) -> Response:
    """Go back to what the entry said before."""
    entries.undo(db_session(), current_actor(), _own(entry_id), request.args.get("version", type=int))
    tell(gettext("Rückgängig gemacht."))
    return redirect(url_for(".cooperation"), 303)


@bp.post("/cooperation/introductions/<uuid:introduction_id>")
@allow("company.home")
def answer_introduction(introduction_id: uuid.UUID) -> Response:
    """Agree to be named to the other company, or not."""
    session, actor = db_session(), current_actor()
    made, entry = introductions.get(session, actor, introduction_id)
    if entry is None:
        raise NotFound
    agreed = request.form.get("answer") == "yes"
    introductions.answer(session, actor, made, entry, agreed)
    tell(
        gettext("Sie hören vom Netzwerkbüro, sobald es weitergeht.")
        if agreed
        else gettext("Ihr Unternehmen wird nicht genannt."),
        title=gettext("Danke für Ihre Antwort."),
    )
    return redirect(url_for(".cooperation"), 303)


def offer_choices(form: EntryForm) -> None:
    """Set what can be chosen in *form*."""
    topics, regions = (
        [(term.code, label(term)) for term in vocabularies.terms(db_session(), name)]
        for name in (Vocabulary.TOPIC, Vocabulary.REGION)
    )
    form.offer(topics, regions, periods.choices(today(), form.period.data or ""))


def _own(entry_id: uuid.UUID) -> CooperationEntry:
    entry = entries.get(db_session(), current_actor(), entry_id)
    if entry.company_id != current_actor().company_id:
        raise NotFound
    return entry


def _undo(entry: CooperationEntry) -> str:
    return url_for(".undo_cooperation", entry_id=entry.id, version=entry.version)


def _saved(entry: CooperationEntry) -> None:
    text = gettext("Wer sieht das? %(who)s.", who=label(entry.confidentiality))
    tell(text, title=gettext("Gespeichert."), undo=_undo(entry))


def _page(form: EntryForm, entry: CooperationEntry | None = None, newer: CooperationEntry | None = None) -> str:
    return render_template("company/cooperation_entry.html", form=form, entry=entry, newer=newer)
