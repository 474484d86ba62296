"""Many modules at once: choose what shall change, look at the preview, apply, take back. The choice stands in the address."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from catalogue.models import BulkChange, BulkKind
from catalogue.services import bulk as service
from catalogue.services import module_listing, providers, reviewers, term_merges, terms
from catalogue.services.bulk import Preview
from catalogue.services.bulk_plan import Outcome, TermAction
from catalogue.services.errors import Invalid
from catalogue.services.module_history import Difference
from catalogue.services.module_listing import ListingQuery
from catalogue.services.paging import within
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.differences import differences_of_many
from catalogue.web.curation.start import query_of
from catalogue.web.forms.bulk import BulkForm
from catalogue.web.forms.refusals import attach
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response
PREFIX = "set-"
PER_PAGE = 50
LISTED = 5
NOT_KEPT = ("page", "show", "seen", "csrf_token", "endpoint")


@bp.get("/bulk")
@allow("module.publish")
def bulk() -> Page:
    """Ask what shall change; once that is said, show what it means for each module."""
    if "all" not in request.args and "module" not in request.args:
        flash(gettext("Wählen Sie zuerst Module aus."), "info")
        return redirect(url_for(".modules", **_kept(request.args, ("all", "module"))), 303)
    form = _form(request.args)
    found, code = None, 200
    if any(name.startswith(PREFIX) for name in request.args):
        try:
            found = service.preview(db_session(), current_actor(), _chosen(request.args), form.input())
        except Invalid as refused:
            attach(form, refused)
            code = 422
    return _page(form, request.args, found), code


@bp.post("/bulk")
@allow("module.publish")
def apply_bulk() -> Page:
    """Change what the preview showed, as far as nobody changed it since."""
    form = _form(request.form)
    try:
        change = service.apply(db_session(), current_actor(), form.input(), _seen(request.form.get("seen", "")))
    except Invalid as refused:
        attach(form, refused)
        return _page(form, request.form, None), 422
    return redirect(url_for(".bulk_change", change_id=change.id), 303)


def _chosen(arguments: MultiDict[str, str]) -> ListingQuery:
    """Return the ticked modules, or with "all" everything that the filters find."""
    if arguments.get("all"):
        return query_of(arguments)
    return ListingQuery(slugs=tuple(dict.fromkeys(arguments.getlist("module"))), sort=arguments.get("sort", "title"))


def _form(arguments: MultiDict[str, str]) -> BulkForm:
    form = BulkForm(arguments, prefix=PREFIX, meta={"csrf": False})
    form.offer(
        terms.offered(db_session()),
        [(counted.provider.slug, counted.provider.name) for counted in providers.listing(db_session())],
        reviewers.offered(db_session(), current_actor()),
    )
    return form


def _kept(arguments: MultiDict[str, str], without: Iterable[str] = ()) -> dict[str, Any]:
    left_out = {*NOT_KEPT, *without}
    return {
        name: values
        for name, values in arguments.to_dict(flat=False).items()
        if name not in left_out and not name.startswith("_") and not (without and name.startswith(PREFIX))
    }


def _page(form: BulkForm, arguments: MultiDict[str, str], found: Preview | None) -> str:
    query = _chosen(arguments)
    listed = module_listing.listing(db_session(), current_actor(), replace(query, page=1))
    kept = _kept(arguments)
    return render_template(
        "curation/bulk.html",
        form=form,
        total=listed.total,
        some=listed.modules[:LISTED],
        selection=[(n, v) for n, values in kept.items() if not n.startswith(PREFIX) for v in values],
        everything=[(n, v) for n, values in kept.items() for v in values],
        back=url_for(".modules", **_kept(arguments, ("all", "module"))),
        **_preview_of(found),
    )


def _preview_of(found: Preview | None) -> dict[str, Any]:
    if found is None:
        return {"found": None}
    counts = {outcome: len(found.of(outcome)) for outcome in Outcome}
    asked = request.args.get("show", "")
    shown = Outcome(asked) if asked in set(Outcome) else next((one for one in Outcome if counts[one]), Outcome.CHANGED)
    page, pages = within(request.args.get("page", 1, type=int), counts[shown], PER_PAGE)
    rows = found.of(shown)[(page - 1) * PER_PAGE : page * PER_PAGE]
    differences: list[tuple[Difference, ...]] = [one.differences for one in rows]
    return {
        "found": found,
        "counts": counts,
        "shown": shown,
        "rows": list(zip(rows, differences_of_many(differences), strict=True)),
        "page": page,
        "pages": pages,
        "seen": _written(found.seen()),
    }


def _written(seen: dict[uuid.UUID, int]) -> str:
    return " ".join(f"{identity.hex}:{version}" for identity, version in seen.items())


def _seen(text: str) -> dict[uuid.UUID, int]:
    """Return id → version as the preview wrote them down; what was tampered with counts as nothing."""
    found = {}
    for entry in text.split():
        identity, _, version = entry.partition(":")
        try:
            found[uuid.UUID(hex=identity)] = int(version[:9])
        except ValueError:
            continue
    return found


@bp.get("/changes")
@allow("module.edit")
def bulk_changes() -> str:
    """The newest changes of many modules."""
    found = service.latest(db_session(), current_actor())
    return render_template("curation/bulk_changes.html", changes=list(zip(found, _said(found), strict=True)))


@bp.get("/changes/<uuid:change_id>")
@allow("module.edit")
def bulk_change(change_id: uuid.UUID) -> str:
    """What one of them did and what it left alone."""
    change = service.get(db_session(), current_actor(), change_id)
    return render_template("curation/bulk_change.html", change=change, said=_said([change])[0])


@bp.post("/changes/<uuid:change_id>/undo")
@allow("module.publish")
def undo_bulk(change_id: uuid.UUID) -> Response:
    """Take it back."""
    change = service.get(db_session(), current_actor(), change_id)
    undo = term_merges.undo if change.kind == BulkKind.TERMS else service.undo
    undo(db_session(), current_actor(), change)
    return redirect(url_for(".bulk_change", change_id=change_id), 303)


def _said(changes: list[BulkChange]) -> list[list[tuple[str, str]]]:
    """Return what was asked each time, as label and value."""
    form = _form(MultiDict())
    names = {(field.short_name, value): text for field in form for value, text, *_ in field.iter_choices()}
    return [list(_words(change, form, names)) for change in changes]


def _words(change: BulkChange, form: BulkForm, names: dict[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    about = change.about
    if change.kind == BulkKind.TERMS:
        sentence = gettext("„%(term)s“ in „%(by)s“", term=about["label"], by=about["into_label"])
        yield str(gettext("Begriffe zusammengeführt")), sentence
        return
    for name in ("status", "provider", "step", "reviewer"):
        if about[name]:
            yield str(form[name].label.text), names.get((name, about[name]), about[name])
    term, by = (names.get(("term", about[name]), about[name]) for name in ("term", "by"))
    if about["term_action"] == TermAction.ADD:
        yield str(gettext("Begriff")), gettext("„%(term)s“ hinzufügen", term=term)
    elif about["term_action"] == TermAction.REMOVE:
        yield str(gettext("Begriff")), gettext("„%(term)s“ entfernen", term=term)
    elif about["term_action"]:
        yield str(gettext("Begriff")), gettext("„%(term)s“ durch „%(by)s“ ersetzen", term=term, by=by)
