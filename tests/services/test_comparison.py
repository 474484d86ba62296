"""Which modules stand side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.db import Session
from catalogue.models import WorkflowState
from catalogue.services import comparison
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import People


def slugs(found: comparison.Selection) -> list[str]:
    return [module.slug for module in found.modules]


def test_the_first_four_in_the_order_chosen_each_once(session: Session) -> None:
    for title in "ABCDEF":
        factories.make_module(session, title)
    found = comparison.select(session, VISITOR, ["c", "a", "c", "", "f", "b", "d", "e"])
    assert (slugs(found), found.left_out, found.unknown, found.too_few) == (["c", "a", "f", "b"], 2, 0, False)


def test_hidden_modules_are_as_unknown_as_missing_ones(session: Session, people: People) -> None:
    factories.make_module(session, "A")
    factories.make_module(session, "Entwurf", state=WorkflowState.DRAFT)
    found = comparison.select(session, VISITOR, ["a", "entwurf", "nie"])
    assert (slugs(found), found.unknown, found.too_few) == (["a"], 2, True)
    assert slugs(comparison.select(session, people.curator, ["a", "entwurf"])) == ["a", "entwurf"]


@pytest.mark.parametrize(
    ("values", "differ"),
    [(["1 Tag", "1  tag "], False), (["1 Tag", "2 Tage"], True), (["", "1 Tag"], True), (["", ""], False)],
)
def test_case_and_spaces_are_no_difference(values: list[str], differ: bool) -> None:
    assert comparison.differ(values) is differ


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_order_does_not_matter(values: list[str]) -> None:
    assert comparison.differ(values) == comparison.differ(values[::-1])
