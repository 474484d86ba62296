"""What is known about the own company, and what its admins change of it."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Company
from catalogue.services import companies
from catalogue.services.errors import Invalid, NotAllowed, Stale
from catalogue.services.permissions import Own, can
from catalogue.texts import N_
from catalogue.web.auth import allow, current_actor
from catalogue.web.companies import offer_terms
from catalogue.web.company import bp
from catalogue.web.forms.companies import ProfileForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

__all__ = ["bp"]


@bp.route("/profile", methods=["GET", "POST"])
@allow("company.home")
def profile() -> Response | str | tuple[str, int]:
    """Show the own company's data; its admins change what it says about itself."""
    session, actor = db_session(), current_actor()
    company = companies.get_by_id(session, actor, actor.company_id)
    form = ProfileForm()
    offer_terms(form)
    if request.method != "POST":
        form.fill(companies.values_of(company), company.version)
        return _page(company, form)
    if not can(actor, "company.edit_profile", Own(company.id)):
        raise NotAllowed(N_("Das ändern die Admins Ihres Unternehmens."))
    if not form.validate():
        return _page(company, form), 422
    try:
        companies.update_profile(session, actor, company, form.profile(), form.version.data)
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(company.version)
        return _page(company, form, stale), 409
    except Invalid as refused:
        attach(form, refused)
        session.rollback()
        return _page(companies.get_by_id(session, actor, actor.company_id), form), 422
    tell(gettext("Das Netzwerkbüro sieht die neuen Angaben sofort."), title=gettext("Gespeichert."))
    return redirect(url_for(".profile"), 303)


def _page(company: Company, form: ProfileForm, stale: Stale | None = None) -> str:
    may = can(current_actor(), "company.edit_profile", Own(company.id))
    return render_template("company/profile.html", company=company, form=form, may=may, stale=stale)
