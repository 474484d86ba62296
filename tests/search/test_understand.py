"""How queries are understood, over the real offers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.db import Database
from catalogue.search.document import title_key
from catalogue.search.index import SearchIndex
from catalogue.search.lookup import Lookup, look_up
from catalogue.search.results import Query
from catalogue.search.thesaurus import read, thesaurus
from catalogue.search.understand import parse

Offers = tuple[Database, SearchIndex]


def titles(offers: Offers, text: str, *, typing: bool = False) -> list[str]:
    """Folded titles of what *text* finds, best first."""
    snapshot = offers[1].snapshot()
    found = look_up(snapshot, Query(text=text, typing=typing))
    entries = [entry for view in snapshot.views for entry in view.entries]
    return [entries[number][8] for number in found.ranked(found.matched)]


def look(offers: Offers, text: str) -> Lookup:
    return look_up(offers[1].snapshot(), Query(text=text))


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_query_raises(offers: Offers, text: str) -> None:
    look(offers, text)


@settings(deadline=None)
@given(st.text(alphabet='"-()[]{}*?~^:!&|+\\/<>ANDORNOT äß', max_size=40))
def test_no_syntax_of_any_engine_raises(offers: Offers, text: str) -> None:
    look(offers, text)


def test_every_module_is_found_by_its_title(offers: Offers) -> None:
    snapshot = offers[1].snapshot()
    for view in snapshot.views:
        for entry in view.entries:
            assert entry[8] in titles(offers, entry[8])[:3]


def test_spellings_find_the_same(offers: Offers) -> None:
    assert titles(offers, "Prüfung") == titles(offers, "pruefung") == titles(offers, "prufung")
    assert titles(offers, "DGUV 209-093") == titles(offers, "dguv 209-093")


def test_a_word_finds_the_compound_and_the_compound_finds_the_words(offers: Offers) -> None:
    assert any("lagerlogistik" in title for title in titles(offers, "Lagerung Batterie")[:2])
    assert any("lagerlogistik" in title for title in titles(offers, "Batterielagerung")[:2])


def test_quotes_ask_for_the_words_as_they_stand(offers: Offers) -> None:
    assert len(titles(offers, '"Train the Trainer"')) < len(titles(offers, "Train the Trainer"))
    assert titles(offers, '"Trainer the Train"') == []


def test_a_leading_minus_leaves_out(offers: Offers) -> None:
    everything, without = titles(offers, "Recycling"), titles(offers, "Recycling -MEET")
    assert set(without) < set(everything)
    assert not any("meet" in title for title in without)


def test_a_hyphen_inside_a_word_is_no_minus() -> None:
    parsed = parse("Li-Ion E-Auto -Bus")
    assert parsed.excluded == (("bus",),)
    assert {token.word for token in parsed.words} == {"li", "ion", "e", "auto"}


@pytest.mark.parametrize("text", ["Wasserstoff Elektrolyse", "Excel Schulung Grundlagen", "Schulung Kranführer"])
def test_words_true_of_every_module_carry_no_match(offers: Offers, text: str) -> None:
    assert titles(offers, text) == []


def test_aus_is_a_stop_word(offers: Offers) -> None:
    assert titles(offers, "Trainer aus dem Lager") == titles(offers, "Trainer dem Lager")


@pytest.mark.parametrize("code", ["2X", "UN 3499", "DGUV 209-094"])
def test_unknown_codes_are_not_corrected(offers: Offers, code: str) -> None:
    assert not any(unit.corrected for unit in look(offers, code).units)


def test_a_slip_is_corrected_only_where_nothing_is_found(offers: Offers) -> None:
    assert look(offers, "Feuerwher").units[0].corrected == "feuerwehr"
    assert not look(offers, "Feuerwehr").units[0].corrected


def test_the_last_word_may_be_unfinished(offers: Offers) -> None:
    assert titles(offers, "sensibil") == titles(offers, "sensibil", typing=True) != []


def test_one_way_synonyms_lead_one_way_only() -> None:
    found = read(["Heimspeicher > Energiespeicher", "soh = Gesundheitszustand"])
    assert [meaning.text for meaning in found.look_up(["heimspeicher"])] == ["Energiespeicher"]
    assert found.look_up(["energiespeicher"]) == []
    assert found.look_up(["gesundheitszustand"])[0].words == ("soh",)


def test_the_files_of_the_thesaurus_can_be_read_and_every_expression_has_words() -> None:
    found = thesaurus()
    assert len(found.same) > 500
    assert all(meaning.words for meanings in found.same.values() for meaning in meanings.values())


def test_title_keys_do_not_depend_on_spelling() -> None:
    assert title_key("Li-Ion: Prüfung") == title_key("li ion pruefung")
