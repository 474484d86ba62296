"""All Klausuren; preparing one and changing what staff decide about it."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Retreat
from catalogue.services import retreat_agenda, retreats
from catalogue.services.errors import Invalid, Stale
from catalogue.services.reports import today
from catalogue.services.retreats import RetreatInput
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.retreats import RetreatForm
from catalogue.web.languages import show as shown
from catalogue.web.notices import tell
from catalogue.web.requests import db_session
from catalogue.web.retreats.blueprint import bp

Page = str | tuple[str, int] | Response


@bp.get("")
@allow("retreat.moderate")
def index() -> str:
    """All Klausuren, the newest first."""
    return render_template("retreats/index.html", retreats=retreats.listed(db_session(), current_actor()))


@bp.get("/new")
@allow("retreat.moderate")
def new() -> str:
    """An empty form."""
    form = RetreatForm(formdata=None)
    form.fill(RetreatInput(str(gettext("Klausur %(year)s", year=today().year)), None, today()))
    return _form(form)


@bp.post("/new")
@allow("retreat.moderate")
def create() -> Page:
    """Prepare a Klausur."""
    form = RetreatForm()
    try:
        if not form.validate():
            return _form(form), 422
        retreat = retreats.create(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _form(form), 422
    tell(gettext("Setzen Sie jetzt Module auf die Tagesordnung."), title=gettext("Die Klausur ist angelegt."))
    return redirect(url_for(".show", retreat_id=retreat.id), 303)


@bp.get("/<uuid:retreat_id>/edit")
@allow("retreat.moderate")
def edit(retreat_id: UUID) -> str:
    """The form with what is saved."""
    retreat = retreats.get(db_session(), current_actor(), retreat_id)
    form = RetreatForm(formdata=None)
    form.fill(retreats.input_of(retreat))
    return _form(form, retreat)


@bp.post("/<uuid:retreat_id>/edit")
@allow("retreat.moderate")
def update(retreat_id: UUID) -> Page:
    """Save what staff decide; another day of the demand means other figures on the slides."""
    session, actor = db_session(), current_actor()
    retreat = retreats.get(session, actor, retreat_id)
    form, before = RetreatForm(), retreat.as_of
    try:
        if not form.validate():
            return _form(form, retreat), 422
        retreats.update_retreat(session, actor, retreat, form.input())
    except Invalid as refused:
        attach(form, refused)
        return _form(form, retreat), 422
    except Stale as stale:
        form.form_errors = [shown(stale.text)]
        form.version.raw_data, form.version.data = None, stale.current.version
        return _form(form, stale.current, retreats.input_of(stale.current)), 409
    if retreat.as_of != before:
        retreat_agenda.reckon(session, actor, retreat_id, settings().k_anonymity)
    tell(gettext("Gespeichert."))
    return redirect(url_for(".show", retreat_id=retreat_id), 303)


@bp.post("/<uuid:retreat_id>/delete")
@allow("retreat.moderate")
def delete(retreat_id: UUID) -> Response:
    """Delete a Klausur that is being prepared or is closed."""
    retreats.delete_retreat(db_session(), current_actor(), retreat_id)
    tell(gettext("Die Klausur ist gelöscht, mit ihren Stimmen."))
    return redirect(url_for(".index"), 303)


def _form(form: RetreatForm, retreat: Retreat | None = None, theirs: RetreatInput | None = None) -> str:
    form.offer()
    return render_template("retreats/form.html", form=form, retreat=retreat, theirs=theirs)
