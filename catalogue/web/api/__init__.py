"""The API under ``/api/v1``: the same services and rights as the pages, JSON in and out. Described by ``catalogue/web/openapi.json``."""

from catalogue.web.api import demand, feedback, modules, reports, wishes  # noqa: F401 - they register their views
from catalogue.web.api.blueprint import bp

__all__ = ["bp"]
