"""What nobody confirmed for a year: confirm it, or ask the providers."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from catalogue.models import Module
from catalogue.services import confirmations, link_check, module_listing, modules, providers, worklist
from catalogue.services.completeness import score
from catalogue.services.confirmations import Asked
from catalogue.services.errors import Moved, NotFound
from catalogue.services.module_listing import ListingQuery
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.steps import sent_version
from catalogue.web.requests import db_session

MOST_AT_ONCE = 100


def stale_query() -> ListingQuery:
    """Return which stale modules the address asks for."""
    arguments = request.args
    return ListingQuery(
        text=arguments.get("q", "")[:200],
        provider=arguments.get("provider", ""),
        asked=arguments.get("asked", ""),
        stale=True,
        sort=arguments.get("sort", "as_of"),
        page=min(arguments.get("page", 1, type=int), 100_000),
    )


@bp.get("/stale")
@allow("module.confirm")
def stale() -> str:
    """Published modules without a confirmation or a date within twelve months, and what their providers were asked."""
    session, actor = db_session(), current_actor()
    page = module_listing.listing(session, actor, stale_query())
    return render_template(
        "curation/stale.html",
        page=page,
        counts=worklist.counts(session, actor),
        questions=confirmations.latest(session, actor, page.modules),
        providers=[(counted.provider.slug, counted.provider.name) for counted in providers.listing(session)],
        score=score,
    )


@bp.get("/links")
@allow("module.see_unpublished")
def links() -> str:
    """Sources that did not answer the last time; the modules that name them stay as they are."""
    session, actor = db_session(), current_actor()
    found = link_check.broken(session, actor)
    return render_template("curation/links.html", found=found, counts=worklist.counts(session, actor))


@bp.post("/modules/<slug>/confirm")
@allow("module.confirm")
def confirm(slug: str) -> Response:
    """Note that staff checked the module and it is right."""
    module = modules.get(db_session(), current_actor(), slug)
    confirmations.confirm(db_session(), current_actor(), module, sent_version())
    flash(gettext("Bestätigt: Die Angaben stimmen heute."), "ok")
    return redirect(url_for(".edit", slug=slug), 303)


@bp.post("/modules/<slug>/ask")
@allow("module.confirm")
def ask_one(slug: str) -> Response:
    """Ask the provider of one module."""
    _ask([modules.get(db_session(), current_actor(), slug)])
    return redirect(url_for(".edit", slug=slug), 303)


@bp.post("/stale/ask")
@allow("module.confirm")
def ask_selected() -> Response:
    """Ask the providers of the modules that are ticked."""
    chosen = list(dict.fromkeys(request.form.getlist("module")))[:MOST_AT_ONCE]
    found = [module for slug in chosen if (module := _module(slug))]
    if found:
        _ask(found)
    else:
        flash(gettext("Wählen Sie zuerst Module aus."), "info")
    return redirect(url_for(".stale"), 303)


def _module(slug: str) -> Module | None:
    try:
        return modules.get(db_session(), current_actor(), slug)
    except (Moved, NotFound):
        return None


def _ask(listed: list[Module]) -> None:
    asked = confirmations.ask(db_session(), settings(), current_actor(), listed)
    if asked.sent:
        number = len(asked.sent)
        flash(
            ngettext(
                "Der Anbieter von %(num)s Modul ist gefragt.", "Die Anbieter von %(num)s Modulen sind gefragt.", number
            ),
            "ok",
        )
    if text := _not_asked(asked):
        flash(text, "info")


def _not_asked(asked: Asked) -> str:
    sentences = []
    if asked.without_address:
        names = ", ".join(module.title for module in asked.without_address[:5])
        sentences.append(
            gettext("Ohne E-Mail-Adresse des Anbieters oder nicht veröffentlicht: %(names)s.", names=names)
        )
    if asked.asked_before:
        names = ", ".join(module.title for module in asked.asked_before[:5])
        sentences.append(gettext("In den letzten sieben Tagen schon gefragt: %(names)s.", names=names))
    return " ".join(sentences)
