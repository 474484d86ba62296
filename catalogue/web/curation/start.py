"""What waits, and the table of all modules."""

from flask import Response, render_template, request

from catalogue.models import OfferStatus, WorkflowState
from catalogue.services import module_listing, programmes, providers, worklist
from catalogue.services.completeness import CRITERIA, lacking, score
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.module_listing import ListingQuery
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation import roles
from catalogue.web.curation.blueprint import bp
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import label
from catalogue.web.languages import show
from catalogue.web.requests import db_session

SHORT = 5
COLUMNS = (
    Column("title", "Modul"),
    Column("slug", "Kennung"),
    Column("provider", "Anbieter"),
    Column("programme", "Programm"),
    Column("state", "Zustand"),
    Column("status", "Reifegrad"),
    Column("complete", f"Vollständig (von {len(CRITERIA)})", Kind.NUMBER),
    Column("missing", "Es fehlt"),
    Column("as_of", "Stand", Kind.DATE),
    Column("confirmed", "Bestätigt", Kind.MOMENT),
    Column("changed", "Geändert", Kind.MOMENT),
    Column("source", "Quelle", Kind.URL),
)


def query_from_address() -> ListingQuery:
    """Return which modules the address asks for; what makes no sense is left out."""
    arguments = request.args
    return ListingQuery(
        text=arguments.get("q", "")[:200],
        state=arguments.get("state", ""),
        status=arguments.get("status", ""),
        provider=arguments.get("provider", ""),
        programme=arguments.get("programme", ""),
        missing=arguments.get("missing", ""),
        term=arguments.get("term", "")[:200],
        stale=arguments.get("stale", "") == "1",
        asked=arguments.get("asked", ""),
        sort=arguments.get("sort", "-changed"),
        page=min(arguments.get("page", 1, type=int), 100_000),
    )


@bp.get("")
@allow("module.see_unpublished")
def index() -> str:
    """Show what waits for staff: each figure opens its list."""
    session, actor = db_session(), current_actor()
    waiting = module_listing.listing(session, actor, ListingQuery(state="review", sort="changed"))
    stale = module_listing.listing(session, actor, ListingQuery(stale=True, sort="as_of"))
    recent = module_listing.listing(session, actor, ListingQuery(sort="-changed"))
    return render_template(
        "curation/index.html",
        counts=worklist.counts(session, actor),
        waiting=waiting.modules[:SHORT],
        stale=stale.modules[:SHORT],
        recent=recent.modules[: 2 * SHORT],
        feedback=worklist.new_feedback(session, actor, SHORT),
        wishes=worklist.open_wishes(session, actor, SHORT),
        roles=roles.ROLES,
        matrix=roles.matrix(),
        lacking=lacking,
        score=score,
    )


@bp.get("/modules")
@allow("module.see_unpublished")
def modules() -> str:
    """Show all modules, drafts included, as a table with filters."""
    session, actor = db_session(), current_actor()
    page = module_listing.listing(session, actor, query_from_address())
    return render_template(
        "curation/modules.html",
        page=page,
        counts=worklist.counts(session, actor),
        states=[(state.value, label(state)) for state in WorkflowState],
        statuses=[(status.value, label(status)) for status in OfferStatus],
        criteria=[(criterion.name, show(criterion.label)) for criterion in CRITERIA],
        providers=[(counted.provider.slug, counted.provider.name) for counted in providers.listing(session)],
        programmes=[(counted.programme.slug, counted.programme.name) for counted in programmes.listing(session)],
        lacking=lacking,
        score=score,
    )


@bp.get("/modules.<any(csv, xlsx):name>")
@allow("module.see_unpublished")
def export(name: str) -> Response:
    """Give exactly the modules of the table, all pages of it, as a file."""
    page = module_listing.listing(db_session(), current_actor(), query_from_address(), everything=True)
    rows = [
        {
            "title": module.title,
            "slug": module.slug,
            "provider": module.provider.name if module.provider else module.provider_text,
            "programme": module.programme.name if module.programme else "",
            "state": module.state,
            "status": module.offer_status,
            "complete": score(module).stated,
            "missing": ", ".join(criterion.label for criterion in lacking(module)),
            "as_of": module.as_of,
            "confirmed": module.confirmed_at,
            "changed": module.updated_at,
            "source": module.source_url,
        }
        for module in page.modules
    ]
    return download(Table("Pflege Module", COLUMNS, rows), format_of(name))
