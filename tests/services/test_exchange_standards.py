"""AMB and MOOChub: all 110 real modules and one that says everything are valid against the published schemas."""

import json
from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, RunState, Vocabulary, WorkflowState
from catalogue.models.run import Run
from catalogue.paths import resources
from catalogue.services import documents, loading
from catalogue.services.errors import NotFound
from catalogue.services.exchange import amb, moochub, published
from catalogue.services.exchange.facts import Facts, facts_of
from catalogue.services.findings import is_web_address
from catalogue.services.modules import LOADED
from catalogue.services.permissions import SYSTEM, VISITOR
from tests import factories
from tests.conftest import ON_SQLITE

SCHEMAS = Path(__file__).parent.parent / "schemas"
BASE, DAY = "https://katalog.example.org", date(2026, 11, 22)
pytestmark = ON_SQLITE


@cache
def amb_validator() -> Draft7Validator:
    parts = json.loads((SCHEMAS / "amb-20231019.json").read_text(encoding="utf-8"))
    registry = Registry().with_resources([(part["$id"], Resource.from_contents(part)) for part in parts])
    root = next(part for part in parts if part["$id"].endswith("/schema.json"))
    return Draft7Validator(root, registry=registry, format_checker=Draft7Validator.FORMAT_CHECKER)


@cache
def moochub_validator() -> Draft202012Validator:
    root = json.loads((SCHEMAS / "moochub-3.0.1.json").read_text(encoding="utf-8"))
    checker = FormatChecker([name for name in Draft202012Validator.FORMAT_CHECKER.checkers if name != "time"])
    checker.checks("iri")(
        lambda said: not isinstance(said, str) or is_web_address(said)
    )  # the full grammar takes a fifth of a second for each
    return Draft202012Validator(root, format_checker=checker)


def faults(validator: Any, node: dict[str, Any]) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"[:300] for error in validator.iter_errors(node)
    ]


def moochub_faults(node: dict[str, Any]) -> list[str]:
    """The schema, and what it forgets: its root requires nothing."""
    wrong = faults(moochub_validator(), node)
    wrong += [f"links/{name} is missing" for name in ("self", "first", "last") if name not in node.get("links", {})]
    wrong += [f"{one['id']}: no offer for nothing" for one in node["data"] if _free_without_offer(one["attributes"])]
    for one in node["data"]:
        if len(one["attributes"].get("startDate", [])) != len(one["attributes"].get("endDate", [])):
            wrong.append(f"{one['id']}: starts and ends are not parallel")
    return wrong


def _free_without_offer(said: dict[str, Any]) -> bool:
    return "free" in said.get("access", []) and not any(offer["price"] == 0 for offer in said.get("offer", []))


@pytest.fixture
def everything(session: Session) -> Facts:
    """A module that says everything, with two runs at the same time, one over the change to summer time."""
    terms = [
        factories.make_term(session, Vocabulary.TOPIC, "zelle", "Zellfertigung"),
        factories.make_term(session, Vocabulary.TOPIC, "elektrode", "Elektrodenfertigung"),
        factories.make_term(session, Vocabulary.FORMAT, "praesenz", "Präsenz"),
        factories.make_term(session, Vocabulary.CERTIFICATE, "ihk", "IHK-Zertifikat"),
        factories.make_term(session, Vocabulary.PRICE, "kostenlos", "kostenlos"),
    ]
    module = factories.make_module(
        session, "Zellen bauen", slug="zellen", terms=terms, duration_minutes=765, dqr=5, languages=["de", "en"], code="BM-101",
        description="Mischen, beschichten.", provider=factories.make_provider(session, "Akademie", website="https://akademie.example"),
        published_at=None,
    )  # fmt: skip
    for values in (
        {"starts_on": date(2027, 3, 27), "ends_on": date(2027, 3, 28), "times_text": "9 bis 16 Uhr", "place": "Jena"},
        {"starts_on": date(2027, 3, 27), "ends_on": date(2027, 3, 28), "times_text": "9 bis 16 Uhr", "place": "Gera"},
        {"starts_on": date(2027, 6, 1), "online": True, "state": RunState.FULL},
    ):
        session.add(Run(module_id=module.id, **values))
    session.flush()
    session.expire_all()
    return facts_of(session.scalars(select(Module).options(*LOADED)).one(), BASE, DAY)


def test_all_real_modules_are_valid(session: Session) -> None:
    loading.load(session, SYSTEM, documents.read(resources("data/modules")))
    validator, pages = amb_validator(), 0
    page = published.listing(session, VISITOR, 1, BASE)
    seen: set[str] = set()
    while True:
        pages += 1
        assert moochub_faults(moochub.document(page, f"{BASE}/bridges/moochub/courses")) == []
        for facts in page.courses:
            assert faults(validator, amb.resource(facts, BASE)) == [], facts.module.slug
            seen.add(facts.module.slug)
        if page.page == page.pages:
            break
        page = published.listing(session, VISITOR, page.page + 1, BASE)
    assert (pages, len(seen)) == (3, 110)
    with pytest.raises(NotFound):
        published.listing(session, VISITOR, 4, BASE)


def test_a_module_that_says_everything_is_valid_and_says_it(everything: Facts) -> None:
    resource = amb.resource(everything, BASE)
    assert faults(amb_validator(), resource) == []
    assert [one["id"].rpartition("/")[2] for one in resource["about"]] == ["n202", "n8"]
    assert (resource["inLanguage"], resource["isAccessibleForFree"]) == (["de", "en"], True)
    assert "license" not in resource
    document = moochub.document(moochub.Listing([everything], 1, 1), f"{BASE}/bridges/moochub/courses")
    assert moochub_faults(document) == []
    (said,) = (one["attributes"] for one in document["data"])
    assert said["license"] == [{"identifier": "proprietary", "url": None}]
    assert (said["duration"], said["access"], said["offer"][0]["price"]) == ("PT12H45M", ["free"], 0)
    assert said["startDate"] == ["2027-03-27T09:00:00+01:00", "2027-06-01T00:00:00+02:00"]
    assert said["endDate"] == ["2027-03-28T16:00:00+02:00", "2027-06-01T23:59:00+02:00"]
    assert "DQR 5" in said["keywords"]
    assert said["educationalCredentialsAwarded"] == ["certificate"]


def test_the_checks_notice_what_is_wrong(everything: Facts) -> None:
    resource = amb.resource(everything, BASE)
    for broken in (
        {"about": [{"id": "https://example.org/x"}]},
        {"dateModified": "gestern"},
        {"license": {"id": "proprietary"}},
    ):
        assert faults(amb_validator(), {**resource, **broken}), broken
    document = moochub.document(moochub.Listing([everything], 1, 1), f"{BASE}/bridges/moochub/courses")
    for path, value in (
        ("license", [{"identifier": "proprietary"}]),
        ("startDate", ["2027-03-27"]),
        ("duration", None),
        ("offer", []),
    ):
        broken_document = deepcopy(document)
        broken_document["data"][0]["attributes"][path] = value
        assert moochub_faults(broken_document), path
    assert moochub_faults({"links": {}, "data": []})


@pytest.mark.parametrize(
    ("accept", "spoken"),
    [
        ("", True), ("*/*", True), ("application/vnd.api+json", True), ("application/vnd.api+json; moochub-version=3.0", True),
        ("application/vnd.api+json;moochub-version=3", True), ("application/vnd.api+json; moochub-version=2.1", False),
        ("application/vnd.api+json; moochub-version=2.1, application/vnd.api+json; moochub-version=3.0", True),
        ('application/vnd.api+json; moochub-version="9"', False), ("application/vnd.api+json; moochub-version=2.1, */*;q=0.1", True),
        ("application/vnd.api+json; MOOChub-Version=2.1", False), ("application/vnd.api+json; moochub-version=2.1, */*;q=0", False),
    ],
)  # fmt: skip
def test_a_client_gets_the_version_it_asks_for(settings: object, accept: str, spoken: bool) -> None:
    assert moochub.is_spoken(accept) == spoken


def test_only_published_modules_are_told(session: Session) -> None:
    for state in WorkflowState:
        factories.make_module(session, f"Modul {state.value}", state=state)
    found = published.listing(session, VISITOR, 1, BASE)
    assert [facts.module.title for facts in found.courses] == ["Modul published"]


def test_odd_addresses_and_languages_of_a_provider_do_not_break_a_document(session: Session) -> None:
    provider = factories.make_provider(session, "Akademie", website="https://bücher.example/ä b|c?x=ö#ü")
    factories.make_module(session, "Zellen", provider=provider, languages=["xx", "de"])
    (facts,) = published.listing(session, VISITOR, 1, BASE).courses
    resource = amb.resource(facts, BASE)
    assert faults(amb_validator(), resource) == []
    assert resource["creator"][0]["id"] == "https://xn--bcher-kva.example/%C3%A4%20b%7Cc?x=%C3%B6#%C3%BC"
    assert resource["inLanguage"] == ["de"]
    assert moochub_faults(moochub.document(moochub.Listing([facts], 1, 1), BASE)) == []
