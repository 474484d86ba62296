"""The address bar as a question."""

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from catalogue.search.results import FACETS, SORTS, Query
from catalogue.web.queries import LONGEST_TEXT, MOST_PER_PAGE, args_of, query_from

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
queries = st.builds(
    Query,
    text=words.map(lambda text: " ".join(text.split())),
    filters=st.dictionaries(
        st.sampled_from(FACETS),
        st.lists(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), min_size=1, max_size=4, unique=True).map(tuple),
    ),
    sort=st.sampled_from(["", *SORTS]),
    page=st.integers(1, 10_000),
    per_page=st.integers(1, MOST_PER_PAGE),
)


@given(queries)
def test_a_question_survives_the_way_through_the_address(query: Query) -> None:
    sent = {name: value if isinstance(value, list) else str(value) for name, value in args_of(query).items()}
    assert query_from(MultiDict(sent)) == query


@given(st.lists(st.tuples(st.sampled_from(["q", "page", "per_page", "sort", "all", *FACETS]), words)))
def test_any_parameters_give_a_question(pairs: list[tuple[str, str]]) -> None:
    query = query_from(MultiDict(pairs))
    assert query.page >= 1
    assert 1 <= query.per_page <= MOST_PER_PAGE
    assert len(query.text) <= LONGEST_TEXT
    assert query.all_of <= set(query.filters)


def test_unknown_values_are_left_out() -> None:
    assert query_from(MultiDict({"sort": "x", "page": "²", "per_page": "-3", "topic": " ", "all": "topic"})) == Query()


def test_changes_replace_or_remove_parameters() -> None:
    query = Query(text="akku", filters={"topic": ("a", "b")}, page=3)
    assert args_of(query, page=None, topic=["a"]) == {"q": "akku", "topic": ["a"]}
