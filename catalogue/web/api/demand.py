"""What companies say about modules: their own records, or on behalf of a company by network staff."""

from typing import Any

from flask import Response, jsonify, request
from pydantic import ValidationError

from catalogue.services import audit, demand, reports
from catalogue.services.demand import OnBehalf
from catalogue.services.errors import Invalid
from catalogue.services.permissions import require
from catalogue.services.report_query import ReportQuery
from catalogue.web.api.blueprint import answer, body, bp, fields_of, page_of, version_asked
from catalogue.web.api.bodies import DemandBody, OnBehalfBody
from catalogue.web.api.shapes import behind_shape, demand_shape
from catalogue.web.auth import current_actor
from catalogue.web.reporting import Asked, note
from catalogue.web.requests import db_session


@bp.put("/modules/<slug>/demand")
def put_demand(slug: str) -> Response:
    """Say what the module means to the company; replaces what was said before."""
    session, actor = db_session(), current_actor()
    require(actor, "account.own")
    sent = body(DemandBody)
    module = demand.subject(session, actor, slug)
    on_behalf = sent.on_behalf()
    saved = demand.mark(session, actor, module, sent.input(version_asked()), on_behalf)
    if on_behalf:
        audit.record(session, actor, "demand.on_behalf", saved, label=module.title, source=saved.source.value)
    return answer(demand_shape(saved, module), version=saved.version)


@bp.delete("/modules/<slug>/demand")
def delete_demand(slug: str) -> Response:
    """Take back what was said. Staff name the company in the address or in a body."""
    session, actor = db_session(), current_actor()
    require(actor, "account.own")
    on_behalf = _on_behalf()
    module = demand.subject(session, actor, slug)
    withdrawn = demand.withdraw(session, actor, module, on_behalf, version_asked())
    if on_behalf:
        audit.record(session, actor, "demand.on_behalf", withdrawn, label=module.title, source=withdrawn.source.value)
    return Response(status=204)


@bp.get("/demand")
def list_demand() -> Response:
    """List the own company's records; for staff those of ``company``."""
    page, per_page = page_of()
    items = _of_company(request.args["company"]) if request.args.get("company") else _own()
    shown = items[(page - 1) * per_page : page * per_page]
    return jsonify({"total": len(items), "page": page, "per_page": per_page, "items": shown})


def _on_behalf() -> OnBehalf | None:
    if request.content_length:
        return body(OnBehalfBody).on_behalf()
    given = {name: request.args[name] for name in ("company", "source", "source_date") if request.args.get(name)}
    return _validated(given).on_behalf()


def _validated(given: dict[str, str]) -> OnBehalfBody:
    try:
        return OnBehalfBody.model_validate_strings(given)
    except ValidationError as error:
        raise Invalid(fields=fields_of(error)) from error


def _own() -> list[dict[str, Any]]:
    return [demand_shape(one, one.module) for one in demand.own_list(db_session(), current_actor())]


def _of_company(slug: str) -> list[dict[str, Any]]:
    require(current_actor(), "demand.see_others")
    query = ReportQuery(companies=(slug,))
    note(Asked(query, "", {}, {}), "report.rows", company=slug)
    return [behind_shape(row) for row in reports.rows_behind(db_session(), current_actor(), query)]
