"""The calendar: runs of all published modules as list and month, and as files for people's own calendars."""

import uuid
from datetime import date, timedelta

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext

from catalogue.models import Run
from catalogue.services import measures, modules, run_listing, run_table
from catalogue.services.run_listing import RunQuery
from catalogue.services.sorting import slugify
from catalogue.web.auth import current_actor
from catalogue.web.downloads import download
from catalogue.web.facts import today
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.months import by_month, month_name, month_of, weekday, weeks
from catalogue.web.requests import db_session
from catalogue.web.run_queries import public_query

bp = Blueprint("runs", __name__)
VIEWS = ("list", "month")
KEPT = timedelta(days=180)  # so long past runs stay in subscribed calendars


@bp.get("/runs")
def index() -> str:
    """Show the coming runs as a list by months, or one month as a calendar."""
    session, actor, now = db_session(), current_actor(), today()
    view = request.args.get("view", "")
    view = view if view in VIEWS else VIEWS[0]
    month = month_of(request.args, _first_day(now) if view == "month" else now)
    query = public_query(request.args, now) if view == "list" else public_query(request.args, month.first, month.last)
    page = run_listing.published(session, actor, query, everything=view == "month")
    return render_template(
        "runs/index.html",
        page=page,
        view=view,
        month=month,
        months=by_month(page.runs, now),
        weeks=weeks(month, page.runs, now) if view == "month" else [],
        offered=run_listing.offered(session, actor, since=now if view == "list" else None),
        month_name=month_name,
        weekday=weekday,
        chosen={name: value for name in ("topic", "region", "provider") if (value := getattr(query, name))},
    )


def _first_day(now: date) -> date:
    """The day on which the next run of the filter begins: a calendar opens on a month that shows something."""
    found = run_listing.published(db_session(), current_actor(), public_query(request.args, now))
    return found.runs[0].starts_on if found.runs else now


@bp.get("/runs.<any(csv, xlsx):name>")
@limiter.limit(EXPORT)
def export(name: str) -> Response:
    """Send the coming runs that the same address lists, all pages of it."""
    query = public_query(request.args, today())
    found = run_listing.published(db_session(), current_actor(), query, everything=True)
    return download(run_table.public_table(found.runs, _base_url()), name)


@bp.get("/runs.ics")
@limiter.limit(EXPORT)
def feed() -> Response:
    """Send the runs of the filter as a calendar that can be subscribed to."""
    return _calendar(public_query(request.args, _since()), gettext("Termine, Modulkatalog BatterieMD"), "termine")


@bp.get("/runs/<uuid:run_id>.ics")
@limiter.limit(EXPORT)
def feed_of_run(run_id: uuid.UUID) -> Response:
    """Send one run."""
    run = run_listing.one_published(db_session(), current_actor(), run_id)
    return _answer([run], run.module.title, f"termin-{run.starts_on.isoformat()}")


@bp.get("/modules/<slug>/runs.ics")
@limiter.limit(EXPORT)
def feed_of_module(slug: str) -> Response:
    """Send the runs of one module."""
    module = modules.get(db_session(), current_actor(), slug)
    return _calendar(RunQuery(module=module.slug, since=_since()), module.title, module.slug)


@bp.get("/measures/<slug>/runs.ics")
@limiter.limit(EXPORT)
def feed_of_measure(slug: str) -> Response:
    """Send the runs of all published modules of one measure."""
    measure = measures.get(db_session(), current_actor(), slug)
    return _calendar(RunQuery(measure=measure.slug, since=_since()), measure.title, measure.slug)


def _since() -> date:
    return today() - KEPT


def _base_url() -> str:
    return str(current_app.extensions["settings"].base_url)


def _calendar(query: RunQuery, name: str, file: str) -> Response:
    found = run_listing.published(db_session(), current_actor(), query, everything=True)
    return _answer(found.runs, name, file)


def _answer(runs: list[Run], name: str, file: str) -> Response:
    from catalogue.services import run_feed  # here, because its library would make every start longer

    response = Response(run_feed.calendar(runs, name, _base_url()), content_type=run_feed.MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{slugify(file)}.ics"'
    response.add_etag()
    response.make_conditional(request)
    return response
