"""What a module should state, and which of it is missing: shown to staff as work, never filled by guessing."""

from dataclasses import dataclass

import sqlalchemy as sa

from catalogue.models import Module, Term, module_term
from catalogue.texts import N_

__all__ = ["CRITERIA", "Criterion", "Score", "lacking", "missing_condition", "score", "stated_count"]


@dataclass(frozen=True)
class Criterion:
    """One thing a module should state: in one of these columns, or as a term of one of these vocabularies.

    ``field`` names the form field where it is entered.
    """

    name: str
    label: str
    field: str
    columns: tuple[str, ...] = ()
    vocabularies: tuple[str, ...] = ()

    def stated(self, module: Module) -> bool:
        """Whether *module* states it; its terms are loaded."""
        return any(getattr(module, column) not in (None, "", []) for column in self.columns) or any(
            term.vocabulary in self.vocabularies for term in module.terms
        )


# after the minimum and further attributes that WISY asks of a course (recommendation of the IWWB, 2011)
CRITERIA = (
    Criterion("summary", N_("Beschreibung"), "summary", ("summary", "description", "contents")),
    Criterion("topic", N_("Thema"), "terms_topic", (), ("topic",)),
    Criterion("provider", N_("Anbieter"), "provider", ("provider_id", "provider_text")),
    Criterion("duration", N_("Dauer"), "duration_text", ("duration_text", "duration_minutes")),
    Criterion("format", N_("Format"), "terms_format", ("format_text",), ("format",)),
    Criterion("audience", N_("Zielgruppe"), "terms_audience", ("audience_text",), ("audience",)),
    Criterion("level", N_("Niveau"), "terms_level", ("level_text", "dqr"), ("level", "hv_level")),
    Criterion("place", N_("Ort"), "place_text", ("place_text",), ("region",)),
    Criterion("price", N_("Kosten"), "price_text", ("price_text", "price_amount"), ("price",)),
    Criterion("certificate", N_("Abschluss"), "certificate_text", ("certificate_text",), ("certificate",)),
    Criterion("objectives", N_("Lernziele"), "objectives", ("objectives",)),
    Criterion("contents", N_("Inhalte"), "contents", ("contents",)),
    Criterion("prerequisites", N_("Voraussetzungen"), "prerequisites", ("prerequisites",)),
    Criterion("status", N_("Reifegrad"), "offer_status", ("offer_status",)),
    Criterion("as_of", N_("Stand"), "as_of", ("as_of",)),
)
BY_NAME = {criterion.name: criterion for criterion in CRITERIA}


def lacking(module: Module) -> list[Criterion]:
    """Return what *module* does not state, the most important first."""
    return [criterion for criterion in CRITERIA if not criterion.stated(module)]


@dataclass(frozen=True)
class Score:
    """How many of the criteria a module states."""

    stated: int
    of: int


def score(module: Module) -> Score:
    """Return how complete *module* is; its terms are loaded."""
    return Score(len(CRITERIA) - len(lacking(module)), len(CRITERIA))


def stated_count() -> sa.ColumnElement[int]:
    """Return the expression by which modules are sorted by :func:`score`."""
    lacks: sa.ColumnElement[int] = sa.literal(0)
    for criterion in CRITERIA:
        lacks = lacks + sa.case((missing_condition(criterion.name), 1), else_=0)
    return sa.literal(len(CRITERIA)) - lacks


def missing_condition(name: str) -> sa.ColumnElement[bool]:
    """Return the condition that finds the modules that do not state the criterion *name* (KeyError if there is none)."""
    criterion = BY_NAME[name]
    conditions = [_empty(column) for column in criterion.columns]
    if criterion.vocabularies:
        stated = (
            sa.select(module_term.c.module_id)
            .join(Term, Term.id == module_term.c.term_id)
            .where(Term.vocabulary.in_(criterion.vocabularies))
        )
        conditions.append(Module.id.not_in(stated))
    return sa.and_(*conditions)


def _empty(column: str) -> sa.ColumnElement[bool]:
    attribute = getattr(Module, column)
    kind = attribute.type
    if isinstance(kind, sa.JSON):
        return sa.cast(attribute, sa.Text) == "[]"
    if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum):
        return sa.or_(attribute.is_(None), attribute == "")
    empty: sa.ColumnElement[bool] = attribute.is_(None)
    return empty
