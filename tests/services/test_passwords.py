"""Passwords: long, not to be guessed, nothing else asked."""

import pytest

from catalogue.services import passwords, secrets
from catalogue.services.errors import Invalid

GOOD = [
    "vier graue esel lachen",
    "Prüfstand-9-Kabel",
    "  rand leerzeichen  ",
    "🔋🔌🦊🐙🦀 laden am see",
    "Öäüß Öltanker Überfuhr",
    "x7#Kp!9qLz&2",
    "Batteriehund Katzenapfel",
    "wxyz" * 15 + "Mond",
    "Kalender" + "abcd1234" * 15,
]


@pytest.mark.parametrize("password", GOOD)
def test_any_long_password_that_nobody_guesses_is_accepted_as_it_is(password: str) -> None:
    assert passwords.check_new(password) == password


@pytest.mark.parametrize(
    "password",
    [
        "kurz", "elfzeichen1", "a" * 12, "121212121212", "x" * 129, "passwort1234", "PASSWORT1234", "P4ssw0rt2024!", "123456789012",
        "qwertzuiopü1", "elmug2026!!!", "ELMUG-2026-2027", "batterie2026batterie", "Batterie#123456", "Modulkatalog1", "BatterieMD-2026",
        "sommer2026sommer", "1234567890123456",
    ],
)  # fmt: skip
def test_short_repeated_common_and_obvious_passwords_are_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_new(password)
    assert len(str(refused.value)) > 20


@pytest.mark.parametrize("password", ["AnnaBeispiel2026", "anna.beispiel@firma", "Musterwerk!12345"])
def test_what_others_know_of_the_person_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check_new(password, known=("Anna Beispiel", "anna.beispiel@firma.example", "Musterwerk GmbH"))


def test_the_list_holds_thousands_of_passwords_that_the_length_rule_would_let_through() -> None:
    fitting = [word for word in passwords.common() if len(word) >= passwords.SHORTEST]
    assert len(fitting) >= 3_000


def test_an_umlaut_typed_as_two_characters_is_the_same_password() -> None:
    assert secrets.check_password("Pru\u0308fstand-9", secrets.hash_password("Pr\u00fcfstand-9"))
    assert not secrets.check_password("prüfstand-9", secrets.hash_password("Prüfstand-9"))
