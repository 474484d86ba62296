"""Who may do what around modules, in plain words: read from the table of permissions, never written down twice."""

import uuid
from dataclasses import dataclass

from catalogue.models import CompanyRole, NetworkRole
from catalogue.services.permissions import VISITOR, Actor, Own, can
from catalogue.texts import N_

__all__ = ["ROLES", "VERBS", "Role", "Row", "matrix"]

_COMPANY = uuid.UUID(int=1)


@dataclass(frozen=True)
class Role:
    """A column: what it is called, and somebody who has the role."""

    label: str
    actor: Actor


@dataclass(frozen=True)
class Row:
    """What is done, and for each role whether it may."""

    label: str
    allowed: tuple[bool, ...]


ROLES = (
    Role(N_("Besucher"), VISITOR),
    Role(N_("Unternehmen"), Actor(user_id=_COMPANY, company_id=_COMPANY, company_role=CompanyRole.ADMIN)),
    Role(N_("Netzwerkbüro"), Actor(user_id=_COMPANY, network_role=NetworkRole.CURATOR)),
    Role(N_("Netzwerk-Admin"), Actor(user_id=_COMPANY, network_role=NetworkRole.ADMIN)),
)
VERBS = {
    "catalogue.search": N_("Veröffentlichte Module finden und lesen"),
    "demand.edit": N_("Bedarf des eigenen Unternehmens eintragen"),
    "feedback.write": N_("Rückmeldung zu einem Modul geben"),
    "module.see_unpublished": N_("Entwürfe und Archiviertes sehen"),
    "module.edit": N_("Module anlegen, ändern und zur Prüfung geben"),
    "module.publish": N_("Veröffentlichen, archivieren, wartende Fassungen übernehmen, Tage festlegen"),
    "module.confirm": N_("Angaben bestätigen und Anbieter fragen"),
    "module.history": N_("Verlauf sehen, Fassungen vergleichen"),
    "module.import": N_("Listen importieren"),
    "module.merge": N_("Doppelte Module zusammenführen"),
    "run.edit": N_("Termine pflegen"),
    "measure.edit": N_("Maßnahmen pflegen"),
    "provider.edit": N_("Anbieter und Programme pflegen"),
    "vocabulary.edit": N_("Begriffe pflegen"),
    "catalogue.load": N_("Den ganzen Katalog laden"),
}


def matrix() -> list[Row]:
    """Return one row per verb."""
    own = Own(_COMPANY)
    return [Row(label, tuple(can(role.actor, verb, own) for role in ROLES)) for verb, label in VERBS.items()]
