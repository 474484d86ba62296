"""Confidentiality of figures: golden examples, and attackers who know the rule and see everything that is published."""

import itertools
import re
from collections.abc import Iterable, Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.db import Base
from catalogue.models import Confidentiality, FeedbackVisibility
from catalogue.paths import PACKAGE
from catalogue.services.demand import DemandInput
from catalogue.services.disclosure import (
    SUPPRESSED,
    UNKNOWN,
    Contribution,
    Figures,
    Place,
    Table,
    figures,
    limit_of,
    order,
    table,
)

Data = dict[Place, list[Contribution]]
K = 5


def voices(number: int, people: int | None = 4, start: int = 0, named: bool = False) -> list[Contribution]:
    return [Contribution(f"firma-{n:03}", people, named) for n in range(start, start + number)]


def cell(row: str, column: str, part: str = "") -> Place:
    return Place((row,), (column,), part)


# One figure


@pytest.mark.parametrize(("number", "shown"), [(0, None), (4, None), (5, 5), (9, 5), (10, 10), (14, 10)])
def test_figures_are_made_of_five_companies_or_more_and_rounded_down(number: int, shown: int | None) -> None:
    assert figures(voices(number, people=None), K) == Figures(shown)


@pytest.mark.parametrize(("k", "enough"), [(3, 5), (5, 5), (6, 6), (8, 8)])
def test_the_limit_is_the_setting_but_never_below_what_rounding_leaves(k: int, enough: int) -> None:
    assert figures(voices(enough - 1), k) == SUPPRESSED
    assert figures(voices(enough), k).companies == 5


def test_companies_count_once_however_often_they_speak() -> None:
    assert figures(voices(4) + voices(4), K) == SUPPRESSED
    assert figures(voices(5) + voices(5), K) == Figures(5, 40)


def test_the_viewers_own_company_counts_neither_for_the_limit_nor_in_the_figure() -> None:
    assert figures(voices(5), K, "firma-002") == SUPPRESSED
    assert figures([*voices(5), Contribution("eigene", 900, False)], K, "eigene") == Figures(5, 20)


def test_where_anybody_may_look_one_company_more_is_asked_for() -> None:
    assert figures(voices(5), K, UNKNOWN) == SUPPRESSED
    assert figures(voices(6), K, UNKNOWN) == Figures(5, 20)


def test_the_anonymous_ones_reach_the_limit_by_themselves_or_do_not_count() -> None:
    named = voices(6, people=10, start=50, named=True)
    assert figures(named + voices(4, people=500), K) == Figures(5, 60)
    assert figures(named[:4] + voices(4), K) == SUPPRESSED
    assert figures(named + voices(5, people=10), K) == Figures(10, 110)


def test_a_company_that_is_named_elsewhere_is_no_anonymous_one() -> None:
    both = [Contribution("firma-000", 4, True), *voices(5)]
    assert figures(both, K) == SUPPRESSED  # firma-000 is known; four others remain


def test_people_need_as_many_companies_that_gave_a_number() -> None:
    assert figures(voices(4, people=10) + voices(3, people=None, start=4), K) == Figures(5)
    assert figures(voices(5, people=10) + voices(3, people=None, start=5), K) == Figures(5, 50)


def test_two_companies_may_make_up_85_percent_of_a_sum_but_not_more() -> None:
    rest = [Contribution(f"rest-{n}", 5, False) for n in range(3)]  # 15 of 100
    assert figures([*voices(1, 43), *voices(1, 42, start=1), *rest], K) == Figures(5, 100)
    assert figures([*voices(1, 43), *voices(1, 43, start=1), *rest], K) == Figures(5)


def test_the_named_ones_hide_no_dominance_among_the_anonymous() -> None:
    named = voices(5, people=100, start=50, named=True)
    anonymous = [Contribution("gross", 90, False), *voices(4, people=1)]  # 594 in sum, 94 once the named are subtracted
    assert figures(named + anonymous, K) == Figures(10)


@pytest.mark.parametrize(
    ("people", "shown"), [((40, 40, 40, 5, 5, 3), None), ((40, 40, 30, 5, 5, 3), None), ((20, 20, 20, 10, 10, 10), 90)]
)
def test_an_unknown_viewer_may_subtract_one_of_the_largest(people: tuple[int, ...], shown: int | None) -> None:
    said = [Contribution(f"firma-{n}", number, False) for n, number in enumerate(people)]
    assert figures(said, K, UNKNOWN) == Figures(5, shown)  # without one 40: 80 of 93 are 86 %; without the 30, too


def test_suppressed_sorts_as_zero_and_equal_figures_keep_their_order() -> None:
    shown = [SUPPRESSED, Figures(5, 20), Figures(10), Figures(5, 25), SUPPRESSED]
    assert sorted(range(5), key=lambda n: order(shown[n])) == [2, 3, 1, 0, 4]


# Tables: golden examples


def test_a_hidden_cell_enters_no_margin() -> None:
    # Speicher: 7 in Basis, 3 in Fokus; Zelle: 6 in Basis, 0 in Fokus
    data = {cell("Speicher", "Basis"): voices(7), cell("Speicher", "Fokus"): voices(3, people=99, start=10)}
    data |= {cell("Zelle", "Basis"): voices(6, start=20), cell("Zelle", "Fokus"): []}
    seen = table(data, K)
    assert seen.cells == {
        ("Speicher", "Basis"): Figures(5, 25), ("Speicher", "Fokus"): SUPPRESSED,
        ("Zelle", "Basis"): Figures(5, 20), ("Zelle", "Fokus"): SUPPRESSED,
    }  # fmt: skip
    assert seen.row_totals == {"Speicher": Figures(5, 25), "Zelle": Figures(5, 20)}
    assert seen.column_totals == {"Basis": Figures(10, 50), "Fokus": SUPPRESSED}  # 13 companies, 28 + 24 people
    assert seen.total == Figures(10, 50)


def test_what_is_hidden_in_a_row_counts_there_where_it_is_enough_by_itself() -> None:
    data = {cell("Speicher", name): voices(3, start=10 * n) for n, name in enumerate(("Basis", "Fokus", "Verständnis"))}
    seen = table(data, K)
    assert set(seen.cells.values()) == {SUPPRESSED}
    assert seen.row_totals["Speicher"] == Figures(5, 35)  # nine companies of four people
    assert set(seen.column_totals.values()) == {SUPPRESSED}
    assert seen.total == Figures(5, 35)


def test_what_is_hidden_in_every_row_counts_in_the_total_where_it_is_enough_by_itself() -> None:
    seen = table({cell(row, "Basis"): voices(3, start=10 * n) for n, row in enumerate("ABC")}, K)
    assert set(seen.row_totals.values()) == {SUPPRESSED}
    assert seen.total == Figures(5, 35)  # nine companies of four people
    assert set(seen.column_totals.values()) == {SUPPRESSED}  # what is hidden in several rows is in no column


def test_a_margin_never_tells_that_every_hidden_cell_is_full() -> None:
    data = {cell("Speicher", f"Spalte {n}"): voices(4, start=10 * n) for n in range(5)}  # 20 companies: 4 in each
    # what is counted, at most 4 * 4 + 1, is also possible with 1 company in any of the cells
    assert table(data, K).row_totals["Speicher"] == Figures(15, 65)


def test_two_hidden_modules_of_a_cell_show_together_one_does_not() -> None:
    data = {cell("Speicher", "Basis", "a"): voices(7), cell("Speicher", "Basis", "b"): voices(3, start=10)}
    assert table(data, K).cells["Speicher", "Basis"] == Figures(5, 25)
    data[cell("Speicher", "Basis", "c")] = voices(2, start=20)
    assert table(data, K).cells["Speicher", "Basis"] == Figures(10, 45)  # 7 and 5; 28 + 20 = 48
    assert table(data, K).parts == {"a": Figures(5, 25)}


def test_a_module_with_two_topics_tells_nothing_of_the_module_with_one() -> None:
    both, alone = Place(("Speicher", "Zelle"), ("Basis",), "a"), cell("Speicher", "Basis", "b")
    data = {both: voices(6), alone: [Contribution("gross", 400, False)]}
    seen = table(data, K)
    assert seen.cells["Speicher", "Basis"] == seen.cells["Zelle", "Basis"] == seen.total == Figures(5, 20)


def test_fewer_rows_are_the_same_rows() -> None:
    data = {Place(("A", "B"), ("x",), "1"): voices(6), cell("A", "y", "2"): voices(3), cell("B", "y", "3"): voices(8)}
    every, one = table(data, K), table(data, K, rows=["A"])
    assert one.row_totals == {"A": every.row_totals["A"]}
    assert one.total == one.row_totals["A"] == one.column_totals["x"] == Figures(5, 20)
    assert one.column_totals["y"] == SUPPRESSED  # the eight are in row B
    assert every.total == Figures(5, 55)  # eight companies, six of them twice
    assert one.cells == {key: value for key, value in every.cells.items() if key[0] == "A"}


def test_a_total_of_some_rows_holds_nothing_of_the_others() -> None:
    data = {cell(row, "Basis"): voices(3, start=10 * n) for n, row in enumerate("ABC")}
    assert table(data, K).total == Figures(5, 35)
    assert table(data, K, rows=["A", "B"]).total == SUPPRESSED


def test_a_company_counts_once_in_every_margin_and_its_people_wherever_it_spoke() -> None:
    seen = table({cell("A", "x"): voices(7), cell("A", "y"): voices(7)}, K)
    assert seen.row_totals["A"] == seen.total == Figures(5, 55)


def test_rows_rank_by_what_they_show() -> None:
    data = {cell("A", "x"): voices(4), cell("B", "x"): [], cell("C", "x"): voices(5), cell("D", "x"): voices(3)}
    assert table(data, K).ranked() == ("C", "A", "B", "D")


# Tables: properties on random data

COMPANIES = [f"firma-{n:02}" for n in range(24)]
SAID = st.builds(
    Contribution,
    st.sampled_from(COMPANIES),
    st.none() | st.integers(1, 40) | st.integers(1, 3000),
    st.sampled_from([False, False, False, True]),
)
PLACES = st.builds(
    lambda rows, columns, part: Place(tuple(sorted(rows)), tuple(sorted(columns)), part),
    st.sets(st.sampled_from("ABC"), min_size=1, max_size=2),
    st.sets(st.sampled_from("xyz"), min_size=1, max_size=2),
    st.sampled_from("123"),
)


def unique(said: Iterable[Contribution]) -> list[Contribution]:
    return list({one.company: one for one in said}.values())


TABLES = st.dictionaries(PLACES, st.lists(SAID, max_size=14).map(unique), min_size=1, max_size=14)
VIEWERS = st.sampled_from(["", UNKNOWN, COMPANIES[0], "eine ohne Bedarf"])


def published(seen: Table) -> list[Figures]:
    return [*seen.cells.values(), *seen.row_totals.values(), *seen.column_totals.values(), seen.total]


@given(TABLES, st.integers(3, 9), VIEWERS)
@settings(max_examples=25, deadline=None)
def test_no_number_of_a_table_is_made_of_too_few(data: Data, k: int, viewer: str) -> None:
    seen = table(data, k, viewer)
    members = {
        key: {
            one.company for place, said in data.items() for one in said if inside(place, key) and one.company != viewer
        }
        for key in [*seen.cells, *((row, "") for row in seen.rows), *(("", name) for name in seen.columns), ("", "")]
    }
    for companies, shown in zip(members.values(), published(seen), strict=True):
        if shown.companies is None:
            assert shown.people is None
        else:
            assert limit_of(k, viewer) <= len(companies)
            assert 0 < shown.companies <= len(companies)
            assert shown.companies % 5 == 0
            assert (shown.people or 0) % 5 == 0


def inside(place: Place, key: tuple[str, str]) -> bool:
    return (not key[0] or key[0] in place.rows) and (not key[1] or key[1] in place.columns)


@given(TABLES, SAID, st.data())
@settings(max_examples=25, deadline=None)
def test_the_viewers_own_word_changes_nothing_that_the_viewer_sees(
    data: Data, own: Contribution, draw: st.DataObject
) -> None:
    place = draw.draw(st.sampled_from(sorted(data)))
    before = table(data, K, "eigene")
    after = table(data | {place: [*data[place], own._replace(company="eigene")]}, K, "eigene")
    assert after == before


# Attackers: they know the rule, every published figure of every page, and their own company's record


def disjoint(people: st.SearchStrategy[int | None], most: int) -> st.SearchStrategy[Data]:
    """Tables in which every company speaks once: margins are sums, the attacker's best case."""
    sizes = st.dictionaries(
        st.tuples(st.sampled_from("ABC"), st.sampled_from("wxyz"), st.sampled_from(["", "teil"])),
        st.lists(people, max_size=most),
        min_size=4,
    )

    def made(found: dict[tuple[str, str, str], list[int | None]]) -> Data:
        number = itertools.count()
        return {
            cell(*key): [Contribution(f"firma-{next(number):03}", one, False) for one in numbers]
            for key, numbers in found.items()
        }

    return sizes.map(made)


@given(disjoint(st.none(), 7), st.sampled_from(["", UNKNOWN]))
@settings(max_examples=25, deadline=None)
def test_another_number_in_any_suppressed_place_would_look_the_same(data: Data, viewer: str) -> None:
    """The exact attacker: whatever can be computed, it cannot tell two worlds apart in which everything published is equal."""
    known = everything(data, viewer)
    for place, said in data.items():
        if figures(said, K, viewer).suppressed:
            assert any(everything(world, viewer) == known for world in other_worlds(data, place)), place


def other_worlds(data: Data, place: Place) -> Iterator[Data]:
    """Worlds with more or fewer companies in *place*: somebody comes, leaves, or moves."""
    said = data[place]
    yield data | {place: [*said, Contribution("neu", None, False)]}
    if said:
        yield data | {place: said[:-1]}
    for other in data:
        if other != place:
            if said:
                yield data | {place: said[:-1], other: [*data[other], said[-1]]}
            if data[other]:
                yield data | {place: [*said, data[other][-1]], other: data[other][:-1]}


def everything(data: Data, viewer: str) -> list[Figures]:
    """What a viewer can collect: the table, each of its slices, and the pages of its places."""
    slices = [None, *([row] for row in "ABC")]
    tables = [table(data, K, viewer, rows, columns="wxyz") for rows in slices]
    return [*itertools.chain(*map(published, tables)), *(figures(data[place], K, viewer) for place in sorted(data))]


OVERLAPPING = st.dictionaries(
    PLACES,
    st.lists(
        st.builds(
            Contribution, st.sampled_from(COMPANIES), st.sampled_from([20, 20, 20, None]), st.sampled_from([False, False, False, True])
        ),
        max_size=12,
    ).map(unique),
    min_size=2,
    max_size=10,
)  # fmt: skip
REGION, SECTOR, SIZE = "ABC", "wxyz", "12"
BY_KIND_OF_COMPANY = st.dictionaries(
    st.builds(cell, st.sampled_from(REGION), st.sampled_from(SECTOR), st.sampled_from(SIZE)),
    st.integers(0, 8),
    min_size=6,
).map(lambda sizes: {place: voices(number, 20, start=100 * n) for n, (place, number) in enumerate(sizes.items())})


@given(OVERLAPPING | BY_KIND_OF_COMPANY, st.sampled_from(["", COMPANIES[0]]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_sum_or_difference_of_published_figures_is_about_fewer_companies(
    data: Data, viewer: str, with_link: bool
) -> None:
    """The linear attacker: adds and subtracts cells, margins, slices, pages of modules and a shared link.

    What such a sum contains of two contributions is equal if they are in the same published figures. So it is about whole groups of
    contributions that are in the same figures, and each of these groups must be large enough by itself, also without the named ones.
    """
    viewers = [viewer, UNKNOWN] if with_link else [viewer]
    groups: dict[tuple[bool, ...], list[Contribution]] = {}
    before = [shown.people for one in viewers for shown in everything(data, one)]
    for place, n, said in [(key, n, one) for key, all_said in data.items() for n, one in enumerate(all_said)]:
        if said.people is not None and said.company != viewer:
            more = [*data[place][:n], said._replace(people=said.people + 5), *data[place][n + 1 :]]
            after = [shown.people for one in viewers for shown in everything(data | {place: more}, one)]
            moved = tuple(now != was for now, was in zip(after, before, strict=True))
            groups.setdefault(moved, []).append(said)
    for moved, group in groups.items():
        named = {one.company for one in group if one.named}
        anonymous = {one.company for one in group} - named
        if any(moved):
            assert len(anonymous | named) >= K
            assert len(anonymous) >= K or all(one.named for one in group)


@given(TABLES, SAID, st.data())
@settings(max_examples=25, deadline=None)
def test_the_day_before_and_after_one_company_spoke_differ_by_whole_steps_where_it_spoke(
    data: Data, said: Contribution, draw: st.DataObject
) -> None:
    place, new = draw.draw(st.sampled_from(sorted(data))), said._replace(company="neu")
    before, after = table(data, K), table(data | {place: [*data[place], new]}, K)
    for (row, name), shown in before.cells.items():
        steps = (after.cells[row, name].companies or 0) - (shown.companies or 0)
        assert steps in ((-5, 0, 5) if row in place.rows and name in place.columns else (0,))
        if row not in place.rows:
            assert after.row_totals[row] == before.row_totals[row]


# Nothing becomes more visible by itself (requirement 46)


def test_what_nobody_chose_is_for_the_office_alone() -> None:
    for column in visibility_columns():
        assert column.server_default is None or str(column.server_default.arg) == "network"  # type: ignore[attr-defined]
    defaults = {str(one): one.default.arg for one in visibility_columns() if one.default is not None}
    # a wish is there to be joined: it stands in the list without the name
    assert defaults.pop("wish.confidentiality") == Confidentiality.ANONYMOUS
    assert set(defaults.values()) == {Confidentiality.NETWORK, FeedbackVisibility.NETWORK}
    assert DemandInput().confidentiality == Confidentiality.NETWORK


def visibility_columns() -> list[sa.Column[object]]:
    kinds = (Confidentiality, FeedbackVisibility)
    return [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if getattr(column.type, "enum_class", None) in kinds
    ]


def test_no_migration_makes_anything_more_visible() -> None:
    wider = re.compile(
        r"SET\s+(visibility|confidentiality)\s*=\s*'(?!network)|server_default='(members|anonymous|provider)'"
    )
    files = (PACKAGE / "migrations/versions").glob("*.py")
    assert [path.name for path in files if wider.search(path.read_text(encoding="utf-8"))] == []


# --- golden cases that mutants of the rule survived without


def said(*people: int, named: bool = False, prefix: str = "c") -> list[Contribution]:
    return [Contribution(f"{prefix}{number}", count, named) for number, count in enumerate(people)]


def test_several_statements_of_one_company_are_one_share() -> None:
    """a: 40 + 45 = 85; with 3 of the next, 88 of 97 is more than 85 %. (45 alone would be 48 of 57.)"""
    group = [Contribution("a", 40, False), Contribution("a", 45, False), *said(3, 3, 3, 3)]
    assert figures(group, 5) == Figures(5, None)


def test_an_unknown_viewer_may_be_one_company_not_two() -> None:
    """Without the largest 20: 40 of 56; without any other: 40 of 66. Both are well below 85 %."""
    assert figures(said(20, 20, 20, 10, 1, 1, 1, 1, 1, 1), 5, UNKNOWN) == Figures(10, 75)


def test_anonymous_shares_are_held_against_an_unknown_viewer_beside_named_ones() -> None:
    """Anonymous: 60 of 71 (84.5 %) are allowed, but an unknown viewer may be one of the 30: 38 of 41. Named ones do not help."""
    anonymous, named = said(30, 30, 8, 1, 1, 1), said(30, 30, 30, named=True, prefix="n")
    assert figures([*anonymous, *named], 5, UNKNOWN) == Figures(5, None)
    assert figures([*anonymous, *named], 5) == Figures(5, 160)


def test_hidden_people_add_up_to_nothing() -> None:
    """Five rows of five companies each, in each of which two make up nearly all: no sum of people, however many rows."""
    places = {Place((f"r{n}",), ("c",)): said(90, 90, 1, 1, 1, prefix=f"r{n}-") for n in range(5)}
    found = table(places, 5)
    assert (found.total, found.column_totals["c"]) == (Figures(25, None), Figures(25, None))


def test_the_table_for_an_unknown_viewer_holds_shares_against_them() -> None:
    found = table({Place(("r",), ("c",)): said(30, 30, 8, 1, 1, 1)}, 5, UNKNOWN)
    assert found.total == Figures(5, None)
    assert table({Place(("r",), ("c",)): said(30, 30, 8, 1, 1, 1)}, 5).total == Figures(5, 70)


def test_what_is_hidden_everywhere_still_counts_in_the_whole() -> None:
    """Three companies in one row and column, three others in another: neither is told; of both together five may be."""
    places = {Place(("r1",), ("c1",)): said(2, 2, 2), Place(("r2",), ("c2",)): said(2, 2, 2, prefix="d")}
    found = table(places, 5)
    assert all(
        one.suppressed for one in [*found.cells.values(), *found.row_totals.values(), *found.column_totals.values()]
    )
    assert found.total.companies == 5


def test_only_the_columns_asked_for_are_in_the_table() -> None:
    places = {Place(("r",), ("c1",)): said(1), Place(("r",), ("c2",)): said(1)}
    assert table(places, 5, columns=("c2",)).columns == ("c2",)
    assert table(places, 5, rows=("r",)).columns == ("c1", "c2")
