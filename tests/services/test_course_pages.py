"""Courses of schema.org are found wherever a page puts them, and say what they can say in the words of a module."""

import json
from typing import Any

import pytest

from catalogue.services import course_pages, course_values
from catalogue.services.course_pages import Found

URL = "https://akademie.example/kurse"


def found(*things: Any) -> Found:
    scripts = "".join(f"<script type='application/ld+json' id=a>{json.dumps(thing)}</script>" for thing in things)
    return course_pages.find(f"<html><!-- <script type=application/ld+json>{{ --> {scripts}".encode(), "", URL)


def names(*things: Any) -> list[str]:
    return [course_values.values_of(course, URL)["title"] for course in found(*things).courses]


def says(**values: Any) -> dict[str, Any]:
    told = course_values.values_of({"@type": "Course", "name": "Kurs"} | values, URL)
    return {key: value for key, value in told.items() if key not in ("title", "source_url")}


@pytest.mark.parametrize(
    "things",
    [
        [{"@type": "Course", "name": "Eins"}, {"@type": ["Course", "Product"], "name": "Zwei"}],
        [[{"@type": "schema:Course", "schema:name": "Eins"}, {"@type": "http://schema.org/Course", "http://schema.org/name": "Zwei"}]],
        [{"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": {"@type": "Course", "name": name}} for name in ("Eins", "Zwei")]}],
        [{"@type": "ItemList", "itemListElement": {"@list": [{"@type": "ListItem", "item": {"@id": "#1"}}, {"item": {"@id": "#2"}}]}},
         {"@graph": [{"@id": "#2", "@type": "Course", "name": "Zwei"}, {"@id": "#1", "@type": "Course", "name": "Eins"}]}],
        [{"@type": "CourseInstance", "name": "Eins"},
         {"@type": "CourseInstance", "name": [{"@value": "Two", "@language": "en"}, {"@value": "Zwei", "@language": "de"}]}],
        [{"@type": "WebPage", "mainEntity": {"@type": "Course", "name": "Eins", "hasPart": {"@type": "Course", "name": "Teil"}}},
         {"@type": "Organization", "makesOffer": {"itemOffered": {"@type": "Course", "name": "Zwei", "isPartOf": {"@type": "Course", "name": "Reihe"}}}}],
        [{"@type": "Course", "@id": "/1", "name": "Eins"}, {"@type": "Course", "@id": f"{URL[:-6]}/1", "name": "Eins"}, {"@type": "Course", "name": "Zwei"}],
    ],
    ids=["blocks", "prefixes", "item-list", "references", "instances", "nested", "twice"],
)  # fmt: skip
def test_courses_are_found_wherever_a_page_puts_them(things: list[Any]) -> None:
    assert names({"@type": "BreadcrumbList"}, *things) == ["Eins", "Zwei"]


def test_pages_that_only_link_and_broken_parts_are_told() -> None:
    entries = [{"@type": "ListItem", "url": "/a"}, {"@type": "ListItem", "item": "https://b.example/"}, {"@type": "ListItem", "item": {"@id": "/c", "name": "C"}}]  # fmt: skip
    assert found({"@type": "ItemList", "itemListElement": entries}).links == [
        "https://akademie.example/a", "https://b.example/", "https://akademie.example/c",
    ]  # fmt: skip
    body = b'<script type="application/ld+json">{"a": }</script><script type="application/ld+json">{"@type": "Course", "name": "Zeilen\numbruch"}</script>'
    told = course_pages.find(body, "", URL)
    assert [course["name"] for course in told.courses] == ["Zeilen\numbruch"]
    assert len(told.notes) == 1
    assert [one["name"] for one in course_pages.find('{"@type":"Course","name":"Ä"}'.encode("latin-1"), "ISO-8859-1", URL).courses] == ["Ä"]  # fmt: skip


@pytest.mark.parametrize(
    ("course", "text", "minutes"),
    [
        ({"timeRequired": "PT16H"}, "16 Stunden", 960),
        ({"timeRequired": "PT1H30M"}, "1 Stunde 30 Minuten", 90),
        ({"timeRequired": "P2D"}, "2 Tage", None),
        ({"courseWorkload": "24 UE zu 45 Minuten"}, "24 UE zu 45 Minuten", None),
        ({"hasCourseInstance": [{"courseWorkload": "PT8H"}, {"courseWorkload": "PT8H"}]}, "8 Stunden", 480),
        ({"hasCourseInstance": [{"courseWorkload": "PT8H"}, {"courseWorkload": "PT6H"}]}, "8 Stunden bzw. 6 Stunden", None),
        ({"hasCourseInstance": {"courseSchedule": {"repeatCount": 4, "duration": "PT3H", "repeatFrequency": "Weekly"}}}, "4 × 3 Stunden", 720),
    ],
)  # fmt: skip
def test_durations_are_read_as_they_are_meant(course: dict[str, Any], text: str, minutes: int | None) -> None:
    told = says(**course)
    assert (told.get("duration_text"), told.get("duration_minutes")) == (text, minutes)


@pytest.mark.parametrize(
    ("offers", "text", "amount"),
    [
        ({"price": 990, "priceCurrency": "EUR"}, "990 EUR", "990.00"),
        ({"price": "1.490,50", "priceCurrency": "EUR"}, "1.490,50 EUR", "1490.50"),
        ([{"price": "100.00"}, {"price": "100.00", "priceCurrency": "CHF"}], "100 EUR bzw. 100 CHF", None),
        ({"price": 0}, "kostenfrei", "0.00"),
        ({"category": "Free"}, "kostenfrei", "0.00"),
        ({"lowPrice": 100, "highPrice": "200", "priceCurrency": "EUR"}, "100 bis 200 EUR", None),
        ({"priceSpecification": {"price": "50", "priceCurrency": "EUR"}}, "50 EUR", "50.00"),
        ({"price": "auf Anfrage"}, None, None),
    ],
)
def test_prices_are_read_as_they_are_meant(offers: Any, text: str | None, amount: str | None) -> None:
    told = says(offers=offers)
    assert (told.get("price_text"), told.get("price_amount")) == (text, amount)


def test_words_are_plain_and_what_is_not_said_is_left_out() -> None:
    told = says(
        description="Temperatur &lt; 60 &deg;C, Spannung > 60 V &lt;b&gt;fett&lt;/b&gt;",
        inLanguage=[{"@type": "Language", "name": "English", "alternateName": "en"}, "de-DE"],
        educationalCredentialAwarded={"@type": "EducationalOccupationalCredential", "name": "IHK-Zertifikat"},
        audience={"@type": "EducationalAudience", "educationalRole": "Fachkräfte"},
        hasCourseInstance={
            "courseMode": ["Blended"],
            "location": [{"@type": "VirtualLocation", "url": "https://x.example"}],
        },
        maximumAttendeeCapacity=12,
    )
    assert told == {
        "summary": "Temperatur < 60 °C, Spannung > 60 V fett",
        "languages": ["de", "en"],
        "certificate_text": "IHK-Zertifikat",
        "audience_text": "Fachkräfte",
        "format_text": "Blended Learning",
        "max_participants": 12,
    }
