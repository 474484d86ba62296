"""Saved searches and the mails about them."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import Frequency, Module, OutboxMail, Run, SavedSearch, User, Vocabulary
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import FACETS
from catalogue.services import digests, mail, marks, modules, questions, saved_searches, workflow
from catalogue.services.demand import mark_relevant
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.saved_searches import SearchInput
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

START = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
WEEKLY = SearchInput("Lager", Frequency.WEEKLY, "/?q=lagerung")


# --- the question


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("/?q=++akku++laden&page=3&view=table", "q=akku+laden"),
        ("q=akku", "q=akku"),
        ("/?topic=b&topic=a&topic=b&all=topic&all=format", "topic=a&topic=b&all=topic"),
        ("/?sort=newest&mark=ours&mark=quatsch&m=x&back=/", "mark=ours&sort=newest"),
        ("/?sort=relevance", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_a_question_has_one_normal_form(address: str, normal: str) -> None:
    assert questions.normal(address) == normal


@given(st.text(max_size=200))
def test_the_normal_form_is_stable_and_never_fails(address: str) -> None:
    normal = questions.normal("?" + address)
    assert questions.normal(normal) == normal
    assert set(parse_qs(normal)) <= {"q", "all", "mark", "sort", *FACETS}
    questions.query_of(normal)


def test_a_question_comes_back_as_it_was(session: Session) -> None:
    query = questions.query_of(questions.normal("/?q=akku&topic=a&topic=b&all=topic&sort=title"))
    assert (query.text, query.filters, query.all_of, query.sort) == (
        "akku", {"topic": ("a", "b")}, frozenset({"topic"}), "title",
    )  # fmt: skip


# --- keeping


def test_names_are_needed_and_used_once(session: Session, people: People) -> None:
    saved = saved_searches.create(session, people.member, WEEKLY)
    for name in ("", "  ", "x" * 121, " Lager "):
        with pytest.raises(Invalid):
            saved_searches.create(session, people.member, replace(WEEKLY, name=name))
    saved_searches.create(session, people.company_admin, WEEKLY)  # others may use the same name
    saved_searches.update(session, people.member, saved, replace(WEEKLY, version=saved.version))
    with pytest.raises(Stale):
        saved_searches.update(session, people.member, saved, replace(WEEKLY, name="Neu", version=saved.version + 1))


def test_a_person_keeps_at_most_fifty(session: Session, people: People) -> None:
    for number in range(50):
        saved_searches.create(session, people.member, replace(WEEKLY, name=str(number)))
    with pytest.raises(Invalid):
        saved_searches.create(session, people.member, WEEKLY)


def test_others_do_not_find_it(session: Session, people: People) -> None:
    saved = saved_searches.create(session, people.member, WEEKLY)
    for other in (people.company_admin, people.stranger, people.curator, people.admin):
        with pytest.raises(NotFound):
            saved_searches.get(session, other, saved.id)
        assert saved_searches.listed(session, other) == []


def test_links_end_one_search_only_and_survive_a_new_key(session: Session, people: People, settings: Settings) -> None:
    saved = saved_searches.create(session, people.member, WEEKLY)
    other = saved_searches.create(session, people.member, replace(WEEKLY, name="Andere"))
    signature = saved_searches.link_of(settings, saved.id).rsplit("/", 1)[1]
    renewed = replace(settings, secret_key="new" * 20, secret_key_fallbacks=(settings.secret_key,))  # noqa: S106
    assert saved_searches.unsubscribe(session, renewed, saved.id, signature).frequency == Frequency.OFF
    for search_id in (other.id, uuid.uuid4()):
        with pytest.raises(NotFound):
            saved_searches.unsubscribe(session, settings, search_id, signature)
    with pytest.raises(NotFound):
        saved_searches.unsubscribe(session, replace(settings, secret_key="other" * 9), saved.id, signature)  # noqa: S106
    assert other.frequency == Frequency.WEEKLY


# --- mails


@pytest.mark.parametrize(
    ("frequency", "same", "later"),
    [
        (Frequency.DAILY, datetime(2026, 11, 26, 4, 59, tzinfo=UTC), datetime(2026, 11, 26, 5, 1, tzinfo=UTC)),
        (Frequency.WEEKLY, datetime(2026, 11, 30, 4, 59, tzinfo=UTC), datetime(2026, 11, 30, 5, 1, tzinfo=UTC)),
        (Frequency.MONTHLY, datetime(2026, 12, 1, 4, 59, tzinfo=UTC), datetime(2026, 12, 1, 5, 1, tzinfo=UTC)),
    ],
)
def test_periods_begin_at_six_in_berlin(frequency: Frequency, same: datetime, later: datetime) -> None:
    assert digests.period(frequency, same) == digests.period(frequency, START) != digests.period(frequency, later)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def saved(clock: object, database: Database, people: People) -> SavedSearch:
    """Alice waits for news about storage, weekly since a Wednesday; one module was there before."""
    with database.write() as session:
        factories.make_term(session, Vocabulary.TOPIC, "lager", "Lager")
        publish(session, people, "Alte Lagerung")
        return saved_searches.create(session, people.member, WEEKLY)


def publish(session: Session, people: People, title: str) -> Module:
    given = modules.ModuleInput(
        title=title, summary="Ein Satz.", provider_text="Akademie", source_url="https://a.example/"
    )
    made = modules.create(session, people.curator, given)
    workflow.publish(session, people.curator, made)
    return made


def run(database: Database, settings: Settings, index: SearchIndex) -> list[OutboxMail]:
    """One round of the worker's; return all mails so far."""
    sync.rebuild(database, index)
    digests.send_due(database, settings, index)
    with database.read() as session:
        return list(session.scalars(select(OutboxMail).order_by(OutboxMail.created_at)))


def test_once_per_period_with_what_is_new_and_changed(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.shift(timedelta(days=1))
    with database.write() as session:
        publish(session, people, "Neue Lagerung")
        publish(session, people, "Gefahrgutrecht")
        old = modules.get(session, people.curator, "alte-lagerung")
        modules.update(session, people.curator, old, replace(modules.input_of(old), summary="Neu gefasst."), None)
    assert run(database, settings, index) == []  # still the same week
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    for _ in range(2):
        mails = run(database, settings, index)
    assert [sent.to for sent in mails] == ["alice@muster.example"]
    text = mails[0].text
    assert mails[0].subject == "„Lager“: 2 neu oder geändert"
    assert text.index("Neu\n- Neue Lagerung\n  http://127.0.0.1:8000/modules/neue-lagerung") < text.index(
        "Geändert\n- Alte Lagerung"
    )
    assert "Gefahrgutrecht" not in text
    assert "http://127.0.0.1:8000/?q=lagerung" in text
    assert saved_searches.link_of(settings, saved.id) in text
    headers = mail.message(settings, mails[0])
    assert headers["List-Unsubscribe"] == f"<{saved_searches.link_of(settings, saved.id)}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    clock.shift(timedelta(days=7))
    assert len(run(database, settings, index)) == 1  # nothing new, nothing sent
    with database.read() as session:
        stored = session.get_one(SavedSearch, saved.id)
        assert stored.last_sent_at is not None
        assert stored.last_sent_at < stored.checked_at
        assert stored.version == saved.version  # a digest is no edit


def test_what_was_told_shortly_before_the_last_look_is_not_told_again(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    with database.write() as session:
        publish(session, people, "Neue Lagerung")
    assert len(run(database, settings, index)) == 1
    clock.shift(timedelta(days=7))
    assert len(run(database, settings, index)) == 1


def test_what_the_index_learns_late_is_told_the_next_time(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    sync.rebuild(database, index)
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    with database.write() as session:
        publish(session, people, "Neue Lagerung")
    assert digests.send_due(database, settings, index) == 0
    clock.shift(timedelta(days=7))
    assert len(run(database, settings, index)) == 1


def test_a_new_run_is_news(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.shift(timedelta(days=2))
    with database.write() as session:
        old = modules.get(session, people.curator, "alte-lagerung")
        session.add(Run(module_id=old.id, starts_on=utcnow().date() + timedelta(days=60)))
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    assert "Alte Lagerung" in run(database, settings, index)[0].text


def test_a_crash_between_sending_and_committing_doubles_nothing(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.shift(timedelta(days=1))
    with database.write() as session:
        publish(session, people, "Neue Lagerung")
    run(database, settings, index)
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    with database.session(write=True) as session:
        assert digests.send_one(session, settings, index, saved.user_id)
        session.rollback()  # the worker was killed
    assert len(run(database, settings, index)) == 1
    with database.write() as session:
        stored = session.get_one(SavedSearch, saved.id)  # as if the mark were lost but the mail were not
        stored.checked_at, stored.seen = START, {}
    assert len(run(database, settings, index)) == 1


def test_archived_modules_unsubscribed_searches_and_locked_people_get_nothing(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.shift(timedelta(days=1))
    with database.write() as session:
        workflow.archive(session, people.curator, publish(session, people, "Archivierte Lagerung"))
        quiet = saved_searches.create(session, people.company_admin, replace(WEEKLY, frequency=Frequency.DAILY))
        saved_searches.create(session, people.stranger, WEEKLY)
        session.get_one(User, people.stranger_user.id).active = False
        publish(session, people, "Neue Lagerung")
        signature = saved_searches.link_of(settings, quiet.id).rsplit("/", 1)[1]
        saved_searches.unsubscribe(session, settings, quiet.id, signature)
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    mails = run(database, settings, index)
    assert [sent.to for sent in mails] == ["alice@muster.example"]
    assert "Archivierte" not in mails[0].text


def test_marks_of_the_company_count_in_mails_as_on_the_page(
    database: Database, settings: Settings, index: SearchIndex, people: People, clock: time_machine.Traveller
) -> None:
    with database.write() as session:
        given = SearchInput("Ungesehen", Frequency.DAILY, f"/?mark={marks.Mark.UNSEEN}")
        saved_searches.create(session, people.member, given)
        publish(session, people, "Eins")
        mark_relevant(session, people.company_admin, publish(session, people, "Zwei"))
    clock.shift(timedelta(days=1))
    text = run(database, settings, index)[0].text
    assert "- Eins" in text
    assert "- Zwei" not in text


def test_without_an_index_the_mail_waits(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    clock.shift(timedelta(days=1))
    with database.write() as session:
        publish(session, people, "Neue Lagerung")
    clock.move_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    sync.rebuild(database, index)
    index.mark_broken()
    digests.send_due(database, settings, index)
    assert len(run(database, settings, index)) == 1


def test_switching_mails_on_starts_anew(
    database: Database, settings: Settings, index: SearchIndex, people: People, saved: SavedSearch, clock: time_machine.Traveller
) -> None:  # fmt: skip
    with database.write() as session:
        own = saved_searches.get(session, people.member, saved.id)
        saved_searches.update(session, people.member, own, replace(WEEKLY, frequency=Frequency.OFF))
    clock.shift(timedelta(days=30))
    with database.write() as session:
        publish(session, people, "Neue Lagerung")
        own = saved_searches.get(session, people.member, saved.id)
        saved_searches.update(session, people.member, own, WEEKLY)
    clock.shift(timedelta(days=7))
    assert run(database, settings, index) == []
