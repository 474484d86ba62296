"""All blueprints in one place. Each has its template folder and its test file of the same name."""

from flask import Flask
from flask_bootstrap import Bootstrap5

from catalogue.web import accounts, demand, health, measures, modules, pages, programmes, providers, search

BLUEPRINTS = [search.bp, accounts.bp, health.bp, modules.bp, demand.bp, measures.bp, providers.bp, programmes.bp, pages.bp]


def init(app: Flask) -> None:
    """Register all blueprints and Bootstrap-Flask's local files and macros."""
    Bootstrap5(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
