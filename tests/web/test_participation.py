"""The phones of a Klausur, without script: joining, voting, and everything that must not work."""

from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Importance, Retreat, RetreatItem, RetreatState, Voting, VotingWay
from catalogue.services import retreat_results, retreat_votes, retreats
from catalogue.services.permissions import SYSTEM
from catalogue.services.retreat_votes import VoteInput
from catalogue.web import participation
from tests.browsing import csrf_token, post
from tests.conftest import ON_SQLITE
from tests.retreats import items_of, make_retreat, phones

pytestmark = ON_SQLITE


@pytest.fixture
def retreat(database: Database) -> Retreat:
    with database.write() as session:
        return make_retreat(session, 2)


@pytest.fixture
def first(database: Database, retreat: Retreat) -> RetreatItem:
    with database.read() as session:
        return items_of(session, retreat)[0]


def join(client: FlaskClient, retreat: Retreat) -> None:
    answer = post(client, "/k", {"code": retreat.code}, page=f"/k/{retreat.code}")
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/k"))


def voters(database: Database, item: RetreatItem) -> int:
    with database.read() as session:
        return retreat_results.tally(session, item.id).voters


def test_a_phone_joins_votes_and_changes_its_mind(
    client: FlaskClient, database: Database, retreat: Retreat, first: RetreatItem
) -> None:
    join(client, retreat)
    page = client.get("/k/vote").get_data(as_text=True)
    assert first.module.title in page
    token = csrf_token(client, "/k/vote")
    for said in ({"importance": "must", "recommendation": "expand"}, {"importance": "could"}):
        answer = client.post(f"/k/vote/{first.id}", data={"csrf_token": token, **said})
        assert answer.status_code == 303
    with database.read() as session:
        votes = retreat_results.tally(session, first.id)
        assert (votes.voters, votes.importance["could"], votes.recommendation) == (1, 1, {})
    assert "Gezählt." in client.get(answer.headers["Location"]).get_data(as_text=True)
    client.post(f"/k/vote/{first.id}", data={"csrf_token": token, "clear": "1", "importance": "could"})
    assert voters(database, first) == 0


def test_points_are_given_by_buttons(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        retreat = make_retreat(session, 1, way=VotingWay.POINTS, budget=2)
        item = items_of(session, retreat)[0]
    join(client, retreat)
    for points in ("1", "2"):
        post(client, f"/k/vote/{item.id}", {"points": "0", "to": points})
    page = client.get("/k/vote").get_data(as_text=True)
    assert "<output data-points>2</output>" in page
    refused = post(client, f"/k/vote/{item.id}", {"points": "3"})
    assert refused.status_code == 422
    assert "höchstens 2 Punkte" in refused.get_data(as_text=True)
    for nonsense in ("-1", "x", "99999", "²"):
        assert post(client, f"/k/vote/{item.id}", {"points": nonsense}).status_code == 422


def test_scripts_get_json(client: FlaskClient, database: Database, retreat: Retreat, first: RetreatItem) -> None:
    join(client, retreat)
    background = {"headers": {"X-Requested-With": "fetch"}}
    assert post(client, f"/k/vote/{first.id}", {"importance": "must"}, **background).json == {"points": 0, "left": 0}
    state = client.get("/k/state")
    assert state.json == {"state": "open", "item": str(first.id), "voting": "open"}
    assert client.get("/k/state", headers={"If-None-Match": state.headers["ETag"]}).status_code == 304
    with database.write() as session:
        retreats.set_voting(session, SYSTEM, retreat.id, first.id, Voting.LOCKED)
    refused = post(client, f"/k/vote/{first.id}", {"importance": "could"}, **background)
    assert refused.status_code == 409
    assert "gesperrt" in refused.json["problem"]


def test_without_a_ticket_nothing_is_seen(client: FlaskClient, database: Database, first: RetreatItem) -> None:
    assert client.get("/k/vote").headers["Location"] == "/k"
    assert client.get("/k/state").status_code == 404
    assert post(client, f"/k/vote/{first.id}", {"importance": "must"}).headers["Location"] == "/k"
    client.set_cookie("klausur", "made-up", path="/k")
    assert client.get("/k/vote").headers["Location"] == "/k"
    assert voters(database, first) == 0


def test_a_ticket_is_worth_nothing_elsewhere(
    client: FlaskClient, database: Database, retreat: Retreat, first: RetreatItem
) -> None:
    with database.write() as session:
        other = make_retreat(session, 1)
    join(client, other)
    assert (
        post(client, f"/k/vote/{first.id}", {"importance": "must"}, headers={"X-Requested-With": "fetch"}).status_code
        == 404
    )
    assert client.get(f"/k/vote?item={first.id}").status_code == 404
    assert client.get("/k/vote?item=nonsense").status_code == 404
    assert client.get(f"/k/vote?item={uuid4()}").status_code == 404
    assert voters(database, first) == 0


def test_the_page_of_a_code_tells_nothing_and_wrong_codes_are_counted(
    client: FlaskClient, retreat: Retreat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participation, "WRONG_CODES", 3)
    right = client.get(f"/k/{retreat.code}").get_data(as_text=True)
    wrong = client.get("/k/KKKKKK").get_data(as_text=True)
    assert "Klausur 2026" not in right
    assert len(right) == len(wrong)
    for _ in range(3):
        assert post(client, "/k", {"code": "KKKKKK"}).status_code == 404
    assert post(client, "/k", {"code": retreat.code}).status_code == 429


def test_a_whole_room_joins_from_one_address(
    app: Flask, retreat: Retreat, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participation, "WRONG_CODES", 2)
    for _ in range(5):
        join(app.test_client(), retreat)
    with database.read() as session:
        assert retreats.people_there(session, retreat.id) == 5


def test_votes_need_the_page_they_come_from(
    client: FlaskClient, database: Database, retreat: Retreat, first: RetreatItem
) -> None:
    join(client, retreat)
    assert client.post(f"/k/vote/{first.id}", data={"importance": "must"}).status_code == 400
    assert client.post("/k", data={"code": retreat.code}).status_code == 400
    assert voters(database, first) == 0


def test_when_it_is_over_the_phone_says_so(
    client: FlaskClient, database: Database, retreat: Retreat, first: RetreatItem
) -> None:
    join(client, retreat)
    with database.write() as session:
        retreats.set_state(session, SYSTEM, retreat.id, RetreatState.LOCKED)
    page = client.get("/k/vote").get_data(as_text=True)
    assert "Die Abstimmung ist beendet." in page
    assert post(client, f"/k/vote/{first.id}", {"importance": "must"}).status_code == 409
    with database.write() as session:
        retreats.set_state(session, SYSTEM, retreat.id, RetreatState.CLOSED)
    assert client.get("/k/vote").headers["Location"] == "/k"
    assert post(client, "/k", {"code": retreat.code}).status_code == 409


def test_own_votes_are_listed_and_those_of_others_are_not(
    client: FlaskClient, database: Database, retreat: Retreat, first: RetreatItem
) -> None:
    with database.write() as session:
        stranger = phones(session, retreat, 1)[0]
        retreat_votes.vote(session, stranger, first.id, VoteInput(Importance.MUST))
    join(client, retreat)
    page = client.get("/k/vote").get_data(as_text=True)
    assert "keine Stimme" in page
    assert " checked" not in page
