"""The pages of network staff under /curation: one blueprint, one file per thing."""

from catalogue.web.curation import (
    bulk,
    duplicates,
    feedback,
    freshness,
    gaps,
    history,
    measures,
    modules,
    pending,
    providers,
    runs,
    start,
    steps,
    synonyms,
    vocabularies,
    worklists,
)
from catalogue.web.curation.blueprint import bp

__all__ = [
    "bp",
    "bulk",
    "duplicates",
    "feedback",
    "freshness",
    "gaps",
    "history",
    "measures",
    "modules",
    "pending",
    "providers",
    "runs",
    "start",
    "steps",
    "synonyms",
    "vocabularies",
    "worklists",
]
