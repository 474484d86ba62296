"""Who changed what when, compared and restored."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import ModuleVersion
from catalogue.services import module_history, modules
from catalogue.services.errors import Invalid
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.differences import differences, field_label
from catalogue.web.curation.modules import edit_form, edit_page
from catalogue.web.curation.steps import sent_version
from catalogue.web.forms.module import TERM_FIELDS, ModuleForm
from catalogue.web.forms.refusals import attach
from catalogue.web.requests import db_session


def actions() -> dict[str, str]:
    """Return what a version's action is called."""
    return {
        "created": gettext("angelegt"),
        "changed": gettext("geändert"),
        "restored": gettext("wiederhergestellt"),
        "loaded": gettext("geladen"),
        "pending_accepted": gettext("wartende Fassung übernommen"),
        "confirmed": gettext("bestätigt"),
        "merged": gettext("mit einem anderen Modul zusammengeführt"),
        "merged_away": gettext("in einem anderen Modul aufgegangen"),
        "merge_undone": gettext("Zusammenführung rückgängig gemacht"),
        "imported": gettext("importiert"),
        "import_undone": gettext("Import rückgängig gemacht"),
        "bulk": gettext("Sammeländerung"),
        "bulk_undone": gettext("Sammeländerung rückgängig gemacht"),
        "term_merged": gettext("Begriffe zusammengeführt"),
        "term_merge_undone": gettext("Zusammenführung von Begriffen rückgängig gemacht"),
        "submit": gettext("zur Prüfung gegeben"),
        "publish": gettext("veröffentlicht"),
        "withdraw": gettext("zurückgenommen"),
        "archive": gettext("archiviert"),
        "reopen": gettext("als Entwurf wiederhergestellt"),
    }


@bp.get("/modules/<slug>/history")
@allow("module.history")
def history(slug: str) -> str:
    """All versions, each with what it changed; any two can be chosen for comparing."""
    module = modules.get(db_session(), current_actor(), slug)
    versions = module_history.versions(db_session(), current_actor(), module)
    form = ModuleForm(formdata=None)
    labels = {name: field_label(form, name) for version in versions for name in version.changed}
    return render_template("curation/history.html", module=module, versions=versions, labels=labels, actions=actions())


@bp.get("/modules/<slug>/history/compare")
@allow("module.history")
def compare(slug: str) -> str:
    """Two versions side by side, field by field; without numbers the last two."""
    session, actor = db_session(), current_actor()
    module = modules.get(session, actor, slug)
    latest = module_history.latest(session, module)
    newest = latest.number if latest else 1
    numbers = [request.args.get("from", newest - 1, type=int), request.args.get("to", newest, type=int)]
    older, newer = (_version(slug, number) for number in sorted(numbers))
    found = differences(module_history.compare(older.snapshot, newer.snapshot))
    return render_template(
        "curation/compare.html",
        module=module,
        older=older,
        newer=newer,
        found=found,
        newest=newest,
        actions=actions(),
    )


def _version(slug: str, number: int) -> ModuleVersion:
    session, actor = db_session(), current_actor()
    return module_history.get(session, actor, modules.get(session, actor, slug), number)


@bp.post("/modules/<slug>/history/<int:number>/restore")
@allow("module.edit")
def restore(slug: str, number: int) -> Response | tuple[str, int]:
    """Let the module say again what it said then."""
    module = modules.get(db_session(), current_actor(), slug)
    try:
        modules.restore(db_session(), current_actor(), module, number, sent_version())
    except Invalid as refused:
        wanted = module_history.get(db_session(), current_actor(), module, number)
        form = edit_form(module, module_history.input_from(wanted.snapshot))
        attach(form, refused, **TERM_FIELDS)
        return edit_page(form, module), 422
    flash(gettext("Fassung %(number)s gilt wieder.", number=number), "ok")
    return redirect(url_for(".history", slug=slug), 303)
