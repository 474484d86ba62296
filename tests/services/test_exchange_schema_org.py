"""schema.org: every real module gives a course with what its source says, nothing invented, nothing that ends the script."""

import json
from datetime import date

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, RunState, Vocabulary
from catalogue.models.run import Run
from catalogue.paths import resources
from catalogue.services import documents, loading
from catalogue.services.exchange import schema_org
from catalogue.services.exchange.facts import Facts, facts_of
from catalogue.services.modules import LOADED
from catalogue.services.permissions import SYSTEM
from tests import factories
from tests.conftest import ON_SQLITE

BASE = "https://katalog.example.org/"
DAY = date(2026, 11, 22)


def facts(session: Session, module: Module) -> Facts:
    session.flush()
    session.expire_all()
    return facts_of(session.scalars(select(Module).where(Module.id == module.id).options(*LOADED)).one(), BASE, DAY)


@ON_SQLITE
def test_every_real_module_has_the_required_fields_or_its_source_does_not_say(session: Session) -> None:
    loading.load(session, SYSTEM, documents.read(resources("data/modules")))
    modules = session.scalars(select(Module).options(*LOADED)).all()
    assert len(modules) == 110
    for module in modules:
        known, node = facts_of(module, BASE, DAY), schema_org.course(facts_of(module, BASE, DAY))
        assert {
            "@context",
            "@type",
            "@id",
            "name",
            "description",
            "provider",
            "offers",
            "hasCourseInstance",
        } <= node.keys()
        assert node["provider"]["name"]
        assert len(node["description"]) >= 10, module.slug
        assert not {"aggregateRating", "review"} & node.keys()
        assert ("category" in node["offers"]) == (known.free is not None)
        (instance,) = node["hasCourseInstance"]
        assert (instance.get("courseMode") in ("Online", "Onsite", "Blended")) == (known.mode is not None)
        assert ("courseWorkload" in instance) == bool(module.duration_minutes)


@pytest.fixture
def module(session: Session) -> Module:
    """Two days (16 UE) of safety, on site, for 990 €; runs: held, planned for two days, online, cancelled."""
    terms = [
        factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit"),
        factories.make_term(session, Vocabulary.FORMAT, "praesenz", "Präsenz"),
    ]
    made = factories.make_module(
        session, "Sicher lagern", slug="sicher-lagern", terms=terms, duration_minutes=720, price_amount=990, dqr=5,
        description="**Lagern** von Zellen.\n\n- Brand\n- Gase", objectives=["Gefahren nennen"], code="BM-101",
        provider=factories.make_provider(session, "Akademie Jena", website="https://akademie.example"),
    )  # fmt: skip
    for values in (
        {"starts_on": date(2026, 3, 2), "place": "Jena", "state": RunState.HELD},
        {"starts_on": date(2027, 3, 2), "ends_on": date(2027, 3, 3), "place": "Jena", "max_participants": 12, "booked": 7, "note": "GEHEIM"},
        {"starts_on": date(2027, 5, 4), "online": True, "booking_url": "https://akademie.example/b"},
        {"starts_on": date(2027, 6, 1), "place": "Gera", "state": RunState.CANCELLED},
    ):  # fmt: skip
        session.add(Run(module_id=made.id, **values))
    return made


@ON_SQLITE
def test_a_course_says_what_the_module_says(session: Session, module: Module) -> None:
    node = schema_org.course(facts(session, module))
    url = "https://katalog.example.org/modules/sicher-lagern"
    assert (node["@id"], node["name"], node["courseCode"]) == (url, "Sicher lagern", "BM-101")
    assert node["description"] == "Lagern von Zellen. Brand Gase Gefahren nennen"
    assert node["teaches"] == ["Gefahren nennen"]
    assert node["provider"] == {"@type": "Organization", "name": "Akademie Jena", "url": "https://akademie.example"}
    assert node["offers"] == {
        "@type": "Offer",
        "category": "Paid",
        "price": "990.00",
        "priceCurrency": "EUR",
        "url": url,
    }
    assert (node["timeRequired"], node["educationalLevel"], node["keywords"]) == (
        "PT12H",
        "DQR 5",
        ["Sicherheit", "DQR 5", "Batterie"],
    )
    assert "inLanguage" not in node, "nobody said in which language"


@ON_SQLITE
def test_instances_are_the_coming_runs_without_bookings_or_remarks(session: Session, module: Module) -> None:
    node = schema_org.course(facts(session, module))
    told = [
        (one["startDate"], one["endDate"], one["courseMode"], one["courseWorkload"], one["location"]["@type"])
        for one in node["hasCourseInstance"]
    ]
    assert told == [
        ("2027-03-02", "2027-03-03", "Onsite", "PT12H", "Place"),
        ("2027-05-04", "2027-05-04", "Online", "PT12H", "VirtualLocation"),
    ]
    assert node["hasCourseInstance"][0]["maximumAttendeeCapacity"] == 12
    assert not {"GEHEIM", '"7"', ": 7"} & {part for part in ("GEHEIM", '"7"', ": 7") if part in json.dumps(node)}


@ON_SQLITE
def test_a_module_without_runs_has_one_instance(session: Session) -> None:
    made = factories.make_module(session, "Nur ein Titel", slug="nur")
    node = schema_org.course(facts(session, made))
    assert node["hasCourseInstance"] == [{"@type": "CourseInstance"}]
    assert node["description"] == "Nur ein Titel"


def test_words_cannot_end_the_script() -> None:
    text = schema_org.script({"name": "</script><script>alert(1)</script><!-- & \u2028"})
    assert not {"<", ">", "&"} & set(text)
    assert json.loads(text)["name"].startswith("</script>")


@ON_SQLITE
def test_the_list_numbers_its_modules_over_all_pages(session: Session, module: Module) -> None:
    node = schema_org.item_list([module], BASE, 41)
    assert node["itemListElement"] == [
        {
            "@type": "ListItem",
            "position": 41,
            "url": "https://katalog.example.org/modules/sicher-lagern",
            "name": "Sicher lagern",
        }
    ]


@ON_SQLITE
@pytest.mark.parametrize(
    ("formats", "run", "mode"),
    [
        ([], {}, None),
        ([], {"place": "Jena"}, "Onsite"),
        ([], {"online": True}, "Online"),
        ([], {"online": True, "place": "Jena"}, "Blended"),
        (["online"], {"place": "Jena"}, "Onsite"),
        (["blended"], {"place": "Jena"}, "Blended"),
        (["praesenz"], {}, "Onsite"),
        (["praesenz"], {"online": True}, "Online"),
    ],
)
def test_the_mode_of_a_run_is_what_it_says_and_never_guessed(
    session: Session, formats: list[str], run: dict[str, object], mode: str | None
) -> None:
    terms = [factories.make_term(session, Vocabulary.FORMAT, code, code) for code in formats]
    made = factories.make_module(session, "Zellen", terms=terms)
    session.add(Run(module_id=made.id, starts_on=date(2027, 3, 2), **run))
    (instance,) = schema_org.course(facts(session, made))["hasCourseInstance"]
    assert instance.get("courseMode") == mode
