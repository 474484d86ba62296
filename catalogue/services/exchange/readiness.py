"""What a module still has to say before another catalogue takes it: one list of rules per target, asked of the database.

The rules are conditions of the database, so that the list of staff can be filtered by them and the edit form asks the same ones.
Tests hold them against what the forms give: a module is ready exactly if its document is valid (schema.org: has every required field).
KURSNET's rules are those of its admission (at least four teaching units, open to everybody, in German, no talks or conferences).
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from catalogue.db import Session
from catalogue.models import Module, OfferStatus, Run, RunState, Term, Vocabulary, module_term
from catalogue.services.exchange.facts import FORMATS, PRICES
from catalogue.services.permissions import Actor, require
from catalogue.services.reports import today
from catalogue.texts import N_

__all__ = ["BY_NAME", "RUNS", "TARGETS", "Rule", "Standing", "Target", "condition", "of_modules"]

RUNS = "runs"  # a rule's field that is no field of the form: runs have pages of their own
SHORTEST = 4 * 45  # minutes that KURSNET wants at least: four teaching units
NOT_OPEN = (
    "inhouse",
    "webinar",
    "fachtagung",
)  # formats that KURSNET refuses: inside a company, single talks, conferences
NO_OFFER = (OfferStatus.IDEA, OfferStatus.DRAFTING, OfferStatus.DISCONTINUED)
LONGEST_TITLE = 255


@dataclass(frozen=True)
class Rule:
    """One thing that a target wants: name of its condition, field of the form that mends it, and what to do there."""

    name: str
    field: str
    text: str
    required: bool = False


@dataclass(frozen=True)
class Target:
    """A catalogue or format that modules are made ready for; ``label`` is its own name."""

    name: str
    label: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Standing:
    """How one module stands with one target."""

    target: Target
    missing: tuple[Rule, ...]

    @property
    def required(self) -> list[Rule]:
        """What the target refuses the module for."""
        return [rule for rule in self.missing if rule.required]

    @property
    def recommended(self) -> list[Rule]:
        """What makes the entry better."""
        return [rule for rule in self.missing if not rule.required]

    @property
    def ready(self) -> bool:
        """Whether the target takes the module."""
        return not self.required


PROVIDER = N_("Nennen Sie den Anbieter.")
DURATION = N_("Tragen Sie die Dauer in Minuten ein.")
MODE = N_("Ordnen Sie ein Format zu: vor Ort, online oder beides.")
PRICE = N_("Sagen Sie, ob das Modul etwas kostet.")
DESCRIPTION = Rule("description", "summary", N_("Beschreiben Sie das Modul; sonst steht dort nur der Titel."))
TOPIC = Rule("topic", "terms_topic", N_("Ordnen Sie ein Thema zu."))
LANGUAGE = Rule("languages", "languages", N_("Nennen Sie die Sprache."))
CERTIFICATE = Rule("certificate", "terms_certificate", N_("Ordnen Sie den Abschluss zu."))
RUN = Rule("run", RUNS, N_("Legen Sie einen kommenden Termin an."))
TARGETS = (
    Target("schema_org", "schema.org", (
        Rule("provider", "provider", PROVIDER, required=True),
        Rule("mode", "terms_format", MODE, required=True),
        Rule("duration", "duration_minutes", DURATION, required=True),
        Rule("price", "terms_price", PRICE, required=True),
        DESCRIPTION, TOPIC,
        Rule("objectives", "objectives", N_("Nennen Sie Lernziele.")),
        Rule("prerequisites", "prerequisites", N_("Nennen Sie die Voraussetzungen, auch wenn es keine gibt.")),
        Rule("level", "terms_level", N_("Ordnen Sie ein Niveau zu.")),
        CERTIFICATE, LANGUAGE, RUN,
    )),
    Target("amb", "AMB", (
        DESCRIPTION, TOPIC, Rule("provider", "provider", PROVIDER), LANGUAGE, Rule("price", "terms_price", PRICE),
    )),
    Target("moochub", "MOOChub", (
        Rule("provider", "provider", N_("Nennen Sie den Anbieter; sonst steht dort der Katalog.")),
        DESCRIPTION, Rule("mode", "terms_format", MODE), Rule("duration", "duration_minutes", DURATION),
        Rule("price", "terms_price", PRICE), Rule("amount", "price_amount", N_("Nennen Sie den Preis in Euro.")),
        CERTIFICATE, LANGUAGE, RUN,
    )),
    Target("kursnet", "KURSNET", (
        Rule("provider", "provider", N_("Nennen Sie den Anbieter: Er trägt den Kurs ein."), required=True),
        Rule("four_units", "duration_minutes", N_("Tragen Sie die Dauer ein: mindestens 4 Unterrichtseinheiten (180 Minuten)."), required=True),
        Rule("open", "terms_format", N_("Firmeninterne Schulungen, Vorträge und Tagungen nimmt KURSNET nicht auf: Ordnen Sie ein offenes Format zu, wenn es das gibt."), required=True),
        Rule("german", "languages", N_("KURSNET nimmt Kurse auf Deutsch auf: Nennen Sie „de“, wenn das stimmt."), required=True),
        Rule("short_title", "title", N_("Kürzen Sie den Titel auf 255 Zeichen."), required=True),
        DESCRIPTION, TOPIC, Rule("mode", "terms_format", MODE), CERTIFICATE, RUN,
        Rule("offered", "offer_status", N_("Der Reifegrad sagt, dass es das Angebot noch nicht oder nicht mehr gibt.")),
    )),
)  # fmt: skip
BY_NAME = {target.name: target for target in TARGETS}


def _has(vocabulary: Vocabulary, *condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    found = sa.select(module_term.c.module_id).join(Term, Term.id == module_term.c.term_id)
    return found.where(module_term.c.module_id == Module.id, Term.vocabulary == vocabulary, *condition).exists()


def _has_run(*condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.select(Run.id).where(Run.module_id == Module.id, *condition).exists()


def _listed(column: sa.orm.InstrumentedAttribute[list[str]]) -> sa.ColumnElement[bool]:
    return sa.cast(column, sa.Text) != "[]"


def _met() -> dict[str, sa.ColumnElement[bool]]:
    """Return the condition of each rule by its name; none of them is ever NULL."""
    last_day = sa.func.coalesce(Run.ends_on, Run.starts_on)
    paid = sa.func.coalesce(Module.price_amount, 0) > 0
    said_by = (Module.summary, Module.description)
    return {
        "provider": sa.or_(Module.provider_id.is_not(None), Module.provider_text != ""),
        "mode": sa.or_(_has(Vocabulary.FORMAT, Term.code.in_(FORMATS)), _has_run(sa.or_(Run.online, Run.place != ""))),
        "duration": Module.duration_minutes.is_not(None),
        "price": sa.or_(Module.price_amount.is_not(None), _has(Vocabulary.PRICE, Term.code.in_(PRICES))),
        "amount": sa.or_(paid, Module.price_amount == 0, ~_has(Vocabulary.PRICE, Term.code == PRICES[1])),
        "description": sa.or_(*(text != "" for text in said_by), _listed(Module.objectives), _listed(Module.contents)),
        "topic": _has(Vocabulary.TOPIC),
        "objectives": _listed(Module.objectives),
        "prerequisites": Module.prerequisites != "",
        "level": sa.or_(Module.dqr.is_not(None), Module.level_text != "", _has(Vocabulary.LEVEL)),
        "certificate": _has(Vocabulary.CERTIFICATE),
        "languages": _listed(Module.languages),
        "run": _has_run(
            last_day >= sa.bindparam(None, callable_=today, type_=sa.Date), Run.state != RunState.CANCELLED
        ),
        "four_units": sa.func.coalesce(Module.duration_minutes, 0) >= SHORTEST,
        "open": sa.or_(_has(Vocabulary.FORMAT, Term.code.not_in(NOT_OPEN)), ~_has(Vocabulary.FORMAT)),
        "german": sa.or_(~_listed(Module.languages), sa.cast(Module.languages, sa.Text).contains('"de"')),
        "short_title": sa.func.length(Module.title) <= LONGEST_TITLE,
        "offered": sa.or_(Module.offer_status.is_(None), Module.offer_status.not_in(NO_OFFER)),
    }


MET = _met()


def condition(name: str) -> sa.ColumnElement[bool]:
    """Return the condition that finds the modules ready for the target *name*; "-" before it: not ready. KeyError: no such target."""
    required = [MET[rule.name] for rule in BY_NAME[name.removeprefix("-")].rules if rule.required]
    ready = sa.and_(sa.true(), *required)
    return sa.not_(ready) if name.startswith("-") else ready


def of_modules(session: Session, actor: Actor, modules: Collection[uuid.UUID]) -> dict[uuid.UUID, Sequence[Standing]]:
    """Return how each of the modules (as saved) stands with each target, in the order of ``TARGETS``; one question for all of them."""
    require(actor, "module.see_unpublished")
    columns = [met.label(name) for name, met in MET.items()]
    rows = session.execute(sa.select(Module.id, *columns).where(Module.id.in_(modules))).mappings()
    return {row["id"]: [_standing(target, row) for target in TARGETS] for row in rows}


def _standing(target: Target, met: sa.RowMapping) -> Standing:
    return Standing(target, tuple(rule for rule in target.rules if not met[rule.name]))
