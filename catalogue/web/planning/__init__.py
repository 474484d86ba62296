"""The pages that the network plans with, under /planning: one blueprint, one file per page."""

from catalogue.web.planning import (
    actions,
    cooperation,
    decisions,
    matrix,
    missing,
    overview,
    places,
    purposes,
    report_files,
    report_links,
    reports,
    runs,
    swot,
)
from catalogue.web.planning.blueprint import bp

__all__ = [
    "actions",
    "bp",
    "cooperation",
    "decisions",
    "matrix",
    "missing",
    "overview",
    "places",
    "purposes",
    "report_files",
    "report_links",
    "reports",
    "runs",
    "swot",
]
