"""Pages that say in machine-readable words what they show: JSON-LD in the head of public pages."""

from collections.abc import Sequence

from markupsafe import Markup

from catalogue.models import Module
from catalogue.services.exchange import schema_org
from catalogue.services.exchange.facts import facts_of
from catalogue.web.auth import settings

__all__ = ["course_script", "list_script"]


def course_script(module: Module) -> Markup:
    """Return the script element of a published module, "" for any other."""
    return _script(schema_org.course(facts_of(module, settings().base_url))) if module.is_public else Markup()


def list_script(modules: Sequence[Module], first: int) -> Markup:
    """Return the script element of one page of an overview; *first*: the place of its first module among all."""
    return _script(schema_org.item_list(modules, settings().base_url, first)) if modules else Markup()


def _script(node: schema_org.Node) -> Markup:
    # schema_org.script leaves nothing that could end the element
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(schema_org.script(node)))  # noqa: S704
