"""What waits, and the table of all modules."""

import uuid

from flask import Response, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from catalogue.models import OfferStatus, Vocabulary, WorkflowState
from catalogue.services import actions, module_listing, programmes, providers, questions, search, terms, worklist
from catalogue.services.actions import ActionQuery
from catalogue.services.completeness import CRITERIA, lacking, score
from catalogue.services.exchange import readiness
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.module_listing import ListingQuery
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation import roles
from catalogue.web.curation.blueprint import bp
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import label
from catalogue.web.languages import current_language, show
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

SHORT = 5
MOST_TERMS = 20
OWN_FILTERS = (Vocabulary.TOPIC, Vocabulary.LEVEL)  # of the vocabularies, the ones with a filter of their own
COLUMNS = (
    Column("title", "Modul"),
    Column("slug", "Kennung"),
    Column("provider", "Anbieter"),
    Column("programme", "Programm"),
    Column("state", "Zustand"),
    Column("status", "Reifegrad"),
    Column("complete", f"Vollständig (von {len(CRITERIA)})", Kind.NUMBER),
    Column("missing", "Es fehlt"),
    Column("ready", "Bereit für"),
    Column("as_of", "Stand", Kind.DATE),
    Column("confirmed", "Bestätigt", Kind.MOMENT),
    Column("changed", "Geändert", Kind.MOMENT),
    Column("source", "Quelle", Kind.URL),
)


def query_from_address() -> ListingQuery:
    """Return which modules the address asks for; what makes no sense is left out."""
    return query_of(request.args)


def query_of(arguments: MultiDict[str, str]) -> ListingQuery:
    """Return which modules these parameters ask for."""
    return ListingQuery(
        text=arguments.get("q", "")[:200],
        state=arguments.get("state", ""),
        status=arguments.get("status", ""),
        provider=arguments.get("provider", ""),
        programme=arguments.get("programme", ""),
        missing=arguments.get("missing", ""),
        ready=arguments.get("ready", ""),
        terms=tuple(dict.fromkeys(key for key in arguments.getlist("term")[:MOST_TERMS] if key)),
        stale=arguments.get("stale", "") == "1",
        asked=arguments.get("asked", ""),
        sort=arguments.get("sort", "-changed"),
        page=min(arguments.get("page", 1, type=int), 100_000),
        only=_found(arguments["found"]) if "found" in arguments else None,
    )


def _found(question: str) -> frozenset[uuid.UUID]:
    """Return what the search of the catalogue finds: staff go on with its hits here."""
    asked = questions.query_of(questions.normal(question))
    return search.ids(db_session(), current_actor(), search_index(), asked)


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
        late=actions.listing(session, actor, ActionQuery(late=True)).actions[:SHORT],
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
        term_filters=_term_filters(),
        conditions=_conditions(),
        targets=_targets(),
        standings=readiness.of_modules(session, actor, [module.id for module in page.modules]),
        lacking=lacking,
        score=score,
    )


def _targets() -> list[tuple[str, str]]:
    """Return the choices of the filter by readiness."""
    ready = [(one.name, gettext("bereit für %(target)s", target=one.label)) for one in readiness.TARGETS]
    return ready + [
        (f"-{one.name}", gettext("nicht bereit für %(target)s", target=one.label)) for one in readiness.TARGETS
    ]


_Group = tuple[str, list[tuple[str, str]]]


def _term_filters() -> list[tuple[str, list[_Group]]]:
    """Return the filters by term: label, and the choices by vocabulary as "topic:code" and name."""
    offered = terms.offered(db_session())
    groups: dict[Vocabulary, _Group] = {
        one: (label(one), [(f"{one.value}:{term.code}", label(term)) for term in offered.get(one.value, ())])
        for one in Vocabulary
        if one != Vocabulary.SECTOR
    }
    own = [(label(one), [groups.pop(one)]) for one in OWN_FILTERS]
    return [*own, (gettext("Anderer Begriff"), list(groups.values()))]


def _conditions() -> list[questions.Condition]:
    """Return what the search asked whose hits are shown, in words."""
    if "found" not in request.args:
        return []
    question = questions.normal(request.args["found"])
    return questions.conditions(db_session(), [question], current_language())[0]


@bp.get("/modules.<any(csv, xlsx):name>")
@allow("module.see_unpublished")
def export(name: str) -> Response:
    """Give exactly the modules of the table, all pages of it, as a file."""
    page = module_listing.listing(db_session(), current_actor(), query_from_address(), everything=True)
    standings = readiness.of_modules(db_session(), current_actor(), [module.id for module in page.modules])
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
            "ready": ", ".join(one.target.label for one in standings[module.id] if one.ready),
            "as_of": module.as_of,
            "confirmed": module.confirmed_at,
            "changed": module.updated_at,
            "source": module.source_url,
        }
        for module in page.modules
    ]
    return download(Table("Pflege Module", COLUMNS, rows), format_of(name))
