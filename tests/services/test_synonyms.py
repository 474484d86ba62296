"""Synonyms of staff: the traps, the preview that keeps its word, and that they count for the next search everywhere."""

import pytest
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, SynonymKind, SynonymRule
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import search, search_gaps, synonym_effects, synonyms
from catalogue.services.errors import Invalid, NotAllowed, Stale
from catalogue.services.permissions import VISITOR
from catalogue.services.synonyms import SynonymInput
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

ONE_WAY = SynonymInput(SynonymKind.ONE_WAY, ("Knallkörper",), ("Zwischenbericht",))


@pytest.fixture
def filled(database: Database, index: SearchIndex) -> SearchIndex:
    """Five modules in the index."""
    with database.write() as session:
        for title in (
            "Zwischenbericht schreiben",
            "Fahrradkunde",
            "Gefahrgutrecht",
            "Recycling heute",
            "Stoffliche Verwertung",
        ):
            factories.make_module(session, title)
    sync.rebuild(database, index)
    return index


def titles(database: Database, index: SearchIndex, text: str) -> set[str]:
    with database.read() as session:
        return {hit.module.title for hit in search.find(session, VISITOR, index, Query(text=text)).hits}


def add(database: Database, people: People, given: SynonymInput) -> SynonymRule:
    with database.write() as session:
        return synonyms.create(session, people.curator, given)


def test_a_new_rule_counts_for_the_next_search_of_another_process(
    database: Database, settings: Settings, filled: SearchIndex, people: People
) -> None:
    theirs, their_index = Database(settings.database_url), SearchIndex(settings.index_folder)
    assert titles(theirs, their_index, "Knallkörper") == set()
    add(database, people, ONE_WAY)
    assert titles(theirs, their_index, "Knallkörper") == {"Zwischenbericht schreiben"}
    assert titles(database, filled, "Knallkörper") == {"Zwischenbericht schreiben"}
    theirs.dispose()


def test_a_rule_that_is_switched_off_does_nothing_and_works_again_when_switched_on(
    database: Database, filled: SearchIndex, people: People
) -> None:
    row = add(database, people, ONE_WAY)
    assert titles(database, filled, "Knallkörper")
    for active, found in ((False, set()), (True, {"Zwischenbericht schreiben"})):
        with database.write() as session:
            row = synonyms.get(session, people.curator, row.id)
            synonyms.switch(session, people.curator, row, active, row.version)
        assert titles(database, filled, "Knallkörper") == found


def test_one_way_is_one_way_and_two_way_is_two_way(database: Database, filled: SearchIndex, people: People) -> None:
    add(database, people, ONE_WAY)
    add(database, people, SynonymInput(SynonymKind.TWO_WAY, ("Drahteselwissen", "Fahrradkunde")))
    with database.write() as session:
        factories.make_module(session, "Knallkörper zünden")
        factories.make_module(session, "Drahteselwissen")
    sync.drain(database, filled)
    assert titles(database, filled, "Zwischenbericht") == {"Zwischenbericht schreiben"}
    assert titles(database, filled, "Drahteselwissen") == titles(database, filled, "Fahrradkunde") != {"Fahrradkunde"}


def test_a_target_brings_what_means_the_same_as_it(database: Database, filled: SearchIndex, people: People) -> None:
    add(database, people, SynonymInput(SynonymKind.ONE_WAY, ("Knallkörper",), ("Recycling",)))
    assert titles(database, filled, "Knallkörper") == {"Recycling heute", "Stoffliche Verwertung"}


@pytest.mark.parametrize(
    "given",
    [
        ONE_WAY,
        SynonymInput(SynonymKind.ONE_WAY, ("Knallkörper", "Böller"), ("Recycling", "Gefahrgut")),
        SynonymInput(SynonymKind.TWO_WAY, ("Drahteselwissen", "Fahrradkunde")),
    ],
)
def test_the_preview_equals_what_the_search_finds_afterwards(
    database: Database, filled: SearchIndex, people: People, given: SynonymInput
) -> None:
    with database.read() as session:
        rule = synonyms.prepared(session, people.curator, given)
        effects = synonym_effects.effects(session, people.curator, filled, rule)
    assert effects is not None
    before = {term: titles(database, filled, term) for term in given.terms}
    add(database, people, given)
    for effect in effects:
        after = titles(database, filled, effect.term)
        assert {module.title for module in effect.added} == after - before[effect.term]
        assert {module.title for module in effect.removed} == before[effect.term] - after
        assert (effect.before, effect.after) == (len(before[effect.term]), len(after))


def test_the_preview_of_a_change_compares_with_no_rule_at_all(
    database: Database, filled: SearchIndex, people: People
) -> None:
    row = add(database, people, ONE_WAY)
    changed = SynonymInput(SynonymKind.ONE_WAY, ("Knallkörper",), ("Gefahrgutrecht",))
    with database.read() as session:
        rule = synonyms.prepared(session, people.curator, changed, row)
        effects = synonym_effects.effects(session, people.curator, filled, rule, row)
    assert effects is not None
    assert [(effect.before, effect.after, effect.added[0].title) for effect in effects] == [(0, 1, "Gefahrgutrecht")]


def test_a_short_word_never_finds_longer_ones(database: Database, filled: SearchIndex, people: People) -> None:
    with database.write() as session:
        factories.make_module(session, "Zkanister füllen")
        factories.make_module(session, "ZKA in der Praxis")
    sync.drain(database, filled)
    add(database, people, SynonymInput(SynonymKind.TWO_WAY, ("zka", "Zellkontaktautomat")))
    assert titles(database, filled, "Zellkontaktautomat") == {"ZKA in der Praxis"}


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        (SynonymInput(SynonymKind.TWO_WAY, ("Schulung", "Unterrichtung")), "terms", "zu weit"),
        (SynonymInput(SynonymKind.TWO_WAY, ("Batterie", "Stromspender")), "terms", "zu weit"),
        (SynonymInput(SynonymKind.ONE_WAY, ("Stromspender",), ("Modul",)), "targets", "zu weit"),
        (SynonymInput(SynonymKind.TWO_WAY, ("Gabelstapler", "Ameise")), "terms", "flurförderzeug = gabelstapler"),
        (SynonymInput(SynonymKind.TWO_WAY, ("Second Life", "Altverwendung")), "terms", "second life = 2nd life"),
        (SynonymInput(SynonymKind.TWO_WAY, ("Hybrid", "Mischform")), "terms", "mehrere Bedeutungen"),
        (SynonymInput(SynonymKind.TWO_WAY, ("x", "Mischform")), "terms", "zu kurz"),
        (SynonymInput(SynonymKind.TWO_WAY, ("und", "Mischform")), "terms", "Füllwort"),
        (SynonymInput(SynonymKind.TWO_WAY, ("a = b", "Mischform")), "terms", "eigene Zeile"),
        (SynonymInput(SynonymKind.TWO_WAY, ("Ameise", "Ameisen")), "terms", "mindestens zwei"),
        (SynonymInput(SynonymKind.ONE_WAY, ("Ameise",), ("Ameisen",)), "targets", "mindestens einen"),
        (SynonymInput(SynonymKind.ONE_WAY, (), ("Hubwagen",)), "terms", "mindestens einen"),
        (
            SynonymInput(SynonymKind.ONE_WAY, ("sechs ganz verschiedene Vögel singen abends draußen",), ("Hubwagen",)),
            "terms",
            "höchstens",
        ),
    ],
)
def test_each_trap_is_refused_with_its_reason(
    database: Database, people: People, given: SynonymInput, field: str, words: str
) -> None:
    with database.read() as session, pytest.raises(Invalid) as refused:
        synonyms.prepared(session, people.curator, given)
    assert words in str(refused.value.fields[field])


def test_a_word_stands_in_one_two_way_group_of_staff_only(database: Database, people: People) -> None:
    row = add(database, people, SynonymInput(SynonymKind.TWO_WAY, ("Ameise", "Niederhubwagen")))
    again = SynonymInput(SynonymKind.TWO_WAY, ("Ameisen", "Krabbler"))
    with database.read() as session, pytest.raises(Invalid, match="Ameise = Niederhubwagen"):
        synonyms.prepared(session, people.curator, again)
    with database.write() as session:
        synonyms.switch(session, people.curator, synonyms.get(session, people.curator, row.id), False, 1)
        synonyms.create(session, people.curator, again)
    with database.write() as session, pytest.raises(Invalid, match="Ameisen = Krabbler"):
        synonyms.switch(session, people.curator, synonyms.get(session, people.curator, row.id), True, 2)


def test_a_rule_from_a_gap_settles_the_gap_and_each_change_is_on_record(database: Database, people: People) -> None:
    with database.write() as session:
        search_gaps.counted(session, "knallkörper", utcnow().date(), 0)
        row = synonyms.create(
            session,
            people.curator,
            SynonymInput(SynonymKind.ONE_WAY, ("knallkörper",), ("Gefahrgut",), gap="knallkörper"),
        )
        assert search_gaps.open_gaps(session) == 0
        synonyms.update(session, people.curator, row, SynonymInput(SynonymKind.ONE_WAY, ("Böller",), ("Gefahrgut",)), 1)
        synonyms.switch(session, people.curator, row, False, 2)
    with database.read() as session:
        events = session.execute(select(AuditEvent.action, AuditEvent.thing_label).order_by(AuditEvent.id)).all()
    assert [tuple(event) for event in events] == [
        ("synonym.create", "knallkörper → Gefahrgut"),
        ("synonym.change", "Böller → Gefahrgut"),
        ("synonym.off", "Böller → Gefahrgut"),
    ]


def test_who_read_an_older_version_must_look_again(database: Database, people: People) -> None:
    row = add(database, people, ONE_WAY)
    with database.write() as session, pytest.raises(Stale):
        synonyms.update(session, people.curator, synonyms.get(session, people.curator, row.id), ONE_WAY, 0)


def test_only_staff_may_touch_them(database: Database, people: People) -> None:
    for actor in (VISITOR, people.member, people.company_admin):
        with database.write() as session:
            for verb in (
                synonyms.listing,
                lambda s, a: synonyms.create(s, a, ONE_WAY),
                lambda s, a: synonyms.file_rules(a),
            ):
                with pytest.raises(NotAllowed):
                    verb(session, actor)
