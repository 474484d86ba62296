"""The pages of network staff under /curation: one blueprint, one file per thing."""

from catalogue.web.curation import feedback, history, measures, modules, providers, runs, start, steps, vocabularies
from catalogue.web.curation.blueprint import bp

__all__ = ["bp", "feedback", "history", "measures", "modules", "providers", "runs", "start", "steps", "vocabularies"]
