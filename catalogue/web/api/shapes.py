"""How things look as JSON. A program sees what the same person sees on the pages."""

from dataclasses import asdict
from typing import Any

from flask import current_app

from catalogue.models import Demand, Feedback, Module, Run, Vocabulary
from catalogue.search.results import Page
from catalogue.services.interest import Interest
from catalogue.services.module_input import input_of
from catalogue.services.report_query import FIGURES, Behind, Report, ReportRow
from catalogue.services.wishes import WishView
from catalogue.web.languages import show

__all__ = [
    "behind_shape", "demand_shape", "feedback_shape", "interest_shape", "item_shape", "module_shape", "page_shape",
    "report_shape", "wish_shape",
]  # fmt: skip


def page_url(path: str) -> str:
    """Return the absolute address of a page, from the settings (never from the request)."""
    base: str = current_app.extensions["settings"].base_url
    return f"{base.rstrip('/')}{path}"


def page_shape(page: Page) -> dict[str, Any]:
    """One page of search results."""
    return {
        "total": page.total,
        "page": page.query.page,
        "per_page": page.query.per_page,
        "items": [item_shape(hit.module) for hit in page.hits],
        "facets": {
            facet.name: [
                {"value": one.value, "label": show(one.label), "count": one.count, "selected": one.selected}
                for one in facet.values
            ]
            for facet in page.facets
        },
        "suggestion": page.suggestion.text if page.suggestion else None,
        "relaxed": page.relaxed or None,
        "degraded": page.degraded,
    }


def item_shape(module: Module) -> dict[str, Any]:
    """A module in a list."""
    return {
        "id": str(module.id),
        "slug": module.slug,
        "code": module.code,
        "title": module.title,
        "summary": module.summary,
        "url": page_url(f"/modules/{module.slug}"),
        "provider": _named(module.provider)
        or ({"slug": None, "name": module.provider_text} if module.provider_text else None),
        "programme": _named(module.programme),
        "terms": _terms(module),
        "duration_text": module.duration_text,
        "duration_minutes": module.duration_minutes,
        "offer_status": module.offer_status,
        "as_of": _day(module.as_of),
    }


def module_shape(module: Module) -> dict[str, Any]:
    """All of a module: what can be edited by the names under which it can be sent back, and what cannot."""
    given = input_of(module)
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(given).items()}
    values |= {
        "as_of": _day(given.as_of),
        "price_amount": str(given.price_amount) if given.price_amount is not None else None,
        "terms": _terms(module),
        "provider_text": given.provider_text or (module.provider.name if module.provider else ""),
    }
    return values | {
        "id": str(module.id),
        "slug": module.slug,
        "url": page_url(f"/modules/{module.slug}"),
        "state": module.state.value,
        "version": module.version,
        "published_at": _moment(module.published_at),
        "updated_at": _moment(module.updated_at),
        "confirmed_at": _moment(module.confirmed_at),
        "runs": [_run(run) for run in module.runs],
    }


def interest_shape(interest: Interest) -> dict[str, Any]:
    """What a member may see of others' interest."""
    return {"suppressed": True} if interest.suppressed else {"companies": interest.companies, "people": interest.people}


def demand_shape(demand: Demand, module: Module) -> dict[str, Any]:
    """What a company says."""
    return {
        "module": module.slug,
        "title": module.title,
        "relevance": demand.relevance.value,
        "purpose": list(demand.purposes),
        "people": demand.people,
        "period": demand.period,
        "format": demand.format_code,
        "place": demand.place,
        "note": demand.note,
        "confidentiality": demand.confidentiality.value,
        "source": demand.source.value,
        "source_date": _day(demand.source_date),
        "confirmed_at": _moment(demand.confirmed_at),
        "updated_at": _moment(demand.updated_at),
        "version": demand.version,
    }


def behind_shape(row: Behind) -> dict[str, Any]:
    """What a company says, for staff."""
    return {
        "company": row.company_slug,
        "module": row.module_slug,
        "title": row.module,
        "relevance": row.relevance.value,
        "purpose": [purpose.value for purpose in row.purposes],
        "people": row.people,
        "period": row.period,
        "format": row.format,
        "place": row.place,
        "note": row.note,
        "confidentiality": row.confidentiality.value,
        "source": row.source.value,
        "source_date": _day(row.source_date),
        "updated_at": _moment(row.at),
    }


def feedback_shape(feedback: Feedback) -> dict[str, Any]:
    """One's own remark."""
    return {
        "id": str(feedback.id),
        "kind": feedback.kind.value,
        "text": feedback.text,
        "visibility": feedback.visibility.value,
        "state": feedback.state.value,
        "created_at": _moment(feedback.created_at),
    }


def wish_shape(view: WishView) -> dict[str, Any]:
    """A wish as its reader may see it."""
    wish = view.wish
    return {
        "id": str(wish.id),
        "title": wish.title,
        "text": wish.text,
        "topic": wish.topic.code if wish.topic else None,
        "state": wish.state.value,
        "company": view.company or None,
        "own": view.own,
        "supported": view.supported,
        "supporters": view.supporters,
        "url": page_url("/wishes"),
        "created_at": _moment(wish.created_at),
    }


def report_shape(report: Report) -> dict[str, Any]:
    """The interest report."""
    return {
        "as_of": report.as_of.isoformat(),
        "by": report.query.by.value,
        "rows": [{"key": row.key, "label": show(row.label), **_figures(row)} for row in report.rows],
        "total": _figures(report.total),
    }


def _figures(row: ReportRow) -> dict[str, int]:
    return {name: getattr(row, name) for name in (*FIGURES, "records")}


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "starts_on": _day(run.starts_on),
        "ends_on": _day(run.ends_on),
        "times": run.times_text,
        "place": run.place,
        "online": run.online,
        "region": run.region.code if run.region else None,
        "min_participants": run.min_participants,
        "max_participants": run.max_participants,
        "decide_by": _day(run.decide_by),
        "price": run.price_text,
        "booking_url": run.booking_url,
        "state": run.state.value,
    }


def _terms(module: Module) -> dict[str, list[str]]:
    found = {vocabulary.value: [term.code for term in module.terms_of(vocabulary)] for vocabulary in Vocabulary}
    return {name: codes for name, codes in found.items() if codes}


def _named(thing: Any) -> dict[str, str] | None:
    return {"slug": thing.slug, "name": thing.name} if thing is not None else None


def _day(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


def _moment(value: Any) -> str | None:
    return value.isoformat(timespec="seconds") if value is not None else None
