"""Folding, codes, joined forms and stems."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.search.analysis import fold, root, stem, tokens


def words(text: str) -> set[str]:
    return {token.word for token in tokens(text)}


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_any_text_can_be_taken_apart_and_places_lie_in_it(text: str) -> None:
    for token in tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        assert token.word


@pytest.mark.parametrize(
    "spellings",
    [
        ("Prüfung", "pruefung", "prufung", "PRÜFUNG", unicodedata.normalize("NFD", "Prüfung")),
        ("Straße", "Strasse", "strasse"),
        ("Feuerwehr", "FEUERWEHR"),
        ("Batte\u00adrie", "Batterie"),
        ("Köln", "Koeln", "Koln"),
    ],
)
def test_all_spellings_of_a_word_fold_alike(spellings: tuple[str, ...]) -> None:
    assert len({fold(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("UN 3480", "un3480"), ("un3480", "un3480"), ("UN-3480", "un3480"),
        ("UN 38.3", "un38.3"), ("UN38.3", "un38.3"), ("UN-38.3", "un38.3"), ("un 38 3", "un38.3"),
        ("DGUV 209-093", "dguv209-093"), ("DGUV Information 209-093", "209-093"), ("VdS 3103", "vds3103"),
        ("Stufe S/E", "s/e"), ("1S/1E bis 3S/3E", "3e"), ("2S+3S", "2s"), ("EU 2023/1542", "2023/1542"),
        ("100 Wh", "100wh"), ("2 Tage", "2tag"), ("zwei bis 3 Tagen", "3tag"),
    ],
)  # fmt: skip
def test_codes_are_one_word_in_every_spelling(text: str, word: str) -> None:
    assert word in words(text)


@pytest.mark.parametrize("code", ["un38.3", "2s", "1s", "209-093", "b3", "18650", "q2"])
def test_codes_are_never_stemmed(code: str) -> None:
    assert stem(code) == root(code) == code


@pytest.mark.parametrize(
    ("text", "joined"),
    [("Li-Ion", "liion"), ("Second-Life", "secondlife"), ("Lithium-Ionen-Batterie", "lithiumionenbatterie"), ("E‑Auto", "eauto")],
)  # fmt: skip
def test_hyphenated_words_are_found_joined_and_apart(text: str, joined: str) -> None:
    assert joined in words(text)
    assert len(words(text)) > 2


@pytest.mark.parametrize(
    "text",
    [
        "Ausbilder:innen",
        "Ausbilder*innen",
        "Ausbilder_innen",
        "AusbilderInnen",
        "Ausbilder/-innen",
        "Ausbilder (m/w/d)",
    ],
)
def test_gender_forms_are_cut(text: str) -> None:
    assert words(text) == {"ausbilder"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Batterie", "Batterien"), ("Akku", "Akkus"), ("Zelle", "Zellen"), ("Rohstoff", "Rohstoffe"),
        ("kritische", "kritischer"), ("Planspiel", "Planspiele"), ("Elektrofachkraft", "Elektrofachkräfte"),
        ("Gefahrgut", "Gefahrgüter"), ("Ingenieur", "Ingenieurinnen"), ("System", "Systemen"),
    ],
)  # fmt: skip
def test_inflections_share_a_stem(one: str, other: str) -> None:
    assert stem(fold(one)) == stem(fold(other))


@pytest.mark.parametrize(("one", "other"), [("Basis", "Basen"), ("Kreis", "Kreide"), ("Ion", "Ionisierung")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(fold(one)) != stem(fold(other))


def test_lager_lagern_and_lagerung_share_a_root() -> None:
    assert {root(fold(word)) for word in ("Lager", "lagern", "Lagerung")} == {"lager"}
