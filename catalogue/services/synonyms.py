"""The synonyms that staff add to those of data/search: rules, traps, record. What they do is shown by synonym_effects.py."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import SynonymKind, SynonymRule
from catalogue.search.synonyms import rule_of_row
from catalogue.search.thesaurus import Rule, phrase, rules_of
from catalogue.services import audit, search_gaps
from catalogue.services.errors import NotFound
from catalogue.services.findings import one_line
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.synonym_rules import checked
from catalogue.texts import N_

__all__ = [
    "SynonymInput",
    "create",
    "file_rules",
    "get",
    "input_of",
    "listing",
    "prepared",
    "switch",
    "update",
    "wording",
]


@dataclass(frozen=True)
class SynonymInput:
    """A rule as it is written. ``gap`` is the search in vain that led to it."""

    kind: SynonymKind = SynonymKind.TWO_WAY
    terms: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    note: str = ""
    gap: str = ""


def listing(session: Session, actor: Actor, text: str = "") -> list[SynonymRule]:
    """Return the rules of staff whose words or note hold *text*, newest first, with who made them."""
    require(actor, "synonym.edit")
    rows = session.scalars(
        select(SynonymRule).options(joinedload(SynonymRule.created_by)).order_by(SynonymRule.created_at.desc())
    )
    wanted = text.strip().lower()
    return [row for row in rows if wanted in f"{wording(rule_of_row(row))} {row.note}".lower()]


def file_rules(actor: Actor, text: str = "") -> list[Rule]:
    """Return the rules that come with the catalogue and hold *text*; they cannot be edited here."""
    require(actor, "synonym.edit")
    wanted = text.strip().lower()
    return [rule for rule in rules_of("synonyms.txt") if wanted in wording(rule).lower()]


def wording(rule: Rule) -> str:
    """Return a rule as people read it: "a = b" or "a, b → c"."""
    if rule.targets:
        return f"{', '.join(rule.terms)} → {', '.join(rule.targets)}"
    return " = ".join(rule.terms)


def get(session: Session, actor: Actor, rule_id: uuid.UUID) -> SynonymRule:
    """Return one rule of staff; raises NotFound."""
    require(actor, "synonym.edit")
    found = session.scalar(
        select(SynonymRule).where(SynonymRule.id == rule_id).options(joinedload(SynonymRule.created_by))
    )
    if found is None:
        raise NotFound(N_("Diese Synonymregel gibt es nicht."))
    return found


def input_of(row: SynonymRule) -> SynonymInput:
    """Return what *row* says now."""
    return SynonymInput(row.kind, tuple(row.terms), tuple(row.targets), row.note, row.gap)


def prepared(session: Session, actor: Actor, given: SynonymInput, row: SynonymRule | None = None) -> Rule:
    """Return the rule that saving *given* (over *row*) would make; raises Invalid with the trap it would step into."""
    require(actor, "synonym.edit")
    two_way = select(SynonymRule).where(SynonymRule.active, SynonymRule.kind == SynonymKind.TWO_WAY)
    others = [rule_of_row(other) for other in session.scalars(two_way) if row is None or other.id != row.id]
    return checked(given.kind, given.terms, given.targets, given.note, others)


def create(session: Session, actor: Actor, given: SynonymInput) -> SynonymRule:
    """Add a rule; it counts for the next search. The gap that led to it is dealt with if the rule is about its words."""
    rule = prepared(session, actor, given)
    row = SynonymRule(created_by_id=actor.user_id, gap=search_gaps.wording(given.gap))
    _write(row, given, rule)
    session.add(row)
    session.flush()
    asked = set(phrase(row.gap))
    if any(asked.issuperset(phrase(term)) for term in rule.terms):
        search_gaps.settle(session, actor, row.gap)
    audit.record(session, actor, "synonym.create", row, wording(rule))
    return row


def update(session: Session, actor: Actor, row: SynonymRule, given: SynonymInput, version: int | None) -> SynonymRule:
    """Change a rule that was read at *version*; raises Stale or Invalid."""
    require(actor, "synonym.edit")
    claim(session, row, version, given, joinedload(SynonymRule.created_by))
    before = wording(rule_of_row(row))
    rule = prepared(session, actor, given, row)
    _write(row, given, rule)
    session.flush()
    audit.record(session, actor, "synonym.change", row, wording(rule), before=before)
    return row


def switch(session: Session, actor: Actor, row: SynonymRule, active: bool, version: int | None) -> None:
    """Let a rule count or not; one that counts again must still fit beside the others."""
    require(actor, "synonym.edit")
    claim(session, row, version, None, joinedload(SynonymRule.created_by))
    if row.active == active:
        return
    if active:
        prepared(session, actor, input_of(row), row)
    row.active = active
    session.flush()
    audit.record(session, actor, "synonym.on" if active else "synonym.off", row, wording(rule_of_row(row)))


def _write(row: SynonymRule, given: SynonymInput, rule: Rule) -> None:
    values: dict[str, Any] = {"kind": given.kind, "terms": list(rule.terms), "targets": list(rule.targets)}
    for name, value in values.items():
        setattr(row, name, value)
    row.note = one_line(given.note)
