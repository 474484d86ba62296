"""Passing modules on: preview pictures, and PDF files and a print view of one module or of a chosen list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catalogue.models import Module
from catalogue.services import comparison, handouts, kept_files, measures, modules, pdf_pages, preview_pictures, search
from catalogue.services.errors import NotFound
from catalogue.services.exchange.facts import facts_of
from catalogue.services.permissions import VISITOR
from catalogue.services.preview_pictures import Picture
from catalogue.services.qr_codes import qr_code
from catalogue.texts import N_
from catalogue.web.auth import settings
from catalogue.web.canonical import absolute, canonical
from catalogue.web.facts import today
from catalogue.web.filters import own_arguments
from catalogue.web.languages import show
from catalogue.web.limits import HARVEST, PUBLIC_PDF, SEARCH, limiter
from catalogue.web.queries import query_from
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

__all__ = ["Preview", "bp", "preview_of", "site_preview"]

bp = Blueprint("sharing", __name__)
ABOUT = 200  # letters of a description; readers cut longer ones


@dataclass(frozen=True)
class Preview:
    """What a link to a page shows elsewhere: a sentence and a picture with its alternative text; ``kind`` is of Open Graph."""

    about: str
    image: str
    alt: str
    kind: str = "website"


@dataclass(frozen=True)
class Handout:
    """Chosen modules: ``total`` may be more than there are in it; ``conditions`` say by what they were chosen."""

    title: str
    modules: tuple[Module, ...]
    total: int
    conditions: tuple[str, ...] = ()
    single: bool = False


def preview_of(module: Module) -> Preview:
    """Return what a link to *module* shows; only of published ones the picture says something."""
    if not module.is_public:
        return site_preview()
    picture = preview_pictures.picture_of(module)
    image = absolute("sharing.picture", slug=module.slug, v=picture.key[:10])
    said = ". ".join([", ".join(part for part in (picture.title, picture.provider) if part), *picture.facts])
    return Preview(module.summary or facts_of(module, settings().base_url).description, image, said, "article")


def site_preview() -> Preview:
    """Return what a link to any other page shows, unless the page says more about itself."""
    site = preview_pictures.SITE
    about = gettext(
        "Module, Termine und Qualifizierungsmaßnahmen rund um die Batterie, für Unternehmen in Mitteldeutschland."
    )
    return Preview(about, absolute("sharing.site_picture", v=site.key[:10]), f"Modulkatalog BatterieMD. {site.title}.")


@bp.app_context_processor
def _asked_by_the_frame() -> dict[str, Any]:
    return {"canonical": canonical, "site_preview": site_preview, "this_day": today}


@bp.get("/preview.png")
@limiter.limit(HARVEST)
def site_picture() -> Response:
    """The picture of pages that have none of their own."""
    return _drawn(preview_pictures.SITE)


@bp.get("/modules/<slug>.png")
@limiter.limit(HARVEST)
def picture(slug: str) -> Response:
    """The picture of a published module."""
    return _drawn(preview_pictures.picture_of(_published(slug)))


@bp.get("/modules/<slug>.pdf")
@limiter.limit(PUBLIC_PDF)
def module_pdf(slug: str) -> AnyResponse:
    """One published module as tagged PDF."""
    module = _published(slug)
    if pdf_pages.problem():
        return redirect(url_for(".print_view", m=module.slug), 303)
    return _pdf(Handout(module.title, (module,), 1, single=True), module.slug)


@bp.get("/modules.pdf")
@limiter.limit(PUBLIC_PDF)
def selection_pdf() -> AnyResponse:
    """The chosen modules as one tagged PDF: those named by ``m``, those of ``measure``, else what the search finds."""
    if pdf_pages.problem():
        return redirect(url_for(".print_view", **own_arguments()), 303)
    return _pdf(_chosen(), "modulkatalog-auswahl")


@bp.get("/print")
@limiter.limit(SEARCH)
def print_view() -> str:
    """The same as a page for the browser's print dialogue."""
    return _page(_chosen(), embedded=False)


def _published(slug: str) -> Module:
    module = modules.get(db_session(), VISITOR, slug)
    if not module.is_public:
        raise NotFound(N_("Dieses Modul gibt es nicht."))
    return module


def _chosen() -> Handout:
    if slugs := request.args.getlist("m"):
        return _named(slugs)
    if request.args.get("of") == "ticked":
        raise NotFound(N_("Kreuzen Sie in der Liste mindestens ein Modul an."))
    if slug := request.args.get("measure"):
        measure = measures.get(db_session(), VISITOR, slug)
        parts = measures.visible_parts(VISITOR, measure)
        found = _named([part.module.slug for part in parts])
        return replace(found, title=measure.title, single=False)
    return _found()


def _named(slugs: Sequence[str]) -> Handout:
    selection = comparison.select(db_session(), VISITOR, slugs, handouts.MOST)
    public = tuple(module for module in selection.modules if module.is_public)
    if not public:
        raise NotFound(N_("Keines der gewählten Module steht im Katalog."))
    one = len(public) == 1
    title = public[0].title if one else gettext("Auswahl aus dem Modulkatalog")
    return Handout(title, public, len(public) + selection.left_out, single=one)


def _found() -> Handout:
    """What a search finds, in the order of its page. Marks of a company are none of its conditions."""
    query = replace(query_from(request.args), page=1, per_page=handouts.MOST)
    page = search.find(db_session(), VISITOR, search_index(), query)
    if not page.hits:
        raise NotFound(N_("Diese Suche findet keine Module."))
    title = gettext("Module zu „%(text)s“", text=query.text) if query.text else gettext("Module aus dem Katalog")
    named = [(show(facet.label), [show(value.label) for value in facet.selected]) for facet in page.facets]
    conditions = tuple(f"{name}: {', '.join(values)}" for name, values in named if values)
    return Handout(title, tuple(hit.module for hit in page.hits), page.total, conditions)


def _page(chosen: Handout, embedded: bool) -> str:
    addresses = {module.slug: absolute("modules.show", slug=module.slug) for module in chosen.modules}
    return render_template(
        "sharing/document.html",
        chosen=chosen,
        addresses=addresses,
        symbols={slug: qr_code(address) for slug, address in addresses.items()},
        embedded=embedded,
        problem="" if embedded else pdf_pages.problem(),
        site=settings().base_url.rstrip("/"),
    )


def _pdf(chosen: Handout, name: str) -> Response:
    page = _page(chosen, embedded=True)
    response = _answer(handouts.key(page), pdf_pages.MEDIA_TYPE, lambda: handouts.pdf(settings(), page))
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.vary.add("Cookie")  # the language of labels
    return response


def _drawn(picture: Picture) -> Response:
    name = f"{picture.key}.png"
    response = _answer(
        picture.key,
        preview_pictures.MEDIA_TYPE,
        lambda: kept_files.kept(settings(), name, lambda: preview_pictures.png(picture)),
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # messengers show it on their pages
    return response


def _answer(key: str, media_type: str, make: Any) -> Response:
    """Who has it already gets 304, before anything is made."""
    response = Response(content_type=media_type)
    response.set_etag(key)
    if request.if_none_match.contains(key):
        response.status_code = 304
        return response
    response.set_data(make())
    return response
