"""The pages that the network plans with, under /planning: one blueprint, one file per page."""

from catalogue.web.planning import matrix, overview, places
from catalogue.web.planning.blueprint import bp

__all__ = ["bp", "matrix", "overview", "places"]
from catalogue.web.planning import swot

__all__ = ["bp", "overview", "places", "swot"]
