"""What other catalogues still miss: ready is said exactly of modules whose documents are valid, in the list as in the filter."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from catalogue.db import Session
from catalogue.models import Module, Run, RunState, Term, Vocabulary
from catalogue.paths import resources
from catalogue.services import documents, loading
from catalogue.services.exchange import amb, moochub, readiness, schema_org
from catalogue.services.exchange.facts import Facts, facts_of
from catalogue.services.module_listing import ListingQuery, listing
from catalogue.services.modules import LOADED
from catalogue.services.permissions import SYSTEM
from catalogue.services.reports import today
from catalogue.web.forms.module import GROUPS
from tests import factories
from tests.conftest import ON_SQLITE
from tests.services.test_exchange_standards import amb_validator, faults, moochub_faults

BASE = "https://katalog.example.org"


def course_faults(node: dict[str, Any]) -> list[str]:
    """What Google's course information requires of a course and of each instance."""
    wrong = [name for name in ("name", "description", "provider", "offers", "hasCourseInstance") if not node.get(name)]
    wrong += [] if node.get("provider", {}).get("name") else ["provider.name"]
    wrong += [] if node["offers"].get("category") in ("Free", "Paid") else ["offers.category"]
    for instance in node["hasCourseInstance"]:
        wrong += [] if instance.get("courseMode") in ("Online", "Onsite", "Blended") else ["courseMode"]
        wrong += [] if instance.get("courseWorkload") or instance.get("courseSchedule") else ["courseWorkload"]
    return wrong


def is_admitted(facts: Facts) -> bool:
    """KURSNET's rules of admission as far as a module can tell, in other words than those of the database."""
    module = facts.module
    formats = {term.code for term in module.terms_of(Vocabulary.FORMAT)}
    is_course = not formats or bool(formats - {"inhouse", "webinar", "fachtagung"})
    in_german = not module.languages or "de" in module.languages
    return bool(facts.provider) and (module.units or 0) >= 4 and is_course and in_german and len(module.title) <= 255


def fill_in(session: Session, modules: list[Module]) -> None:
    """Let many modules say what the real ones do not: without that hardly any would be ready for everything."""
    terms = {
        term.code: term
        for term in session.scalars(select(Term).where(Term.vocabulary.in_((Vocabulary.FORMAT, Vocabulary.PRICE))))
    }
    for place, module in enumerate(modules):
        module.duration_minutes = module.duration_minutes or (None, 90, 180, 720)[place % 4]
        module.price_amount = (None, Decimal(0), Decimal("990.00"))[place % 3]
        module.languages = ([], ["de"], ["en"], ["de", "en"], ["xx"])[place % 5]
        added = (None, "praesenz", "inhouse", "planspiel", "online", "kostenlos", "kostenpflichtig")[place % 7]
        if added and terms[added] not in module.terms:
            module.terms.append(terms[added])
        if place % 11 == 0:
            module.provider_id, module.provider_text = None, ""
        if place % 13 == 0:
            run = {"place": "Jena"} if place % 2 else {"online": True} if place % 3 else {}
            session.add(Run(module_id=module.id, starts_on=today() + timedelta(days=9), **run))  # type: ignore[arg-type]
        if place % 17 == 0:
            module.title = module.title.ljust(256, "x")


def valid_for(facts: Facts) -> dict[str, list[str] | bool]:
    listed = moochub.document(moochub.Listing([facts], 1, 1), f"{BASE}/bridges/moochub/courses")
    return {
        "schema_org": not course_faults(schema_org.course(facts)),
        "amb": not faults(amb_validator(), amb.resource(facts, BASE)),
        "moochub": not moochub_faults(listed),
        "kursnet": is_admitted(facts),
    }


@ON_SQLITE
def test_a_module_is_ready_exactly_if_its_documents_are_valid(session: Session) -> None:
    loading.load(session, SYSTEM, documents.read(resources("data/modules")))
    modules = list(session.scalars(select(Module).options(selectinload(Module.terms)).order_by(Module.slug)))
    assert len(modules) == 110
    seen = set()
    for filled in (False, True):
        if filled:
            fill_in(session, modules)
        session.flush()
        session.expire_all()
        standings = readiness.of_modules(session, SYSTEM, [module.id for module in modules])
        for module in session.scalars(select(Module).options(*LOADED)):
            told = {one.target.name: one.ready for one in standings[module.id]}
            assert told == valid_for(facts_of(module, BASE)), module.slug
            seen.update(told.items())
        for name in readiness.BY_NAME:
            ready = {
                module_id
                for module_id, all_ in standings.items()
                for one in all_
                if one.ready and one.target.name == name
            }
            assert listing(session, SYSTEM, ListingQuery(ready=name)).total == len(ready)
            assert listing(session, SYSTEM, ListingQuery(ready=f"-{name}")).total == 110 - len(ready)
    assert seen >= {("schema_org", True), ("schema_org", False), ("kursnet", True), ("kursnet", False), ("amb", True)}


def test_what_is_missing_is_said_with_the_field_that_mends_it(session: Session) -> None:
    bare = factories.make_module(session, "Nur ein Titel")
    short = factories.make_module(
        session, "Vortrag", provider_text="Akademie", duration_minutes=179, languages=["en"],
        terms=[factories.make_term(session, Vocabulary.FORMAT, "webinar", "Webinar")],
    )  # fmt: skip
    found = readiness.of_modules(session, SYSTEM, [bare.id, short.id])
    kursnet = {key: next(one for one in all_ if one.target.name == "kursnet") for key, all_ in found.items()}
    assert [rule.field for rule in kursnet[bare.id].required] == ["provider", "duration_minutes"]
    assert [rule.field for rule in kursnet[short.id].required] == ["duration_minutes", "terms_format", "languages"]
    assert [rule.field for rule in kursnet[bare.id].recommended][:2] == ["summary", "terms_topic"]
    short.duration_minutes, short.languages = 180, ["en", "de"]
    session.flush()
    again = {one.target.name: one for one in readiness.of_modules(session, SYSTEM, [short.id])[short.id]}
    assert [rule.name for rule in again["kursnet"].required] == ["open"]
    assert [rule.name for rule in again["schema_org"].required] == ["price"]


def test_a_coming_run_counts_a_past_or_cancelled_one_does_not(session: Session) -> None:
    module = factories.make_module(session, "Mit Terminen")

    def lacks_run() -> bool:
        session.flush()
        schema_org_ = readiness.of_modules(session, SYSTEM, [module.id])[module.id][0]
        return "run" in {rule.name for rule in schema_org_.recommended}

    session.add(Run(module_id=module.id, starts_on=today() - timedelta(days=1)))
    session.add(Run(module_id=module.id, starts_on=today() + timedelta(days=1), state=RunState.CANCELLED))
    assert lacks_run()
    session.add(Run(module_id=module.id, starts_on=today()))
    assert not lacks_run()


def test_no_condition_is_unknown(session: Session) -> None:
    """A NULL would be neither ready nor not ready, and the two lists would not be all modules."""
    factories.make_module(session, "Nur ein Titel")
    for name, met in readiness.MET.items():
        assert session.scalar(select(func.count()).select_from(Module).where(met.is_(None))) == 0, name


def test_every_rule_leads_to_a_field_of_the_form() -> None:
    fields = {name for _, names in GROUPS for one in names for name in ([one] if isinstance(one, str) else one)}
    assert {rule.field for target in readiness.TARGETS for rule in target.rules} <= fields | {readiness.RUNS}
