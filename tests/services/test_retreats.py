"""Klausuren: who may moderate, joining, voting and changing one's mind, what the room may see of the companies' demand."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from catalogue.db import Database, Session
from catalogue.models import (
    AuditEvent,
    Confidentiality,
    Importance,
    Recommendation,
    Relevance,
    RetreatParticipant,
    RetreatState,
    RetreatVote,
    Voting,
    VotingWay,
)
from catalogue.services import demand, retreat_agenda, retreat_results, retreat_slides, retreat_votes, retreats
from catalogue.services.demand_rules import DemandInput, OnBehalf
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.exports import csv_bytes
from catalogue.services.permissions import SYSTEM
from catalogue.services.retreat_votes import VoteInput
from tests import factories
from tests.conftest import ON_SQLITE, People
from tests.retreats import DAY, items_of, make_retreat, phones

MUST, SHOULD, COULD = (VoteInput(value) for value in Importance)


def titles(session: Session, retreat) -> list[str]:  # type: ignore[no-untyped-def]
    return [item.module.title for item in items_of(session, retreat)]


@ON_SQLITE
def test_only_staff_moderate(session: Session, people: People) -> None:
    retreat = make_retreat(session)
    for actor in (people.visitor, people.member, people.company_admin):
        for forbidden in (
            lambda actor=actor: retreats.get(session, actor, retreat.id),
            lambda actor=actor: retreats.show(session, actor, retreat.id, None),
            lambda actor=actor: retreat_results.live(session, actor, retreat.id),
            lambda actor=actor: retreat_results.result(session, actor, retreat.id),
        ):
            with pytest.raises(NotAllowed):
                forbidden()
    assert retreats.get(session, people.curator, retreat.id).title == "Klausur 2026"


@ON_SQLITE
def test_codes_have_no_letters_that_are_mixed_up_and_are_read_as_people_type_them(session: Session) -> None:
    codes = {make_retreat(session, 0, running=False).code for _ in range(20)}
    assert len(codes) == 20
    assert not set("".join(codes)) & set("AEIOUL01B8S5Z2GQ6")
    retreat = make_retreat(session)
    spoken = f" k/{retreat.code[:3].lower()}-{retreat.code[3:]} "
    assert retreat_votes.join(session, spoken)


@ON_SQLITE
def test_nobody_joins_before_the_beginning_or_after_the_lock(session: Session) -> None:
    retreat = make_retreat(session, running=False)
    with pytest.raises(Conflict, match="noch nicht begonnen"):
        retreat_votes.join(session, retreat.code)
    with pytest.raises(NotFound):
        retreat_votes.join(session, "KKKKKK")
    retreats.set_state(session, SYSTEM, retreat.id, RetreatState.OPEN)
    token = retreat_votes.join(session, retreat.code)
    retreats.set_state(session, SYSTEM, retreat.id, RetreatState.LOCKED)
    with pytest.raises(Conflict, match="beendet"):
        retreat_votes.join(session, retreat.code)
    assert retreat_votes.join(session, retreat.code, token=token) == token


@ON_SQLITE
def test_the_same_phone_is_the_same_participant(session: Session) -> None:
    retreat, other = make_retreat(session), make_retreat(session)
    token = retreat_votes.join(session, retreat.code, "Anna")
    assert retreat_votes.join(session, retreat.code, "Berta", token) == token
    assert retreats.people_there(session, retreat.id) == 1
    assert retreat_votes.join(session, other.code, token=token) != token


@ON_SQLITE
def test_no_more_phones_than_a_room_has_seats(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retreat_votes, "MOST_PARTICIPANTS", 2)
    retreat = make_retreat(session)
    phones(session, retreat, 2)
    with pytest.raises(Conflict, match="schon 2 Telefone"):
        retreat_votes.join(session, retreat.code)


def test_a_vote_replaces_the_one_before_and_one_sent_twice_counts_once(session: Session) -> None:
    retreat = make_retreat(session, 1)
    item = items_of(session, retreat)[0]
    anna, berta = phones(session, retreat, 2)
    for said in (MUST, MUST, VoteInput(Importance.SHOULD, recommendation=Recommendation.EXPAND)):
        retreat_votes.vote(session, anna, item.id, said)
    retreat_votes.vote(session, berta, item.id, COULD)
    votes = retreat_results.tally(session, item.id)
    assert (votes.importance, votes.voters) == (Counter(should=1, could=1), 2)
    retreat_votes.vote(session, berta, item.id, VoteInput())
    assert retreat_results.tally(session, item.id).voters == 1
    assert retreat_votes.ballot(session, berta).vote is None


@ON_SQLITE
def test_votes_count_only_while_the_klausur_and_the_module_are_open(session: Session) -> None:
    retreat = make_retreat(session, 2)
    first, second = items_of(session, retreat)
    (token,) = phones(session, retreat, 1)
    retreat_votes.vote(session, token, first.id, MUST)
    retreats.set_voting(session, SYSTEM, retreat.id, first.id, Voting.LOCKED)
    with pytest.raises(Conflict, match="gesperrt"):
        retreat_votes.vote(session, token, first.id, COULD)
    retreats.set_state(session, SYSTEM, retreat.id, RetreatState.PAUSED)
    with pytest.raises(Conflict, match="Pause"):
        retreat_votes.vote(session, token, second.id, COULD)
    retreats.set_state(session, SYSTEM, retreat.id, RetreatState.OPEN)
    retreat_votes.vote(session, token, second.id, COULD)
    assert retreat_results.tally(session, first.id).importance == Counter(must=1)


@ON_SQLITE
def test_a_module_is_voted_on_once_it_is_on_the_wall(session: Session) -> None:
    retreat = make_retreat(session, 2, running=False)
    first, second = items_of(session, retreat)
    retreats.set_state(session, SYSTEM, retreat.id, RetreatState.OPEN)
    retreats.show(session, SYSTEM, retreat.id, first.id)
    (token,) = phones(session, retreat, 1)
    assert [item.id for item in retreat_votes.ballot(session, token).agenda] == [first.id]
    with pytest.raises(Conflict, match="noch nicht dran"):
        retreat_votes.vote(session, token, second.id, MUST)
    with pytest.raises(NotFound):
        retreat_votes.ballot(session, token, second.id)


@ON_SQLITE
def test_foreign_items_and_tokens_are_not_found(session: Session) -> None:
    retreat, other = make_retreat(session), make_retreat(session)
    (token,) = phones(session, retreat, 1)
    for wrong, item in ((token, items_of(session, other)[0]), ("made-up", items_of(session, retreat)[0])):
        with pytest.raises(NotFound):
            retreat_votes.vote(session, wrong, item.id, MUST)
    with pytest.raises(NotFound):
        retreat_votes.signal(session, "made-up")


@ON_SQLITE
def test_who_is_sent_out_no_longer_counts(session: Session, people: People) -> None:
    retreat = make_retreat(session, 1)
    item = items_of(session, retreat)[0]
    anna, berta = phones(session, retreat, 2)
    for token in (anna, berta):
        retreat_votes.vote(session, token, item.id, MUST)
    first = retreats.participants(session, people.curator, retreat)[0]
    retreats.remove_participant(session, people.curator, retreat.id, first.id)
    assert retreat_results.live(session, people.curator, retreat.id).participants == 1
    assert retreat_results.tally(session, item.id).voters == 1
    with pytest.raises(NotFound):
        retreat_votes.vote(session, anna, item.id, MUST)


@ON_SQLITE
def test_a_new_code_keeps_those_who_are_there(session: Session) -> None:
    retreat = make_retreat(session)
    (token,) = phones(session, retreat, 1)
    old = retreat.code
    new = retreats.rotate_code(session, SYSTEM, retreat.id).code
    with pytest.raises(NotFound):
        retreat_votes.join(session, old)
    assert retreat_votes.signal(session, token).state == RetreatState.OPEN
    assert retreat_votes.join(session, new, token=token) == token


def test_closing_deletes_tokens_and_names_and_keeps_the_result(session: Session, people: People) -> None:
    retreat = make_retreat(session, 1)
    item = items_of(session, retreat)[0]
    token = retreat_votes.join(session, retreat.code, "Anna")
    retreat_votes.vote(session, token, item.id, MUST)
    for state in (RetreatState.LOCKED, RetreatState.CLOSED):
        retreats.set_state(session, people.curator, retreat.id, state)
    assert session.execute(select(RetreatParticipant.token_hash, RetreatParticipant.label)).all() == [(None, "")]
    assert retreat_results.result(session, people.curator, retreat.id).rows[0].tally.importance == Counter(must=1)
    with pytest.raises(NotFound):
        retreat_votes.signal(session, token)
    with pytest.raises(Conflict):
        retreats.set_state(session, people.curator, retreat.id, RetreatState.OPEN)
    with pytest.raises(Conflict):
        retreats.show(session, people.curator, retreat.id, item.id)
    noted = session.scalars(select(AuditEvent.action).where(AuditEvent.action == "retreat.state")).all()
    assert len(noted) == 3


@ON_SQLITE
def test_a_klausur_that_nobody_closes_is_closed_after_two_weeks(session: Session) -> None:
    retreat, prepared = make_retreat(session), make_retreat(session, running=False)
    phones(session, retreat, 1)
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        session.execute(update(RetreatParticipant).values(joined_at=datetime(2026, 11, 18, 9, tzinfo=UTC)))
        assert retreats.prune(session) == 0
    with time_machine.travel(datetime(2026, 12, 4, tzinfo=UTC), tick=False):
        assert retreats.prune(session) == 1
    states = {one.id: one.state for one, _, _ in retreats.listed(session, SYSTEM)}
    assert states == {retreat.id: RetreatState.CLOSED, prepared.id: RetreatState.PREPARING}
    assert session.scalar(select(RetreatParticipant.token_hash)) is None


@ON_SQLITE
@examples(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from([MUST, SHOULD, COULD, VoteInput()])),
        max_size=25,
    )
)
def test_the_bars_always_add_up_to_those_who_voted(session: Session, said: list[tuple[int, int, VoteInput]]) -> None:
    retreat = make_retreat(session, 3)
    tokens, items = phones(session, retreat, 5), items_of(session, retreat)
    last: dict[tuple[int, int], VoteInput] = {}
    for phone, place, vote in said:
        retreat_votes.vote(session, tokens[phone], items[place].id, vote)
        last[phone, place] = vote
    for place, item in enumerate(items):
        votes = retreat_results.tally(session, item.id)
        expected = [vote.importance for (_, where), vote in last.items() if where == place and vote.importance]
        assert votes.importance == Counter(value.value for value in expected)
        assert votes.voters == sum(votes.importance.values()) == len(expected)


@ON_SQLITE
@examples(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 12)), max_size=20))
def test_nobody_gives_more_points_than_they_have(session: Session, said: list[tuple[int, int]]) -> None:
    retreat = make_retreat(session, 3, way=VotingWay.POINTS, budget=10)
    (token,), items = phones(session, retreat, 1), items_of(session, retreat)
    given: Counter[int] = Counter()
    for place, points in said:
        others = sum(given.values()) - given[place]
        if 0 <= points <= 10 - others:
            retreat_votes.vote(session, token, items[place].id, VoteInput(points=points))
            given[place] = points
        else:
            with pytest.raises(Invalid):
                retreat_votes.vote(session, token, items[place].id, VoteInput(points=points))
    assert [retreat_results.tally(session, item.id).points for item in items] == [given[place] for place in range(3)]
    assert retreat_votes.ballot(session, token, items[0].id).left == 10 - given[1] - given[2]


def test_points_are_not_spent_twice_by_votes_at_once(database: Database) -> None:
    with database.write() as session:
        retreat = make_retreat(session, 4, way=VotingWay.POINTS, budget=10)
        (token,), items = phones(session, retreat, 1), items_of(session, retreat)
    refused: list[Exception] = []
    start = threading.Barrier(len(items))

    def spend(place: int) -> None:
        start.wait()
        try:
            with database.write() as session:
                retreat_votes.vote(session, token, items[place].id, VoteInput(points=6))
                time.sleep(0.02)
        except Invalid as error:
            refused.append(error)

    threads = [threading.Thread(target=spend, args=(place,)) for place in range(len(items))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalar(select(func.sum(RetreatVote.points))) == 6
    assert len(refused) == 3


@ON_SQLITE
def test_a_klausur_asks_only_what_it_asks(session: Session) -> None:
    retreat = make_retreat(session, 1, asks_recommendation=False)
    item = items_of(session, retreat)[0]
    (token,) = phones(session, retreat, 1)
    for said in (VoteInput(points=1), VoteInput(recommendation=Recommendation.END)):
        with pytest.raises(Invalid):
            retreat_votes.vote(session, token, item.id, said)


@ON_SQLITE
def test_how_the_room_votes_stays_once_somebody_has(session: Session) -> None:
    retreat = make_retreat(session, 1)
    (token,) = phones(session, retreat, 1)
    given = retreats.input_of(retreat)
    changed = retreats.RetreatInput("Neu", DAY, DAY, VotingWay.POINTS, 5, False, given.version)
    retreat_votes.vote(session, token, items_of(session, retreat)[0].id, MUST)
    with pytest.raises(Invalid, match="schon abgestimmt"):
        retreats.update_retreat(session, SYSTEM, retreat, changed)
    with pytest.raises(Stale):
        retreats.update_retreat(session, SYSTEM, retreat, retreats.RetreatInput("Neu", DAY, DAY, version=99))


@ON_SQLITE
def test_the_agenda_is_moved_step_by_step(session: Session) -> None:
    retreat = make_retreat(session, 3, running=False)
    before = titles(session, retreat)
    last = items_of(session, retreat)[2]
    retreat_agenda.move(session, SYSTEM, retreat.id, last.id, -1)
    assert titles(session, retreat) == [before[0], before[2], before[1]]
    for _ in range(3):
        retreat_agenda.move(session, SYSTEM, retreat.id, last.id, -1)
    assert titles(session, retreat) == [before[2], before[0], before[1]]
    retreat_agenda.remove(session, SYSTEM, retreat.id, last.id)
    assert titles(session, retreat) == before[:2]


def test_the_wall_shows_only_what_anybody_may_know(session: Session, people: People) -> None:
    """Golden. k = 5, nobody knows who sits in the room: 6 companies are asked for, figures are rounded down to fives.

    "Viel": 7 anonymous with 4 people each (28) and 2 only for the network office → 7 companies → 5; 28 people → 25.
    "Wenig": 5 anonymous → fewer than 6 → hidden. "Still": 9 only for the network office → nothing.
    By exact figures "Still" (9 companies) and "Viel" (9) come before "Wenig" (5); the agenda follows what is shown: "Viel" first.
    """
    wanted = {name: factories.make_module(session, name) for name in ("Wenig", "Still", "Viel")}
    plan = {
        "Viel": ([Confidentiality.ANONYMOUS] * 7 + [Confidentiality.NETWORK] * 2),
        "Wenig": [Confidentiality.ANONYMOUS] * 5,
        "Still": [Confidentiality.NETWORK] * 9,
    }
    companies = [factories.make_company(session, f"Betrieb {number}") for number in range(9)]
    for name, kinds in plan.items():
        for company, kind in zip(companies, kinds, strict=False):
            said = DemandInput(Relevance.MUST, people=4, confidentiality=kind)
            behalf = OnBehalf(company.slug, source_date=DAY)
            demand.mark(session, people.curator, wanted[name], said, behalf)
    retreat = make_retreat(session, 0, running=False)
    retreat.as_of = retreat_agenda.reports.today()
    assert retreat_agenda.add_most_wanted(session, people.curator, retreat.id, 3, (), 5) == 3
    shown = [(item.module.title, item.companies, item.people) for item in items_of(session, retreat)]
    assert shown == [("Viel", 5, 25), ("Still", None, None), ("Wenig", None, None)]
    assert retreat_agenda.add_most_wanted(session, people.curator, retreat.id, 3, (), 5) == 0


@ON_SQLITE
def test_the_result_ranks_by_what_the_room_said(session: Session, people: People) -> None:
    """Golden. Three phones, three modules: A gets must, must, could; B must, must, should; C nothing.

    B before A (same must, B has a should), C without rank.
    """
    retreat = make_retreat(session, 3)
    a, b, c = items_of(session, retreat)
    for token, first, second in zip(
        phones(session, retreat, 3), (MUST, MUST, COULD), (MUST, MUST, SHOULD), strict=True
    ):
        retreat_votes.vote(session, token, a.id, first)
        retreat_votes.vote(session, token, b.id, second)
    found = retreat_results.result(session, people.curator, retreat.id)
    assert [(row.rank, row.item.id) for row in found.rows] == [(1, b.id), (2, a.id), (None, c.id)]
    lines = csv_bytes(retreat_results.table(found)).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Platz;Modul;muss;soll;kann;ausbauen;")
    assert lines[1].startswith(f"1;{b.module.title};2;1;0;0;0;0;0;3;;;")
    assert retreat_results.last_places(session, people.curator) == (None, {})
    retreats.set_state(session, people.curator, retreat.id, RetreatState.LOCKED)
    assert retreat_results.last_places(session, people.curator)[1] == {b.module.slug: 1, a.module.slug: 2}


@ON_SQLITE
def test_a_slide_knows_its_neighbours(session: Session, people: People) -> None:
    retreat = make_retreat(session, 3)
    first, second, third = items_of(session, retreat)
    retreats.show(session, people.curator, retreat.id, second.id)
    shown = retreat_slides.slide(session, people.curator, retreat.id)
    assert (shown.number, shown.before, shown.after) == (2, first, third)
    retreats.show(session, people.curator, retreat.id, None)
    start = retreat_slides.slide(session, people.curator, retreat.id)
    assert (start.item, start.before, start.after) == (None, None, first)
