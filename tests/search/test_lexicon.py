"""Compounds in both directions, corrections, and what is never split or corrected."""

from catalogue.search.lexicon import Lexicon, distance

WORDS = sorted(
    [
        "batteriezellfertigung",
        "zellfertigung",
        "fertigung",
        "batteriezelle",
        "lagerung",
        "batterielagerung",
        "gefahrgut",
        "gefahrguttransport",
        "kurzschluss",
        "berechtigt",
        "recht",
        "elektrolyt",
        "feuerwehr",
        "kreislaufwirtschaft",
        "eis",
        "bus",
        "un3480",
        "2s",
    ]
)


def test_a_word_finds_the_compounds_that_hold_it() -> None:
    found = Lexicon(WORDS)
    assert set(found.with_part("fertigung")) == {"zellfertigung", "batteriezellfertigung"}
    assert found.with_part("lagerung") == ["batterielagerung"]


def test_a_word_inside_another_is_no_part_of_it() -> None:
    assert Lexicon(WORDS).with_part("recht") == []
    assert Lexicon(WORDS).with_part("eis") == []


def test_compounds_are_split_by_known_words_and_links_are_dropped() -> None:
    found = Lexicon(WORDS)
    assert found.split("batteriezellfertigung") == ("batteri", "zell", "fertigung")
    assert found.split("sicherheitsschulung") == ("sicherheit", "schulung")


def test_guarded_words_and_codes_are_never_split() -> None:
    found = Lexicon(WORDS)
    assert found.split("kurzschluss") == found.split("wasserstoff") == found.split("un3480") == ()


def test_slips_are_corrected_by_length() -> None:
    found = Lexicon(WORDS)
    assert found.like("feuerwher") == [(1, "feuerwehr")]
    assert found.like("kreislaufwirtshaft") == [(1, "kreislaufwirtschaft")]
    assert found.like("bsu") == found.like("un3481") == found.like("3s") == []


def test_another_ending_is_another_word_not_a_slip() -> None:
    assert Lexicon(WORDS).like("elektrolyse") == []


def test_distance_counts_swapped_neighbours_once() -> None:
    assert distance("feuerwher", "feuerwehr", 2) == 1
    assert distance("abc", "xyz", 1) == 2
