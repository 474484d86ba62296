"""What looks like one offer is found with its reason, what is told apart stays apart, and thousands are compared in seconds."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.db import Session
from catalogue.models import WorkflowState
from catalogue.search.index import SearchIndex
from catalogue.services import duplicates, modules
from catalogue.services.duplicate_signs import Register, Traits, code_key, traits, url_key
from catalogue.services.errors import NotAllowed
from catalogue.services.module_input import ModuleInput
from tests import factories
from tests.conftest import People

TEXT = "Die Teilnehmenden lernen, Hochvoltspeicher sicher freizuschalten, zu prüfen und auszubauen; geübt wird an drei Fahrzeugen."


def sentences(found: list[duplicates.Candidate]) -> list[tuple[str, list[str]]]:
    return [(one.module.slug, [str(reason) for reason in one.likeness.reasons]) for one in found]


def candidates(session: Session, people: People, index: SearchIndex, **given: object) -> list[tuple[str, list[str]]]:
    return sentences(duplicates.candidates(session, people.curator, index, ModuleInput(**given)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.zf.de/kurs/", "http://zf.de/kurs#termine"),
        ("https://zf.de/k?id=7&utm_source=x", "zf.de/k?id=7"),
        ("https://ZF.de/k/index.html", "https://zf.de/k"),
    ],
)
def test_addresses_of_one_page_are_one(one: str, other: str) -> None:
    assert url_key(one) == url_key(other) != url_key("https://zf.de/anderes")
    assert url_key("https://zf.de/") == ""  # the start page is no offer


def test_codes_and_titles_are_compared_without_what_people_write_differently() -> None:
    assert code_key("HV 2-S") == code_key("hv2s")
    register = Register([traits("Hochvoltexperte Stufe 2")])
    assert register.title_likeness(traits("Hochvolt-Experte, Stufe 2"), traits("Hochvoltexperte Stufe 2")) == 1


def test_each_sign_is_named(session: Session, people: People, index: SearchIndex) -> None:
    provider = factories.make_provider(session, "ZF Akademie")
    factories.make_module(session, "Hochvoltexperte Stufe 2", slug="zf", provider=provider, code="HV-2")
    factories.make_module(
        session, "Batterien freischalten", slug="text", summary=TEXT, source_url="https://a.example/kurs"
    )
    assert candidates(session, people, index, title="Ganz anders", code="hv 2") == [("zf", ["gleiches Kürzel: HV2"])]
    same = ["gleicher Titel, gleicher Anbieter"]
    assert candidates(session, people, index, title="Hochvolt-Experte Stufe 2", provider_text="ZF-Akademie") == [
        ("zf", same)
    ]
    assert candidates(session, people, index, title="Hochvoltexperte Stufe 3", provider_text="ZF Akademie") == []
    assert candidates(session, people, index, title="Hochvoltexperte Stufe 2", provider_text="DEKRA") == []
    said_shorter = candidates(session, people, index, title="Hochvoltexperte Stufe 2", provider_text="ZF")
    assert said_shorter == [("zf", ["gleicher Titel"])]
    found = candidates(
        session, people, index, title="Batterien sicher freischalten", summary=TEXT, source_url="http://a.example/kurs/"
    )
    assert [slug for slug, _ in found] == ["text"]
    assert found[0][1][0].startswith("ähnlicher Titel (")
    assert found[0][1][1:] == ["gleiche Quelle: a.example/kurs", "Texte stimmen zu 100 % überein"]


def test_an_address_that_many_name_is_no_sign(session: Session, people: People, index: SearchIndex) -> None:
    for name in ("Zellen", "Zellen fügen", "Zellen prüfen", "Zellen lagern"):
        factories.make_module(session, name, source_url="https://a.example/angebote")
    assert candidates(session, people, index, title="Zellen messen", source_url="https://a.example/angebote") == []


def test_a_pair_that_was_told_apart_never_returns_until_that_is_taken_back(
    session: Session, people: People, index: SearchIndex
) -> None:
    one, other = (factories.make_module(session, "Zelle und Pack", slug=slug, runs=[]) for slug in ("a", "b"))
    factories.make_module(session, "Zelle und Pack", slug="alt", state=WorkflowState.ARCHIVED)
    for module in (one, other):
        modules.lock(session, module, None)
    [pair] = duplicates.pairs(session, people.curator)
    assert {pair.one.slug, pair.other.slug} == {"a", "b"}
    for _ in range(2):
        duplicates.note_distinct(session, people.curator, other, one)
    assert duplicates.pairs(session, people.curator) == []
    seen = duplicates.candidates(session, people.curator, index, modules.input_of(one), one)
    assert [slug for slug, _ in sentences(seen)] == ["alt"]
    duplicates.forget(session, people.curator, one, other)
    assert len(duplicates.pairs(session, people.curator)) == 1


def test_only_staff_look_for_duplicates(session: Session, people: People, index: SearchIndex) -> None:
    with pytest.raises(NotAllowed):
        duplicates.pairs(session, people.company_admin)
    with pytest.raises(NotAllowed):
        duplicates.candidates(session, people.member, index, ModuleInput(title="A"))


WORDS = ["zelle", "pack", "hochvolt", "recycling", "stufe 2", "stufe 3"]
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(titles=st.lists(st.tuples(TITLES, st.sampled_from(["", "ZF", "DEKRA"])), min_size=2, max_size=8))
def test_pairs_are_told_once_whichever_comes_first(titles: list[tuple[str, str]]) -> None:
    known = [traits(title, provider, slug=str(number)) for number, (title, provider) in enumerate(titles)]
    register = Register(known)
    found = [(one.slug, other.slug) for one, other in register.pairs({})]
    assert len({frozenset(pair) for pair in found}) == len(found)
    equal = {frozenset((a.slug, b.slug)) for a in known for b in known if a is not b and a.words == b.words}
    assert equal <= {frozenset(pair) for pair in found}
    assert all(
        register.likeness(one, other, 0.0) == register.likeness(other, one, 0.0) for one in known for other in known
    )


def test_thousands_of_titles_are_compared_without_looking_at_every_pair() -> None:
    chance = random.Random(1)  # noqa: S311
    words = [f"wort{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(400)]
    known: list[Traits] = [traits(" ".join(chance.sample(words, 4)), "ZF", slug=str(n)) for n in range(3000)]
    started = time.process_time()
    looked_at = sum(1 for _ in Register(known).pairs({}))
    assert looked_at < 40_000  # of 4.5 million
    assert time.process_time() - started < 5
