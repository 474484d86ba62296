"""Modules that may be in the catalogue twice: the list, the decision, the page on which two become one, and the way back."""

import uuid

from flask import current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module
from catalogue.services import duplicates as service
from catalogue.services import merges, modules, worklist
from catalogue.services.duplicates import Candidate
from catalogue.services.errors import Conflict, Invalid, Stale
from catalogue.services.merges import Versions
from catalogue.services.module_input import ModuleInput
from catalogue.services.paging import within
from catalogue.texts import N_, Text
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.differences import differences
from catalogue.web.forms.fields import WHOLE
from catalogue.web.languages import local_path, show
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response
PER_PAGE = 25
CHANGED = N_("Inzwischen hat jemand eines der Module geändert. Prüfen Sie die Felder noch einmal.")


def alike(given: ModuleInput, module: Module | None = None) -> list[Candidate]:
    """Return the modules that may be the same offer as *given*, which *module* says if it exists."""
    return service.candidates(db_session(), current_actor(), current_app.extensions["search"], given, module)


@bp.get("/duplicates", endpoint="duplicates")
@allow("module.merge")
def duplicates_list() -> str:
    """Pairs that are likely one offer, each with the reasons, and what was merged lately."""
    session, actor = db_session(), current_actor()
    found = service.pairs(session, actor)
    page, pages = within(request.args.get("page", 1, type=int), len(found), PER_PAGE)
    return render_template(
        "curation/duplicates.html",
        pairs=found[(page - 1) * PER_PAGE : page * PER_PAGE],
        total=len(found),
        page=page,
        pages=pages,
        merged=merges.listing(session, actor),
        counts=worklist.counts(session, actor),
    )


@bp.get("/duplicates/<slug>/<other>")
@allow("module.merge")
def merge_page(slug: str, other: str) -> Page:
    """The two modules side by side; ``?keep=`` says which one stays."""
    one, two = _both(slug, other)
    if one.id == two.id:  # an old address: they are one by now
        return redirect(url_for(".edit", slug=one.slug), 303)
    keep = request.args.get("keep", "")
    kept = next((module for module in (one, two) if module.slug == keep), merges.suggested(db_session(), one, two))
    return _page(kept, two if kept is one else one)


@bp.post("/duplicates/<slug>/<other>")
@allow("module.merge")
def merge(slug: str, other: str) -> Page:
    """Merge the second into the first."""
    kept, merged = _both(slug, other)
    choices = {name.removeprefix("take."): value for name, value in request.form.items() if name.startswith("take.")}
    read = Versions(_sent("kept_version"), _sent("merged_version"))
    try:
        made = merges.merge(db_session(), current_actor(), kept, merged, read, choices)
    except Stale:
        return _page(kept, merged, choices, [show(CHANGED)]), 409
    except Conflict as refused:
        return _page(kept, merged, choices, [show(refused.text)]), 409
    except Invalid as refused:
        db_session().rollback()
        kept, merged = _both(slug, other)
        return _page(kept, merged, choices, [show(text) for text in refused.fields.values()]), 422
    title = gettext("Zusammengeführt.")
    tell(gettext("Die Adresse des anderen Moduls führt jetzt hierher."), title=title, undo=_undo_url(made.id))
    return redirect(url_for(".edit", slug=kept.slug), 303)


def _undo_url(merge_id: uuid.UUID) -> str:
    return url_for(".undo_merge", merge_id=merge_id)


def _both(slug: str, other: str) -> tuple[Module, Module]:
    session, actor = db_session(), current_actor()
    return modules.get(session, actor, slug), modules.get(session, actor, other)


def _sent(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if WHOLE.fullmatch(text) and text.isascii() else 0


def _page(kept: Module, merged: Module, choices: dict[str, str] | None = None, errors: list[str] | None = None) -> str:
    proposal = merges.propose(db_session(), current_actor(), kept, merged)
    return render_template(
        "curation/merge.html",
        kept=kept,
        merged=merged,
        rows=list(zip(proposal.differences, differences(proposal.differences), strict=True)),
        moving=proposal.moving,
        obstacle=proposal.obstacle,
        default=merges.default,
        choices=choices or {},
        errors=errors or [],
    )


@bp.post("/duplicates/<slug>/<other>/distinct")
@allow("module.merge")
def tell_apart(slug: str, other: str) -> Response:
    """Remember that the two are different offers."""
    one, two = _both(slug, other)
    service.note_distinct(db_session(), current_actor(), one, two)
    back = url_for(".tell_together", slug=slug, other=other)
    tell(gettext("Dieses Paar wird nicht mehr gezeigt."), title=gettext("Kein Duplikat."), undo=back)
    return redirect(local_path(request.form.get("next"), url_for(".duplicates")), 303)


@bp.post("/duplicates/<slug>/<other>/alike")
@allow("module.merge")
def tell_together(slug: str, other: str) -> Response:
    """Take that back."""
    one, two = _both(slug, other)
    service.forget(db_session(), current_actor(), one, two)
    tell(gettext("Das Paar steht wieder in der Liste."))
    return redirect(url_for(".duplicates"), 303)


@bp.post("/duplicates/merges/<uuid:merge_id>/undo")
@allow("module.merge")
def undo_merge(merge_id: uuid.UUID) -> Response:
    """Take a merge back."""
    try:
        module = merges.undo(db_session(), current_actor(), merge_id)
    except Invalid as refused:
        first: Text = next(iter(refused.fields.values()))
        raise Conflict(N_("Das lässt sich nicht mehr rückgängig machen: %(why)s"), why=show(first)) from refused
    tell(gettext("Beide Module stehen wieder für sich, mit allem, was zu ihnen gehörte."), title=gettext("Getrennt."))
    return redirect(url_for(".edit", slug=module.slug), 303)
