"""What the search reaches on the judged queries; a change that makes it worse fails here."""

from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.search.evaluate import Measures, evaluate, measure, read_judged
from catalogue.search.index import SearchIndex
from catalogue.services import search_quality

HERE = Path(__file__).parent
Offers = tuple[Database, SearchIndex]


def measures(offers: Offers, file: str) -> Measures:
    database, index = offers
    with database.read() as session:
        return search_quality.table(session, index, read_judged(HERE / file)).overall


@pytest.mark.parametrize(
    ("file", "ndcg", "success"),
    [("judged.json", 0.84, 0.97), ("own_judged.json", 0.89, 0.97), ("fresh_judged.json", 0.88, 0.93)],
)
def test_the_judged_queries_are_answered_as_well_as_before(
    offers: Offers, file: str, ndcg: float, success: float
) -> None:
    found = measures(offers, file)
    assert found.ndcg >= ndcg
    assert found.success >= success
    assert found.false_hits <= 0.5


def test_measures_by_hand() -> None:
    # grades 3, 0, 2 on places 1 to 3, one good module missing: gains 7, 0, 3
    relevant = {"a": 3, "c": 2, "d": 2}
    ndcg, recall, reciprocal, success = measure(["a", "b", "c"], relevant)
    assert ndcg == pytest.approx((7 + 3 / 2) / (7 + 3 / 1.5849625 + 3 / 2))
    assert recall == pytest.approx(2 / 3)
    assert (reciprocal, success) == (1.0, 1.0)


def test_false_hits_are_counted_where_there_is_no_answer(tmp_path: Path) -> None:
    file = tmp_path / "judged.json"
    file.write_text('[{"id": "1", "class": "noanswer", "query": "x", "relevant": {}}]')
    assert evaluate(read_judged(file), lambda _text: ["a", "b"]).overall.false_hits == 2


def test_each_mechanism_can_be_switched_off(offers: Offers) -> None:
    database, index = offers
    judged = read_judged(HERE / "judged.json")[::9]
    with database.read() as session:
        without = search_quality.ablation(session, index, judged)
    assert {"stems", "compounds", "typos", "places"} <= set(without)
