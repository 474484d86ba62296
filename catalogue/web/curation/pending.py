"""What waits beside published modules: the list, the differences, and the decision."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module
from catalogue.services import module_history, modules, worklist
from catalogue.services import pending as service
from catalogue.services.errors import Invalid
from catalogue.services.pending import Read
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.differences import clashes, differences
from catalogue.web.curation.steps import sent_version
from catalogue.web.forms.fields import WHOLE
from catalogue.web.languages import show
from catalogue.web.requests import db_session


@bp.get("/pending")
@allow("module.edit")
def pending_list() -> str:
    """Everything that waits, the oldest first; with ``?mine=1`` what waits for the one who asks."""
    session, actor = db_session(), current_actor()
    mine = request.args.get("mine") == "1"
    found = service.listing(session, actor, actor.user_id if mine else None)
    return render_template("curation/pending_list.html", found=found, mine=mine, counts=worklist.counts(session, actor))


@bp.get("/modules/<slug>/pending")
@allow("module.edit")
def waiting(slug: str) -> str:
    """What would change in the catalogue, field by field, and where the catalogue changed meanwhile."""
    return _page(modules.get(db_session(), current_actor(), slug))


@bp.post("/modules/<slug>/pending/accept")
@allow("module.publish")
def accept(slug: str) -> Response | tuple[str, int]:
    """Let what waits be live."""
    module = modules.get(db_session(), current_actor(), slug)
    choices = {name.removeprefix("take."): value for name, value in request.form.items() if name.startswith("take.")}
    try:
        service.accept(db_session(), current_actor(), module, _read(), choices)
    except Invalid as refused:
        return _page(module, [show(text) for text in refused.fields.values()], choices), 422
    flash(gettext("Die wartende Fassung ist übernommen und gilt jetzt."), "ok")
    return redirect(url_for(".edit", slug=slug), 303)


@bp.post("/modules/<slug>/pending/discard")
@allow("module.publish")
def discard(slug: str) -> Response:
    """Throw away what waits."""
    module = modules.get(db_session(), current_actor(), slug)
    service.discard(db_session(), current_actor(), module, _read())
    flash(gettext("Die wartende Fassung ist verworfen. Im Katalog hat sich nichts geändert."), "ok")
    return redirect(url_for(".edit", slug=slug), 303)


@bp.post("/modules/<slug>/pending/archive")
@allow("module.publish")
def archive_gone(slug: str) -> Response:
    """Archive what the provider does not offer any more."""
    module = modules.get(db_session(), current_actor(), slug)
    service.archive(db_session(), current_actor(), module, _read())
    flash(gettext("Das Modul ist archiviert. Bedarf und Rückmeldungen bleiben erhalten."), "ok")
    return redirect(url_for(".edit", slug=slug), 303)


def _read() -> Read:
    """Return which versions the buttons were pressed on."""
    text = request.form.get("waiting", "")
    return Read(sent_version(), int(text) if WHOLE.fullmatch(text) and text.isascii() else 0)


def _page(module: Module, errors: list[str] | None = None, choices: dict[str, str] | None = None) -> str:
    session, actor = db_session(), current_actor()
    found = service.get(session, actor, module)
    merged = service.compared(module, found)
    latest = module_history.latest(session, module)
    return render_template(
        "curation/pending.html",
        module=module,
        waiting=found,
        changes=differences(list(merged.changes)),
        clashes=clashes(merged.clashes),
        number=latest.number if latest else 0,
        errors=errors or [],
        choices=choices or {},
    )
