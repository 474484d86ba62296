"""Was fehlt: wishes and searches meet by their words, by topic; golden figures. Merging wishes; drafts that are told about."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    Confidentiality,
    OutboxMail,
    SearchGap,
    Vocabulary,
    Wish,
    WishState,
    WishSupport,
    WorkflowState,
)
from catalogue.search import sync
from catalogue.search.gist import TopicGuess, gist
from catalogue.search.index import SearchIndex
from catalogue.services import missing, missing_drafts, search_gaps, wish_answers, wish_merges, wishes, worklist
from catalogue.services.errors import Conflict, NotAllowed
from catalogue.services.missing import MissingQuery
from catalogue.services.missing_drafts import Source
from catalogue.services.wish_answers import AnswerInput
from catalogue.services.wishes import WishInput
from tests import factories
from tests.conftest import ON_SQLITE, People

TOPICS = {"fire": ["Brandschutz", "Löschen"], "law": ["Recht und Normen", "Batteriepass"]}


def test_wordings_of_one_thing_have_the_same_gist() -> None:
    assert gist("Lagerung von Batterien") == gist("Batterie lagern") == gist("batterien LAGERN")
    assert gist("Batterie lagern") != gist("Batterie prüfen")
    assert gist("von der") == ("der", "von")  # nothing but stop words is better than nothing


def test_topics_are_guessed_by_their_names_and_by_parts_of_compounds() -> None:
    guess = TopicGuess(TOPICS, None)
    texts = (
        "brandschutz im lager",
        "brandschutzkonzept",
        "recht und normen beim versand",
        "löschen",
        "leuchtfarbe",
        "",
    )
    assert [guess.of(text) for text in texts] == ["fire", "fire", "law", "fire", "", ""]


class World:
    """Golden: Alice wishes "Brandschutz im Batterielager" for 5 people and Bob joins; Bob wishes "Löschtechnik" for 2 without a
    topic. Searched: "batterielager brandschutz" 3 + 1 times on two days, "im brandschutz batterielager" twice: the same words as
    Alice's wish. "leuchtfarbe" 7 times."""

    def __init__(self, session: Session, people: People) -> None:
        self.fire = factories.make_term(session, Vocabulary.TOPIC, "fire", "Brandschutz", position=1)
        self.law = factories.make_term(session, Vocabulary.TOPIC, "law", "Recht", synonyms=["Löschtechnik"], position=2)
        self.store = wishes.create(
            session, people.member, WishInput("Brandschutz im Batterielager", "Konzept?", "fire", 5)
        )
        wishes.support(session, people.stranger, self.store)
        self.douse = wishes.create(
            session, people.stranger, WishInput("Löschtechnik", people=2, confidentiality=Confidentiality.NETWORK)
        )
        today = utcnow().date()
        for text, count, ago in (
            ("batterielager brandschutz", 3, 0), ("batterielager brandschutz", 1, 3), ("im brandschutz batterielager", 2, 1),
            ("leuchtfarbe", 7, 40),
        ):  # fmt: skip
            session.add(SearchGap(query=text, day=today - timedelta(days=ago), count=count, hits=0))
        session.flush()


def look(session: Session, people: People, index: SearchIndex, **values: object) -> list[tuple[object, ...]]:
    found = missing.find(session, people.curator, index, MissingQuery(**values))  # type: ignore[arg-type]
    return [
        (
            group.topic.code,
            group.companies,
            group.asked,
            [(e.title, e.companies, e.people, e.asked) for e in group.entries],
        )
        for group in found.groups
    ]


def test_wishes_and_searches_are_one_list_by_topic(session: Session, people: People, index: SearchIndex) -> None:
    """Alice's wish: she and Bob are 2 companies, 5 people, 3 + 1 + 2 = 6 searches. Bob's is guessed to be law, by a synonym."""
    World(session, people)
    fire = ("fire", 2, 6, [("Brandschutz im Batterielager", 2, 5, 6)])
    law = ("law", 1, 0, [("Löschtechnik", 1, 2, 0)])
    assert look(session, people, index) == [fire, law, ("none", 0, 7, [("leuchtfarbe", 0, 0, 7)])]
    assert look(session, people, index, days=30, kind="search") == [fire]
    assert look(session, people, index, kind="wish", topic="law") == [law]
    assert look(session, people, index, text="batterielager") == [fire]
    found = missing.find(session, people.curator, index, MissingQuery(sort="asked"))
    assert found.totals == {"": 3, "wish": 2, "search": 2, "ready": 0}
    rows = missing.table(found).rows
    assert [(row["title"], row["names"], row["asked"]) for row in rows] == [
        ("Brandschutz im Batterielager", "Muster AG", 6), ("Löschtechnik", "Beispiel GmbH", 0), ("leuchtfarbe", "", 7),
    ]  # fmt: skip
    with pytest.raises(NotAllowed):
        missing.find(session, people.company_admin, index, MissingQuery())


@ON_SQLITE
def test_a_topic_is_guessed_by_modules_that_hold_the_same_words(
    session: Session, database: Database, people: People, index: SearchIndex
) -> None:
    world = World(session, people)
    for number in range(3):
        factories.make_module(session, f"Nachleuchtende Leuchtfarbe {number}", terms=[world.fire])
    session.commit()
    sync.drain_quietly(database, index)
    found = missing.find(session, people.curator, index, MissingQuery(kind="search"))
    assert {entry.title: entry.topic.code for group in found.groups for entry in group.entries}["leuchtfarbe"] == "fire"


def test_a_merged_wish_counts_with_the_one_that_stays_hears_its_answer_and_can_be_taken_back(
    session: Session, people: People, index: SearchIndex
) -> None:
    world = World(session, people)
    before = look(session, people, index)
    wish_merges.merge(session, people.curator, world.douse, world.store)
    assert look(session, people, index, kind="wish") == [("fire", 2, 6, [("Brandschutz im Batterielager", 2, 7, 6)])]
    assert worklist.counts(session, people.curator).wishes == 1
    assert [view.wish.title for view in wishes.listed(session, people.curator, 5)] == ["Brandschutz im Batterielager"]
    assert [view.wish.title for view in wishes.own_list(session, people.stranger, 5)] == ["Löschtechnik"]
    for one, other in ((world.douse, world.store), (world.store, world.douse), (world.store, world.store)):
        with pytest.raises(Conflict):
            wish_merges.merge(session, people.curator, one, other)
    wish_merges.undo(session, people.curator, world.douse)
    assert look(session, people, index) == before
    wish_merges.merge(session, people.curator, world.douse, world.store)
    wish_answers.answer(session, people.curator, world.store, AnswerInput(WishState.PLANNED, "Ab Mai."))
    assert (world.douse.state, world.douse.answer) == (WishState.PLANNED, "Ab Mai.")
    assert sorted(session.scalars(select(OutboxMail.subject)).all()) == [
        "Antwort zum Wunsch „Brandschutz im Batterielager“",
        "Antwort zum Wunsch „Brandschutz im Batterielager“",
        "Antwort zum Wunsch „Löschtechnik“",
    ]
    with pytest.raises(NotAllowed):
        wish_merges.merge(session, people.member, world.douse, world.store)


def test_who_is_merged_into_an_answered_wish_hears_the_answer_at_once(session: Session, people: People) -> None:
    kept = wishes.create(session, people.member, WishInput("Prüfstände kalibrieren"))
    wish_answers.answer(session, people.curator, kept, AnswerInput(WishState.PLANNED, "Im Mai in Ilmenau."))
    other = wishes.create(session, people.stranger, WishInput("Prüfstand eichen"))
    wish_answers.merge(session, people.curator, other, kept)
    assert (other.state, other.answer) == (WishState.PLANNED, "Im Mai in Ilmenau.")
    session.flush()
    assert sorted(session.scalars(select(OutboxMail.to).where(OutboxMail.text.contains("Ilmenau")))) == [
        "alice@muster.example", "bob@beispiel.example",
    ]  # fmt: skip


def test_who_wanted_it_is_told_when_the_draft_made_for_it_is_published(
    session: Session, people: People, index: SearchIndex
) -> None:
    world = World(session, people)
    source = Source(wish=str(world.store.id))
    begun = missing_drafts.begun(session, people.curator, source)
    assert begun is not None
    assert (begun.title, begun.description, dict(begun.terms)) == (world.store.title, "", {"topic": ("fire",)})
    module = factories.make_module(session, begun.title, state=WorkflowState.DRAFT)
    missing_drafts.link(session, people.curator, source, module)
    assert (world.store.module, world.store.state) == (module, WishState.REVIEW)
    with pytest.raises(Conflict):
        wish_answers.fulfil(session, people.curator, world.store)
    module.state = WorkflowState.PUBLISHED
    session.flush()
    assert look(session, people, index, kind="ready")[0][3] == [("Brandschutz im Batterielager", 2, 5, 6)]
    wish_answers.fulfil(session, people.curator, world.store)
    mails = sorted(session.scalars(select(OutboxMail.to)).all())
    assert mails == ["alice@muster.example", "bob@beispiel.example"]
    assert look(session, people, index, kind="wish")[0][0] == "law"


def test_a_search_is_settled_with_a_note_that_comes_back_with_it(
    session: Session, people: People, index: SearchIndex
) -> None:
    World(session, people)
    module = factories.make_module(session, "Leuchtfarbe im Lager", state=WorkflowState.DRAFT)
    missing_drafts.link(session, people.curator, Source(gap="Leuchtfarbe"), module)
    assert [group[0] for group in look(session, people, index)] == ["fire", "law"]
    search_gaps.counted(session, "leuchtfarbe", utcnow().date(), 0)
    found = missing.find(session, people.curator, index, MissingQuery(kind="search", text="leuchtfarbe"))
    (gap,) = found.groups[0].entries[0].searches
    assert (gap.count, gap.note) == (1, "Entwurf: Leuchtfarbe im Lager")


def test_a_wish_that_was_merged_cannot_be_joined(session: Session, people: People) -> None:
    world = World(session, people)
    wish_merges.merge(session, people.curator, world.store, world.douse)
    session.query(WishSupport).delete()
    session.expire_all()
    with pytest.raises(Conflict):
        wishes.support(session, people.stranger, wishes.get(session, people.stranger, world.store.id))
    assert session.scalars(select(Wish.merged_into_id).where(Wish.id == world.store.id)).one() == world.douse.id


def test_who_joined_a_wish_hears_no_more_of_it_once_it_is_for_the_office_only(
    session: Session, people: People, index: SearchIndex
) -> None:
    world = World(session, people)
    secret = replace(wishes.input_of(world.store), title="Geheim", confidentiality=Confidentiality.NETWORK)
    wishes.update(session, people.member, world.store, secret)
    wish_answers.answer(session, people.curator, world.store, AnswerInput(WishState.PLANNED, "Ab Mai."))
    assert session.scalars(select(OutboxMail.to)).all() == ["alice@muster.example"]


def test_a_question_goes_to_the_company_of_the_wish_and_not_to_those_it_stands_for(
    session: Session, people: People, index: SearchIndex
) -> None:
    world = World(session, people)
    wish_merges.merge(session, people.curator, world.douse, world.store)
    asked = AnswerInput(WishState.QUESTION, "Welche Anlage in Halle 3?")
    wish_answers.answer(session, people.curator, world.store, asked)
    assert session.scalars(select(OutboxMail.to)).all() == ["alice@muster.example"]
    assert (world.store.state, world.douse.state, world.douse.answer) == (WishState.QUESTION, WishState.OPEN, "")
