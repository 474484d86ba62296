"""The way through a measure: circles are found, the order can be mended, the duration is a lower bound."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.models import MeasureModule, Module
from catalogue.services.measure_paths import Total, arranged, circle, contradictions, total

graphs = st.dictionaries(st.integers(0, 6), st.frozensets(st.integers(0, 6), max_size=3), max_size=7)


def part(minutes: int | None, *, required: bool = True, choice: str = "") -> MeasureModule:
    return MeasureModule(module=Module(duration_minutes=minutes), required=required, choice=choice)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part(90), part(360)], Total(450, 0, 450)),
        ([part(90), part(None), part(None)], Total(90, 2, 90)),
        ([part(90), part(45, required=False)], Total(90, 0, 135)),
        ([part(90), part(360, choice="A"), part(180, choice="A")], Total(270, 0, 450)),
        # the unknown one of two alternatives may be the shorter one, so nothing of both is sure
        ([part(90), part(360, choice="A"), part(None, choice="A")], Total(90, 1, 450)),
        ([], Total(0, 0, 0)),
    ],
)
def test_the_duration_says_what_nobody_needs_less_than(parts: list[MeasureModule], expected: Total) -> None:
    assert total(parts) == expected


@settings(max_examples=15, deadline=None)
@given(graphs)
def test_there_is_a_right_order_exactly_if_there_is_no_circle(before: dict[int, frozenset[int]]) -> None:
    order = sorted({*before, *itertools.chain(*before.values())})
    found = circle(before)
    if found:
        assert found[0] == found[-1]
        assert all(earlier in before[later] for earlier, later in itertools.pairwise(found))
    else:
        mended = arranged(order, before)
        assert sorted(mended) == order
        assert contradictions(mended, before) == []
        assert arranged(mended, before) == mended


def test_contradictions_name_module_and_prerequisite() -> None:
    assert contradictions(["a", "b", "c"], {"a": ["c"], "b": ["a"]}) == [("a", "c")]
    assert circle({"a": ["c"], "b": ["a"], "c": ["b"]})
    assert arranged(["a", "b", "c"], {"a": ["c"]}) == ["b", "c", "a"]
