"""What providers see who got a link by mail: no login, one answer. Opening a link changes nothing; only the buttons do."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import ConfirmationAnswer, Module
from catalogue.services import confirmations as service
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.web.ended import ended
from catalogue.web.forms.confirmations import ChangeForm, GoneForm
from catalogue.web.forms.refusals import attach
from catalogue.web.limits import limiter
from catalogue.web.requests import db_session

bp = Blueprint("confirmations", __name__, url_prefix="/confirm")
limiter.limit("30 per minute")(bp)
Page = Response | str | tuple[str, int]


@bp.errorhandler(NotFound)
def not_found(error: NotFound) -> Page:
    """Say why the link does not work (any more)."""
    hint = gettext("Wenn Sie uns noch etwas sagen möchten, antworten Sie einfach auf die Mail.")
    return ended(error, (gettext("Zum Modulkatalog"), url_for("search.index")), hint=hint)


@bp.after_request
def keep_secret(response: Response) -> Response:
    """The address is the key: no other site, search engine or cache learns it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("/thanks")
def thanks() -> str:
    """After the answer; says what happens now."""
    given = request.args.get("answer", "")
    return render_template("confirmations/thanks.html", answer=given if given in list(ConfirmationAnswer) else "")


@bp.get("/<token>")
def ask(token: str) -> Page:
    """What the catalogue says, and three ways to answer."""
    _, module = service.opened(db_session(), token)
    return _ask_page(token, module, GoneForm(formdata=None))


@bp.post("/<token>/still")
def still(token: str) -> Page:
    """Everything is right."""
    service.say_confirmed(db_session(), token)
    return redirect(url_for(".thanks", answer="confirmed"), 303)


@bp.post("/<token>/gone")
def gone(token: str) -> Page:
    """There is no such offer any more."""
    _, module = service.opened(db_session(), token)
    form = GoneForm()
    if not form.validate():
        return _ask_page(token, module, form), 422
    service.gone(db_session(), token, form.note.data or "")
    return redirect(url_for(".thanks", answer="gone"), 303)


@bp.route("/<token>/change", methods=["GET", "POST"])
def change(token: str) -> Page:
    """A short form; what is sent waits for network staff."""
    _, module = service.opened(db_session(), token)
    if request.method != "POST":
        form = ChangeForm(formdata=None)
        form.fill(service.change_of(module), module.version)
        return render_template("confirmations/change.html", form=form, token=token, module=module)
    form = ChangeForm()
    if not form.validate():
        return render_template("confirmations/change.html", form=form, token=token, module=module), 422
    try:
        service.change(db_session(), token, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return render_template("confirmations/change.html", form=form, token=token, module=module), 422
    except Stale:
        form.form_errors = [
            gettext("Inzwischen hat das Netzwerkbüro das Modul geändert. Prüfen Sie die Felder mit Hinweis.")
        ]
        form.version.renew(module.version)
        now = service.change_of(module)
        return render_template("confirmations/change.html", form=form, token=token, module=module, now=now), 409
    return redirect(url_for(".thanks", answer="changed"), 303)


def _ask_page(token: str, module: Module, form: GoneForm) -> str:
    return render_template("confirmations/ask.html", form=form, token=token, module=module, days=service.DAYS)
