"""The start page of a company: what waits, what is new, our modules, our wishes, and what became of them."""

import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from catalogue.models import Purpose, Relevance
from catalogue.services import audit, company_home, company_modules, demand, wishes
from catalogue.services.company_modules import Listing, ListQuery, Status
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.facts import today
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import database, db_session

bp = Blueprint("company", __name__, url_prefix="/company")
E = TypeVar("E", bound=StrEnum)


def _query() -> ListQuery:
    """The list as the address asks for it; what cannot be used is left out."""
    sort = request.args.get("sort", "")
    return ListQuery(
        _chosen(Relevance, "relevance"),
        _chosen(Purpose, "purpose"),
        tuple(_uuids(request.args.getlist("person"))),
        _chosen(Status, "status"),
        sort if sort.removeprefix("-") in company_modules.SORTS else ListQuery.sort,
    )


def _chosen(kind: type[E], name: str) -> tuple[E, ...]:
    return tuple(one for one in kind if one.value in request.args.getlist(name))


def _uuids(texts: Iterable[str]) -> Iterable[uuid.UUID]:
    for text in texts:
        try:
            yield uuid.UUID(text)
        except ValueError:
            continue


def _listing(query: ListQuery) -> Listing:
    return company_modules.listing(db_session(), current_actor(), query, today())


@bp.get("")
@allow("company.home")
def index() -> str:
    """Show the company's page."""
    session, actor = db_session(), current_actor()
    k = current_app.extensions["settings"].k_anonymity
    after = company_home.since(session, actor)
    query = _query()
    found = company_home.outcomes(session, actor, k)
    return render_template(
        "company/index.html",
        waiting=company_home.waiting(session, actor, k),
        since=after,
        news=company_home.news(session, actor, after),
        listing=_listing(query),
        query=query,
        filtered=query != ListQuery(sort=query.sort),
        wishes=wishes.own_list(session, actor, k),
        joined=wishes.joined(session, actor, k),
        outcomes=found[: company_home.OUTCOMES],
        outcomes_total=len(found),
        colleagues=company_home.colleagues(session, actor),
        relevances=Relevance,
        purposes=Purpose,
        statuses=Status,
    )


@bp.get("/outcomes")
@allow("company.home")
def outcomes() -> str:
    """All that became of what the company said."""
    k = current_app.extensions["settings"].k_anonymity
    found = company_home.outcomes(db_session(), current_actor(), k)
    return render_template("company/outcomes.html", outcomes=found, outcomes_total=len(found))


@bp.get("/modules.<format>")
@allow("company.home")
@limiter.limit(EXPORT)
def export(format: str) -> Response:
    """Send exactly the list that the same address shows, as CSV or XLSX."""
    chosen = format_of(format)
    listed = _listing(_query())
    with database().write() as recording:
        audit.record(recording, current_actor(), "demand.exported", format=chosen.value, rows=len(listed.rows))
    return download(company_modules.table(db_session(), current_actor(), listed), chosen)


@bp.post("/confirm")
@allow("company.home")
def confirm() -> AnyResponse:
    """Everything older than a year still holds."""
    number = demand.confirm_outdated(db_session(), current_actor())
    text = ngettext("Eine Angabe gilt weiter.", "%(num)s Angaben gelten weiter.", number)
    tell(text, title=gettext("Bestätigt."))
    return redirect(url_for(".index"), 303)


@bp.post("/confirm-entered")
@allow("company.home")
def confirm_entered() -> AnyResponse:
    """Everything that staff entered is right."""
    number = demand.confirm_entered(db_session(), current_actor())
    tell(ngettext("Eine Angabe gilt.", "%(num)s Angaben gelten.", number), title=gettext("Bestätigt."))
    return redirect(url_for(".index"), 303)
