"""All blueprints in one place. Each has its template folder and its test file of the same name."""

from flask import Flask
from flask_bootstrap import Bootstrap5

from catalogue.web import (
    access,
    accounts,
    admin,
    api,
    bookmarks,
    commitments,
    companies,
    company_cooperation,
    company_demand,
    company_imports,
    compare,
    confirmations,
    curation,
    demand,
    demand_imports,
    digests,
    feedback,
    health,
    imports,
    links,
    measures,
    modules,
    pages,
    participation,
    people,
    planning,
    programmes,
    providers,
    retreats,
    runs,
    search,
    searches,
    sources,
    swot,
    users,
    wishes,
)

BLUEPRINTS = [
    search.bp,
    accounts.bp,
    links.bp,
    access.bp,
    confirmations.bp,
    commitments.bp,
    people.bp,
    admin.bp,
    companies.bp,
    company_imports.bp,
    users.bp,
    curation.bp,
    imports.bp,
    sources.bp,
    health.bp,
    modules.bp,
    bookmarks.bp,
    compare.bp,
    searches.bp,
    digests.bp,
    demand.bp,
    company_demand.bp,
    demand_imports.bp,
    wishes.bp,
    feedback.bp,
    swot.bp,
    company_cooperation.bp,
    measures.bp,
    runs.bp,
    providers.bp,
    programmes.bp,
    pages.bp,
    planning.bp,
    retreats.bp,
    participation.bp,
    api.bp,
]


def init(app: Flask) -> None:
    """Register all blueprints and Bootstrap-Flask's local files and macros."""
    Bootstrap5(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
