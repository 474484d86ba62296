"""What the database itself refuses, whoever writes."""

from typing import Any

import pytest

from catalogue.db import IntegrityError, Session
from catalogue.models import Module, Vocabulary
from tests import factories


@pytest.mark.parametrize(
    "values",
    [
        {"title": ""},
        {"dqr": 0},
        {"dqr": 9},
        {"duration_minutes": 0},
        {"min_participants": 0},
        {"min_participants": 5, "max_participants": 4},
    ],
)
def test_impossible_values_are_refused(session: Session, values: dict[str, Any]) -> None:
    session.add(Module(**{"slug": "m", "title": "M", "sort_title": "m"} | values))
    with pytest.raises(IntegrityError):
        session.flush()


def test_two_modules_cannot_share_a_slug_or_a_code(session: Session) -> None:
    factories.make_module(session, "Eins", code="A")
    for values in ({"slug": "eins"}, {"slug": "zwei", "code": "A"}):
        with session.begin_nested(), pytest.raises(IntegrityError):
            factories.make_module(session, "Zwei", **values)


def test_terms_are_told_apart_by_their_vocabulary(session: Session) -> None:
    topic = factories.make_term(session, Vocabulary.TOPIC, "recht")
    level = factories.make_term(session, Vocabulary.LEVEL, "basis")
    module = factories.make_module(session, terms=[topic, level])
    assert module.terms_of(Vocabulary.TOPIC) == [topic]
    assert module.terms_of("level") == [level]


def test_units_are_45_minutes(session: Session) -> None:
    assert factories.make_module(session, duration_minutes=360).units == 8
    assert factories.make_module(session).units is None
