"""Member companies, as the network office looks after them."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from catalogue.models import Company, CompanyRole, SizeClass, Vocabulary
from catalogue.services import (
    access_requests,
    audit,
    companies,
    company_demand,
    company_lists,
    invitations,
    people,
    vocabularies,
)
from catalogue.services.companies import CompanyInput, CompanyQuery
from catalogue.services.errors import Conflict, Invalid, Stale
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import label
from catalogue.web.forms.companies import CompanyForm, InviteForm, ProfileForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show as shown
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.numbers import page_number
from catalogue.web.people import tell_invited
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session

bp = Blueprint("companies", __name__, url_prefix="/admin/companies")


def _query() -> CompanyQuery:
    """The list as the address asks for it; what makes no sense is left out."""
    wanted = {name: request.args.get(name, "")[:200] for name in ("sector", "region", "size", "state")}
    return CompanyQuery(
        request.args.get("q", "")[:200], **wanted, sort=request.args.get("sort", "name"), page=page_number()
    )


@bp.get("")
@allow("company.list")
def index() -> str:
    """List companies, with search, filters and sort."""
    query = _query()
    page = companies.find(db_session(), current_actor(), query)
    said = company_demand.summaries(db_session(), current_actor(), [company.id for company in page.companies])
    return render_template(
        "companies/index.html",
        page=page,
        said=said,
        query=query,
        filtered=query != CompanyQuery(sort=query.sort, page=query.page),
        sectors=_terms(Vocabulary.SECTOR),
        regions=_terms(Vocabulary.REGION),
        sizes=list(SizeClass),
    )


@bp.get("/list.<any(csv, xlsx):name>")
@allow("company.list")
@limiter.limit(EXPORT)
def export(name: str) -> Response:
    """Send exactly the companies of the list, all pages of it, with the columns that can be imported again."""
    table = company_lists.table(db_session(), current_actor(), _query())
    with database().write() as recording:
        audit.record(recording, current_actor(), "companies.exported", format=name, rows=len(table.rows))
    return download(table, format_of(name))


def _terms(vocabulary: Vocabulary) -> list[SelectChoice]:
    return [SelectChoice(term.code, label(term)) for term in vocabularies.terms(db_session(), vocabulary)]


def offer_terms(form: ProfileForm) -> None:
    """Set the sectors and regions that *form* offers."""
    form.offer(_terms(Vocabulary.SECTOR), _terms(Vocabulary.REGION))


def _form(values: CompanyInput | None = None, version: int = 0) -> CompanyForm:
    form = CompanyForm()
    offer_terms(form)
    if values is not None and request.method != "POST":
        form.fill(values, version)
    return form


@bp.route("/new", methods=["GET", "POST"])
@allow("company.create")
def create() -> Response | str | tuple[str, int]:
    """Add a company."""
    form = _form(CompanyInput(""))
    if request.method != "POST":
        return render_template("companies/create.html", form=form)
    if not form.validate():
        return render_template("companies/create.html", form=form), 422
    try:
        made = companies.create(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return render_template("companies/create.html", form=form), 422
    tell(gettext("Laden Sie jetzt Personen ein."), "ok", title=gettext("%(name)s ist angelegt.", name=made.name))
    return redirect(url_for("companies.show", company_slug=made.slug) + "#people", 303)


def _page(company: Company, form: CompanyForm, invite_form: InviteForm, stale: Stale | None = None) -> str:
    actor = current_actor()
    may = people.may_edit(actor, company)
    return render_template(
        "companies/show.html",
        company=company,
        form=invite_form if invite_form.errors else form,
        company_form=form,
        invite_form=invite_form,
        stale=stale,
        members=people.listed(db_session(), actor, company),
        pending=invitations.pending(db_session(), actor, company) if may else [],
        requests=access_requests.of_company(db_session(), actor, company) if may else [],
        may=may,
        roles=list(CompanyRole),
    )


@bp.get("/<company_slug>")
@allow("company.list")
def show(company_slug: str) -> str:
    """Show one company with its people."""
    company = companies.get(db_session(), current_actor(), company_slug)
    return _page(company, _form(companies.values_of(company), company.version), InviteForm())


@bp.post("/<company_slug>")
@allow("company.create")
@confirmed
def update(company_slug: str) -> Response | tuple[str, int]:
    """Change a company."""
    company = companies.get(db_session(), current_actor(), company_slug)
    form = _form()
    if not form.validate():
        return _page(company, form, InviteForm(formdata=None)), 422
    try:
        companies.update(db_session(), current_actor(), company, form.input(), form.version.data or 0)
    except Stale as stale:
        form.form_errors = [shown(stale.text)]
        form.version.renew(company.version)
        return _page(company, form, InviteForm(formdata=None), stale), 409
    except Invalid as refused:
        attach(form, refused)
        db_session().rollback()
        company = companies.get(db_session(), current_actor(), company_slug)
        return _page(company, form, InviteForm(formdata=None)), 422
    flash(gettext("%(name)s ist gespeichert.", name=company.name), "ok")
    return redirect(url_for("companies.show", company_slug=company.slug), 303)


@bp.post("/<company_slug>/invitations")
@allow("company.create")
@confirmed
def invite(company_slug: str) -> Response | tuple[str, int]:
    """Invite somebody into a company."""
    company = companies.get(db_session(), current_actor(), company_slug)
    form = InviteForm()
    try:
        if form.validate():
            invitations.invite(db_session(), settings(), current_actor(), company, form.input())
            tell_invited(form.email.data)
            return redirect(url_for("companies.show", company_slug=company_slug) + "#people", 303)
    except Invalid as refused:
        attach(form, refused)
    except Conflict as refused:
        form.form_errors = [shown(refused.text)]
    return _page(company, _stored(company), form), 422


def _stored(company: Company) -> CompanyForm:
    """Return the company's form as stored, while another form of the page was posted."""
    form = CompanyForm(formdata=None)
    offer_terms(form)
    form.fill(companies.values_of(company), company.version)
    return form
