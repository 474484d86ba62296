"""The parts of the planning, in the order of the tabs."""

from catalogue.texts import N_
from catalogue.web.frame import Place, link
from catalogue.web.languages import show
from catalogue.web.planning.blueprint import bp

__all__ = ["planning_places"]

PLACES: tuple[tuple[str, str], ...] = (
    ("planning.index", N_("Überblick")),
    ("planning.matrix", N_("Bedarf und Plätze")),
    ("planning.runs", N_("Kommt zustande?")),
    ("planning.cooperation", N_("Zusammenarbeit")),
    ("planning.missing", N_("Was fehlt")),
    ("planning.swot", N_("Stärken und Schwächen")),
    ("planning.decisions", N_("Entscheidungen")),
    ("planning.reports", N_("Berichte")),
)


@bp.app_template_global()
def planning_places(current: str) -> list[Place]:
    """Return the tabs of the planning pages, only those that exist; *current*: the endpoint of the page that shows them."""
    return [Place(show(label), url, endpoint == current) for endpoint, label in PLACES if (url := link(endpoint))]
