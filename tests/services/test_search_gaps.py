"""Searches in vain are counted once each, and nothing about who asked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import SearchGap
from catalogue.search.results import Page, Query
from catalogue.services import search_gaps
from catalogue.services.errors import NotAllowed
from catalogue.services.permissions import VISITOR
from tests.conftest import People


def answer(total: int = 0, relaxed: str = "", **more: bool) -> Page:
    return Page(Query(), (), total, (), relaxed=relaxed, **more)


def stored(database: Database) -> list[tuple[str, int, int]]:
    with database.read() as session:
        return [
            (gap.query, gap.count, gap.hits) for gap in session.scalars(select(SearchGap).order_by(SearchGap.query))
        ]


def test_the_same_words_on_the_same_day_are_one_row_with_the_last_hits(database: Database) -> None:
    search_gaps.count(database, Query(text="Leuchtfarbe  mischen"), answer(0))
    search_gaps.count(database, Query(text=" leuchtfarbe mischen"), answer(2))
    assert stored(database) == [("leuchtfarbe mischen", 2, 2)]


def test_a_row_knows_the_text_the_day_numbers_and_what_staff_did_and_nothing_else() -> None:
    columns = {column.name for column in SearchGap.__table__.columns}
    assert columns == {"id", "query", "day", "hits", "count", "settled", "note"}


def test_hits_that_hold_only_some_of_the_words_do_not_count_as_hits(database: Database) -> None:
    search_gaps.count(database, Query(text="grüne formierung"), answer(40, "any"))
    assert stored(database) == [("grüne formierung", 1, 0)]


@pytest.mark.parametrize(
    "text",
    ["", " ", "x", "name@firma.de", "0361 1234567", "+49 171 555 12 34", "01715551234", "4917155512", "wort " * 20],
)
def test_what_may_name_a_person_or_is_no_search_is_not_kept(text: str) -> None:
    assert search_gaps.wording(text) == ""


@pytest.mark.parametrize(
    "text", ["un 38.3", "dguv 209-093", "verordnung 2023/1542", "18650 21700", "vds 3103", "3s/3e"]
)
def test_codes_and_norms_are_no_telephone_numbers(text: str) -> None:
    assert search_gaps.wording(text) == text


def test_only_few_or_relaxed_hits_on_the_first_page_of_words_alone_are_a_gap() -> None:
    asked = Query(text="leuchtfarbe")
    assert search_gaps.is_gap(asked, answer(0))
    assert search_gaps.is_gap(asked, answer(2))
    assert search_gaps.is_gap(asked, answer(50, "most"))
    assert not search_gaps.is_gap(asked, answer(3))
    assert not search_gaps.is_gap(asked, answer(0, degraded=True))
    for other in (
        replace(asked, text=" "),
        replace(asked, typing=True),
        replace(asked, page=2),
        replace(asked, filters={"topic": ("recht",)}),
        replace(asked, only=frozenset()),
    ):
        assert not search_gaps.is_gap(other, answer(0))


def test_counting_never_raises_even_without_a_database() -> None:
    broken = Database("sqlite:////nowhere/at/all.sqlite3")
    search_gaps.count(broken, Query(text="leuchtfarbe"), answer(0))


def test_the_list_is_in_order_of_the_count_and_of_the_last_days_only(session: Session, people: People) -> None:
    today = utcnow().date()
    for text, day, times in (("selten", 0, 1), ("oft", 1, 2), ("oft", 0, 1), ("alt", 60, 9)):
        for _ in range(times):
            search_gaps.counted(session, text, today - timedelta(days=day), day)
    found = search_gaps.listing(session, people.curator, 30)
    assert [(gap.query, gap.count, gap.last_day, gap.hits) for gap in found.gaps] == [
        ("oft", 3, today, 0),
        ("selten", 1, today, 0),
    ]
    assert search_gaps.listing(session, people.curator, 90).gaps[0].query == "alt"
    assert search_gaps.open_gaps(session) == 2


def test_what_is_settled_comes_back_only_with_new_searches(session: Session, people: People) -> None:
    today = utcnow().date()
    search_gaps.counted(session, "leuchtfarbe", today, 0)
    search_gaps.counted(session, "leuchtfarbe", today - timedelta(days=3), 0)
    search_gaps.settle(session, people.curator, "leuchtfarbe")
    assert search_gaps.listing(session, people.curator).gaps == ()
    search_gaps.counted(session, "leuchtfarbe", today, 1)
    assert [(gap.query, gap.count) for gap in search_gaps.listing(session, people.curator).gaps] == [("leuchtfarbe", 1)]


def test_after_half_a_year_they_are_forgotten(session: Session) -> None:
    today = utcnow().date()
    search_gaps.counted(session, "jung", today - timedelta(days=180), 0)
    search_gaps.counted(session, "alt", today - timedelta(days=181), 0)
    assert search_gaps.prune(session) == 1
    assert session.scalars(select(SearchGap.query)).all() == ["jung"]


def test_only_staff_may_see_or_settle_them(session: Session, people: People) -> None:
    for actor in (VISITOR, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            search_gaps.listing(session, actor)
        with pytest.raises(NotAllowed):
            search_gaps.settle(session, actor, "leuchtfarbe")
