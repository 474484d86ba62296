"""The printed sheet of a company: modules to tick, lines for wishes, and a QR code that leads to the same form."""

import uuid

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Company, CompanyLink, LinkPurpose, Vocabulary
from catalogue.services import companies, company_links, demand_links, demand_sheets, vocabularies
from catalogue.services.demand_sheets import Choice
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.qr_codes import qr_code
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.facts import today
from catalogue.web.forms.company_demand import AskForm
from catalogue.web.languages import show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("sheets", __name__)
limiter.limit(WRITE, methods=["POST"])(bp)
Page = Response | str


def _choice() -> Choice:
    values = request.values
    slugs = tuple(slug for slug in values.getlist("module")[: demand_sheets.MOST] if slug)
    return Choice(slugs, " ".join(values.get("q", "").split())[:200], values.get("topic", "")[:64])


def _page(company: Company, address: str, *, links: list[CompanyLink], link: CompanyLink | None = None) -> str:
    session, actor, choice = db_session(), current_actor(), _choice()
    if link is not None:
        modules = demand_links.on_sheet(session, link)
    else:
        modules = demand_sheets.modules(session, actor, current_app.extensions["search"], company, choice)
    target = company_links.url_of(settings(), link) if link else _answers(choice)
    return render_template(
        "sheets/show.html",
        company=company, modules=modules, choice=choice, address=address, links=links, personal=link, target=target, symbol=qr_code(target),
        topics=vocabularies.terms(session, Vocabulary.TOPIC), today=today(), staff=current_actor().is_staff and address.startswith("/companies"),
    )  # fmt: skip


def _answers(choice: Choice) -> str:
    """The address of the same modules for people with an account."""
    path = url_for("answers.own", q=choice.text or None, topic=choice.topic or None)
    return settings().base_url.rstrip("/") + path


@bp.get("/company/sheet")
@allow("company.home")
def own() -> Page:
    """The sheet of one's own company."""
    company = demand_sheets.company_of(db_session(), current_actor())
    return _page(company, url_for(".own"), links=[])


def _company(company_slug: str) -> Company:
    return companies.get(db_session(), current_actor(), company_slug)


@bp.get("/companies/<company_slug>/sheet")
@allow("demand.on_behalf")
def of_company(company_slug: str) -> Page:
    """The sheet of any company; with a personal link if one was made and chosen."""
    company = _company(company_slug)
    links = company_links.of_company(db_session(), current_actor(), company)
    chosen = next((one for one in links if str(one.id) == request.args.get("link")), None)
    if chosen is not None and chosen.purpose != LinkPurpose.SHEET:
        chosen = None
    return _page(company, url_for(".of_company", company_slug=company.slug), links=links, link=chosen)


@bp.post("/companies/<company_slug>/sheet/link")
@allow("demand.on_behalf")
def make_link(company_slug: str) -> Page:
    """Make a personal link for the modules that are on the sheet."""
    session, actor, company, choice = db_session(), current_actor(), _company(company_slug), _choice()
    modules = demand_sheets.modules(session, actor, current_app.extensions["search"], company, choice)
    if not modules or not company.active:
        tell(gettext("Auf dem Bogen steht noch kein Modul. Wählen Sie ein Thema oder Suchwörter."), "error")
        return redirect(url_for(".of_company", company_slug=company.slug), 303)
    link = company_links.create(session, actor, company, LinkPurpose.SHEET, [module.id for module in modules])
    return redirect(url_for(".of_company", company_slug=company.slug, link=link.id), 303)


@bp.post("/companies/<company_slug>/sheet/link/<uuid:link_id>/revoke")
@allow("demand.on_behalf")
def revoke(company_slug: str, link_id: uuid.UUID) -> Page:
    """End a link."""
    company_links.revoke(db_session(), current_actor(), _company(company_slug), link_id)
    tell(gettext("Der Link gilt nicht mehr."))
    return redirect(url_for(".of_company", company_slug=company_slug), 303)


@bp.post("/companies/<company_slug>/demand/ask")
@allow("demand.on_behalf")
def ask(company_slug: str) -> Page:
    """Ask the company by mail to confirm what staff entered."""
    company, form = _company(company_slug), AskForm()
    try:
        if not form.validate():
            raise Invalid("email", str(form.email.errors[0] if form.email.errors else ""))
        email = (form.email.data or "").strip().lower()
        to = demand_links.ask(db_session(), settings(), current_actor(), company, email)
        tell(gettext("Die Mail geht an %(to)s.", to=", ".join(to)), title=gettext("Um Bestätigung gebeten."))
    except Invalid as refused:
        tell(" ".join(show(text) for text in refused.fields.values()), "error")
    except Conflict as refused:
        tell(show(refused.text), "info")
    return redirect(url_for("company_demand.index", company_slug=company.slug), 303)
