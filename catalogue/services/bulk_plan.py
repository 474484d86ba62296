"""What one change would mean for each of many modules: what differs afterwards, or why it is not possible."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalogue.db import Session
from catalogue.models import Module, ModuleVersion, OfferStatus, Term, User, WorkflowState
from catalogue.services import module_history, reviewers, workflow
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.findings import Findings
from catalogue.services.module_batches import Batch, Prepared
from catalogue.services.module_history import Difference
from catalogue.services.module_input import VOCABULARIES, ModuleInput, input_of
from catalogue.services.module_references import Held
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_, Labelled, Text

__all__ = ["NOTHING", "BulkInput", "Outcome", "Planned", "Planner", "TermAction"]

NOTHING = "-"  # as a value: no provider, no status, nobody
COLUMNS = ("reviewer_id", "published_at", "publish_on", "archive_on")  # written beside what the history holds
WRONG_STATE = {
    WorkflowState.DRAFT: N_("Das Modul ist ein Entwurf."),
    WorkflowState.REVIEW: N_("Das Modul ist in Prüfung."),
    WorkflowState.PUBLISHED: N_("Das Modul ist schon veröffentlicht."),
    WorkflowState.ARCHIVED: N_("Das Modul ist archiviert."),
}
STATUSES = {status.value: status for status in OfferStatus}


class TermAction(Labelled):
    """What happens to a term of the modules."""

    ADD = "add", N_("hinzufügen")
    REMOVE = "remove", N_("entfernen")
    REPLACE = "replace", N_("ersetzen durch")


@dataclass(frozen=True)
class BulkInput:
    """What shall change; "" leaves it as it is, ``NOTHING`` empties it.

    ``term`` and ``by`` are vocabulary and code ("topic:recycling"), ``provider`` is a slug, ``reviewer`` the id of a user,
    ``step`` a key of ``workflow.STEPS``.
    """

    term_action: str = ""
    term: str = ""
    by: str = ""
    status: str = ""
    provider: str = ""
    step: str = ""
    reviewer: str = ""


class Outcome(Labelled):
    """What the change means for one module."""

    CHANGED = "changed", N_("Ändert sich")
    UNCHANGED = "unchanged", N_("Bleibt gleich")
    BLOCKED = "blocked", N_("Geht nicht")


@dataclass(frozen=True)
class Planned:
    """One module with what would become of it. ``reasons`` say why nothing does; ``prepared`` can be written."""

    module: Module
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    reasons: tuple[Text, ...] = ()
    prepared: Prepared | None = None


@dataclass(frozen=True)
class _Wanted:
    """The input with the things it names."""

    term: Term | None = None
    by: Term | None = None
    reviewer: User | None = None
    codes: Mapping[str, str] = field(default_factory=dict)


class Planner:
    """Works one change out for modules that have terms, provider and programme loaded. Raises Invalid for what makes no sense."""

    def __init__(self, session: Session, actor: Actor, given: BulkInput) -> None:
        require(actor, "module.edit")
        require(actor, "module.publish")
        self.session, self.given = session, given
        self.batch = Batch(session, actor)
        self.wanted = _check(session, actor, given, self.batch.known)

    def plan(self, modules: Sequence[Module]) -> list[Planned]:
        """Return what would become of each of *modules*, in their order."""
        newest = module_history.newest(self.session, [module.id for module in modules])
        return [self._plan(module, newest.get(module.id)) for module in modules]

    def _plan(self, module: Module, before: ModuleVersion | None) -> Planned:
        said = self._said(input_of(module))
        try:
            columns = self._columns(module, said)
            state = columns.pop("state")
            prepared = self.batch.change(module, said, before, state, columns)
        except Invalid as refused:
            return Planned(module, Outcome.BLOCKED, reasons=tuple(refused.fields.values()))
        except Conflict as refused:
            return Planned(module, Outcome.BLOCKED, reasons=(refused.text,))
        if prepared is None:
            return Planned(module, Outcome.UNCHANGED)
        found = module_history.compare(module_history.snapshot(module), prepared.snapshot)
        if columns["reviewer_id"] != module.reviewer_id and self.given.reviewer:
            found.append(Difference("reviewer", _text(module.reviewer_id), _text(columns["reviewer_id"])))
            prepared = replace(prepared, changed=[*prepared.changed, "reviewer"])
        return Planned(module, Outcome.CHANGED, tuple(found), prepared=prepared)

    def _said(self, current: ModuleInput) -> ModuleInput:
        given = self.given
        values: dict[str, Any] = {}
        if given.status:
            values["offer_status"] = STATUSES.get(given.status)
        if given.provider:
            values["provider"] = "" if given.provider == NOTHING else given.provider
        if (term := self.wanted.term) is not None:
            codes = self._codes(set(current.terms.get(term.vocabulary, ())), term)
            others = {name: kept for name, kept in current.terms.items() if name != term.vocabulary}
            values["terms"] = {**others, term.vocabulary: tuple(sorted(codes))} if codes else others
        return replace(current, **values)

    def _codes(self, codes: set[str], term: Term) -> set[str]:
        if self.given.term_action == TermAction.ADD:
            return codes | {term.code}
        if self.given.term_action == TermAction.REPLACE and self.wanted.by is not None and term.code in codes:
            return codes - {term.code} | {self.wanted.by.code}
        return codes - {term.code} if self.given.term_action == TermAction.REMOVE else codes

    def _columns(self, module: Module, said: ModuleInput) -> dict[str, Any]:
        """Return state, reviewer and days after the step; raises Conflict and Invalid where it cannot be taken."""
        columns: dict[str, Any] = {name: getattr(module, name) for name in ("state", *COLUMNS)}
        step = workflow.STEPS.get(self.given.step)
        if step is not None and module.state != step.target:
            if module.state not in step.sources:
                raise Conflict(WRONG_STATE[module.state])
            columns |= workflow.outcome(module, step.name, said, self.wanted.reviewer)
        elif self.given.reviewer and module.state == WorkflowState.REVIEW:
            columns["reviewer_id"] = self.wanted.reviewer.id if self.wanted.reviewer else None
        if self.given.reviewer and columns["state"] != WorkflowState.REVIEW:
            raise Conflict(N_("Nur ein Modul in Prüfung hat jemanden, der prüfen soll."))
        return columns


def _text(identity: uuid.UUID | None) -> str:
    return str(identity or "")


def _check(session: Session, actor: Actor, given: BulkInput, known: Held) -> _Wanted:
    findings = Findings()
    if not any((given.term_action, given.status, given.provider, given.step, given.reviewer)):
        raise Invalid("", N_("Wählen Sie mindestens eine Änderung."))
    if given.status not in ("", NOTHING, *STATUSES):
        findings.add("status", N_("Wählen Sie einen Reifegrad aus der Liste."))
    if given.provider not in ("", NOTHING) and known.provider(given.provider) is None:
        findings.add("provider", N_("Wählen Sie einen Anbieter aus der Liste."))
    if given.step not in ("", *workflow.STEPS):
        findings.add("step", N_("Wählen Sie einen Schritt aus der Liste."))
    term, by = (_term(known, key) for key in (given.term, given.by))
    _check_terms(given, term, by, findings)
    findings.raise_any()
    reviewer = reviewers.find(session, actor, "" if given.reviewer == NOTHING else given.reviewer)
    return _Wanted(term if given.term_action else None, by, reviewer)


def _check_terms(given: BulkInput, term: Term | None, by: Term | None, findings: Findings) -> None:
    if not given.term_action:
        return
    if given.term_action not in set(TermAction):
        findings.add("term_action", N_("Wählen Sie hinzufügen, entfernen oder ersetzen."))
    if term is None:
        findings.add("term", N_("Wählen Sie einen Begriff aus der Liste."))
    if given.term_action != TermAction.REPLACE:
        return
    if by is None:
        findings.add("by", N_("Wählen Sie den Begriff, der an seine Stelle tritt."))
    elif term is not None and (by.vocabulary != term.vocabulary or by.id == term.id):
        findings.add("by", N_("Wählen Sie einen anderen Begriff derselben Liste."))


def _term(known: Held, key: str) -> Term | None:
    vocabulary, _, code = key.partition(":")
    return known.terms({(vocabulary, code)}).get((vocabulary, code)) if vocabulary in VOCABULARIES else None
