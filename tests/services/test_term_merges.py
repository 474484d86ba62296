"""Merging terms: everything that pointed at the one points at the other, the old code goes on working, undoing is the identity."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from catalogue.db import Database, Session
from catalogue.models import (
    Company,
    Demand,
    Module,
    ModuleVersion,
    PendingVersion,
    Provider,
    Run,
    SavedSearch,
    Term,
    Vocabulary,
    Wish,
    module_term,
)
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import (
    bulk,
    module_history,
    module_listing,
    modules,
    pending,
    search,
    term_merges,
    term_uses,
    terms,
)
from catalogue.services.errors import Conflict, Invalid, NotAllowed, Stale
from catalogue.services.module_listing import ListingQuery
from catalogue.services.terms import TermInput
from tests import factories
from tests.conftest import People

COUNTED = {"version", "updated_at"}  # columns that every change counts up


def state(session: Session) -> dict[str, Any]:
    """Everything that a merge may touch, without the columns that count changes."""
    session.flush()
    session.expire_all()
    found: dict[str, Any] = {"carried": sorted(map(tuple, session.execute(sa.select(module_term))))}
    for kind in (Term, Company, Provider, Run, Wish, Demand, SavedSearch, PendingVersion, Module):
        columns = [column for column in kind.__table__.columns if column.name not in COUNTED]
        rows = session.execute(sa.select(*columns).order_by(kind.id)).all()
        found[kind.__tablename__] = [tuple(map(_comparable, row)) for row in rows]
    return found


def _comparable(value: Any) -> Any:
    return repr(value)


def question(**values: Any) -> str:
    return urlencode(values, doseq=True)


def world(session: Session, people: People) -> dict[str, Term]:
    made = {
        code: factories.make_term(session, Vocabulary.TOPIC, code, label, position=number, synonyms=[f"{label}wort"])
        for number, (code, label) in enumerate(
            (("laden", "Laden"), ("ladetechnik", "Ladetechnik"), ("zelle", "Zelle"), ("stecker", "Stecker"))
        )
    }
    made["stecker"].parent_id = made["laden"].id
    factories.make_module(session, "Eins", terms=[made["laden"], made["zelle"]])
    factories.make_module(session, "Beide", terms=[made["laden"], made["ladetechnik"]])
    factories.make_module(session, "Zwei", terms=[made["ladetechnik"]])
    session.add(Wish(title="Mehr Laden", topic_id=made["laden"].id, company_id=people.company.id))
    asked = question(q="kurs", topic=["laden", "zelle"])
    session.add(SavedSearch(user_id=people.member_user.id, name="Laden", question=asked))
    session.flush()
    return made


def carried(session: Session, people: People, slug: str) -> list[str]:
    return sorted(term.code for term in modules.get(session, people.curator, slug).terms)


def test_everything_moves_and_each_module_gets_one_version(session: Session, people: People) -> None:
    made = world(session, people)
    waiting = modules.get(session, people.curator, "eins")
    said = replace(modules.input_of(waiting), title="Eins neu")
    pending.save(session, people.curator, waiting, said, pending.Read(waiting.version))
    change = term_merges.merge(session, people.curator, made["laden"], made["ladetechnik"])
    assert (change.count, made["laden"].merged_into_id) == (2, made["ladetechnik"].id)
    assert carried(session, people, "eins") == ["ladetechnik", "zelle"]
    assert carried(session, people, "beide") == ["ladetechnik"]
    assert session.scalars(sa.select(Wish.topic_id)).all() == [made["ladetechnik"].id]
    assert session.scalars(sa.select(SavedSearch.question)).all() == [
        question(q="kurs", topic=["ladetechnik", "zelle"])
    ]
    assert made["stecker"].parent_id == made["ladetechnik"].id
    assert made["ladetechnik"].old_names == ["Laden"]
    assert made["ladetechnik"].synonyms == ["Ladetechnikwort", "Ladenwort"]
    versions = session.scalars(sa.select(ModuleVersion.action)).all()
    assert versions == [term_merges.MERGED] * 2
    # what waits is still about the title only, without a clash
    module = modules.get(session, people.curator, "eins")
    found = pending.compared(module, pending.get(session, people.curator, module))
    assert ([one.field for one in found.changes], found.clashes) == (["title"], ())
    assert term_uses.uses(session, people.curator, made["laden"]).others == 0


def test_the_old_code_still_leads_to_the_term(
    session: Session, database: Database, people: People, index: SearchIndex
) -> None:
    made = world(session, people)
    old = modules.input_of(modules.get(session, people.curator, "eins"))
    term_merges.merge(session, people.curator, made["laden"], made["ladetechnik"])
    session.commit()
    sync.keep_up(database, index)
    page = search.find(session, people.visitor, index, Query(filters={"topic": ("laden",)}))
    assert (page.total, page.ignored) == (3, ())
    topics = next(facet for facet in page.facets if facet.name == "topic")
    assert [(one.value, one.selected) for one in topics.values if one.value.startswith("lade")] == [
        ("ladetechnik", True)
    ]
    assert search.find(session, people.visitor, index, Query("Laden")).total == 3
    assert terms.get(session, people.curator, Vocabulary.TOPIC, "laden") is made["ladetechnik"]
    assert [used.term.code for used in terms.listing(session, people.curator, Vocabulary.TOPIC)] == [
        "ladetechnik", "stecker", "zelle",
    ]  # fmt: skip
    listed = module_listing.listing(session, people.curator, ListingQuery(terms=("topic:laden",)))
    assert listed.total == 3
    module = modules.get(session, people.curator, "eins")
    modules.update(session, people.curator, module, replace(old, summary="Wie früher"), None)
    assert carried(session, people, "eins") == ["ladetechnik", "zelle"]


SOME = st.lists(st.integers(0, 3), unique=True, max_size=4)
WORDS = st.lists(st.sampled_from(["Begriff 0", "Begriff 1", "Akku", "Pack"]), unique=True, max_size=3)
PLANS = st.fixed_dictionaries(
    {
        "above": st.tuples(*(st.sampled_from([None, *range(number)]) for number in range(1, 4))),
        "words": st.lists(st.tuples(WORDS, WORDS), min_size=4, max_size=4),
        "modules": st.lists(st.tuples(SOME, SOME, SOME, SOME, st.integers(-1, 3)), min_size=2, max_size=2),
        "region": st.integers(0, 1),
        "pairs": st.lists(st.permutations(range(4)), min_size=1, max_size=2),
    }
)


def drawn(session: Session, people: People, plan: dict[str, Any]) -> list[Term]:
    """Four terms of a tree, with what points at them as *plan* says."""
    made = [factories.make_term(session, Vocabulary.TOPIC, f"t{n}", f"Begriff {n}", position=n) for n in range(4)]
    for term, above in zip(made[1:], plan["above"], strict=True):
        term.parent_id = None if above is None else made[above].id
    for term, (synonyms, old_names) in zip(made, plan["words"], strict=True):
        term.synonyms, term.old_names = synonyms, old_names
    for number, (carried, asked, base, wanted, wish) in enumerate(plan["modules"]):
        codes = [[f"t{n}" for n in sorted(chosen)] for chosen in (asked, base, wanted)]
        module = factories.make_module(session, f"M{number}", terms=[made[n] for n in carried])
        session.add(SavedSearch(user_id=people.member_user.id, name=f"S{number}", question=question(topic=codes[0])))
        topic = made[wish].id if wish >= 0 else None
        session.add(Wish(title=f"W{number}", topic_id=topic, company_id=people.company.id))
        before, after = ({"title": "M", "terms": {"topic": chosen}} for chosen in codes[1:])
        session.add(PendingVersion(module_id=module.id, base=before, snapshot=after))
    regions = [factories.make_term(session, Vocabulary.REGION, f"r{n}") for n in range(2)]
    factories.make_provider(session, region_id=regions[plan["region"]].id)
    factories.make_company(session, region_id=regions[0].id)
    session.flush()
    return made + regions


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@given(plan=PLANS)
@limits(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merging_and_undoing_is_the_identity(session: Session, people: People, plan: dict[str, Any]) -> None:
    savepoint = session.begin_nested()
    try:
        made = drawn(session, people, plan)
        before = state(session)
        done = []
        for one, other, *_ in [*plan["pairs"], (4, 5)]:
            term, into = made[one], made[other]
            if not term.merged_into_id and not into.merged_into_id:
                done.append(term_merges.merge(session, people.curator, term, into))
        assert state(session) != before
        for change in reversed(done):
            term_merges.undo(session, people.curator, change)
            assert change.conflicts == []
        assert state(session) == before
    finally:
        savepoint.rollback()


def test_undoing_leaves_alone_what_was_changed_since(session: Session, people: People) -> None:
    made = world(session, people)
    change = term_merges.merge(session, people.curator, made["laden"], made["ladetechnik"])
    module = modules.get(session, people.curator, "eins")
    given = replace(modules.input_of(module), terms={"topic": ("zelle",)})
    modules.update(session, people.curator, module, given, None)
    term_merges.undo(session, people.curator, change)
    assert change.conflicts == ["Eins"]
    assert carried(session, people, "eins") == ["zelle"]
    assert carried(session, people, "beide") == ["laden", "ladetechnik"]
    assert module_history.latest(session, modules.get(session, people.curator, "beide")).action == term_merges.UNDONE
    with pytest.raises(Conflict):
        term_merges.undo(session, people.curator, change)


def test_chains_lead_to_the_last_term_and_come_apart_in_turn(session: Session, people: People) -> None:
    made = world(session, people)
    first = term_merges.merge(session, people.curator, made["laden"], made["ladetechnik"])
    second = term_merges.merge(session, people.curator, made["ladetechnik"], made["zelle"])
    assert terms.get(session, people.curator, Vocabulary.TOPIC, "laden") is made["zelle"]
    with pytest.raises(Conflict):
        term_merges.undo(session, people.curator, first)
    with pytest.raises(Invalid):
        term_merges.merge(session, people.curator, made["stecker"], made["laden"])
    for change in (second, first):
        term_merges.undo(session, people.curator, change)
    assert terms.get(session, people.curator, Vocabulary.TOPIC, "laden") is made["laden"]


def test_only_two_terms_of_one_list_as_they_were_read_are_merged_by_staff(session: Session, people: People) -> None:
    made = world(session, people)
    level = factories.make_term(session, Vocabulary.LEVEL, "basis")
    for other in (level, made["laden"]):
        with pytest.raises(Invalid):
            term_merges.merge(session, people.curator, made["laden"], other)
    with pytest.raises(Stale):
        term_merges.merge(session, people.curator, made["laden"], made["zelle"], 99, 1)
    change = term_merges.merge(session, people.curator, made["laden"], made["zelle"])
    for actor in (people.visitor, people.member):
        with pytest.raises(NotAllowed):
            term_merges.merge(session, actor, made["ladetechnik"], made["zelle"])
        with pytest.raises(NotAllowed):
            term_merges.undo(session, actor, change)
    with pytest.raises(Conflict):
        bulk.undo(session, people.curator, change)


def test_neighbours_change_places_within_their_branch(session: Session, people: People) -> None:
    made = world(session, people)

    def order() -> list[tuple[str, int]]:
        found = terms.listing(session, people.curator, Vocabulary.TOPIC)
        return [(used.term.code, used.depth) for used in found]

    assert order() == [("laden", 0), ("stecker", 1), ("ladetechnik", 0), ("zelle", 0)]
    assert terms.move(session, people.curator, made["zelle"], up=True)
    assert order() == [("laden", 0), ("stecker", 1), ("zelle", 0), ("ladetechnik", 0)]
    assert terms.move(session, people.curator, made["laden"], up=False)
    assert order() == [("zelle", 0), ("laden", 0), ("stecker", 1), ("ladetechnik", 0)]
    assert not terms.move(session, people.curator, made["stecker"], up=True)


def test_only_what_nothing_uses_or_names_is_deleted(session: Session, people: People) -> None:
    made = world(session, people)
    with pytest.raises(Conflict):
        terms.delete(session, people.curator, made["laden"], None)
    term_merges.merge(session, people.curator, made["laden"], made["ladetechnik"])
    free = terms.create(session, people.curator, Vocabulary.TOPIC, TermInput("Frei"))
    module = modules.get(session, people.curator, "zwei")
    tagged = replace(modules.input_of(module), terms={"topic": ("frei",)})
    modules.update(session, people.curator, module, tagged, None)
    modules.restore(session, people.curator, module, 1)
    modules.update(session, people.curator, module, replace(tagged, terms={}), None)
    with pytest.raises(Conflict, match="Frühere Fassungen"):
        terms.delete(session, people.curator, free, None)
    unused = terms.create(session, people.curator, Vocabulary.TOPIC, TermInput("Unbenutzt"))
    with pytest.raises(Stale):
        terms.delete(session, people.curator, unused, 99)
    terms.delete(session, people.curator, unused, unused.version)
    assert session.scalar(sa.select(Term).where(Term.code == "unbenutzt")) is None
    shipped = factories.make_term(session, Vocabulary.TOPIC, "rohstoffe")
    with pytest.raises(Conflict, match="beim Laden"):
        terms.delete(session, people.curator, shipped, None)
