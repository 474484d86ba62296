"""Reporting what is missing, joining others, answering."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Confidentiality, OutboxMail, Wish, WishState, WishSupport
from catalogue.services import wishes
from catalogue.services.wishes import WishInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

FORM = {
    "title": "Prüfstände kalibrieren",
    "text": "bis 1000 Volt",
    "people": "6",
    "period": "2027",
    "confidentiality": "anonymous",
}


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


@pytest.fixture
def curator(app: object, people: People) -> FlaskClient:
    client: FlaskClient = app.test_client()  # type: ignore[attr-defined]
    sign_in(client, people.curator_user)
    return client


def theirs(database: Database, people: People, kind: Confidentiality = Confidentiality.ANONYMOUS) -> str:
    with database.write() as session:
        return str(
            wishes.create(session, people.stranger, WishInput("Fremder Wunsch", "Text", confidentiality=kind)).id
        )


def one(database: Database) -> Wish:
    with database.read() as session:
        return session.scalars(select(Wish)).one()


def test_a_search_that_found_nothing_becomes_a_wish(member: FlaskClient, database: Database) -> None:
    assert 'value="Feststoffzelle &lt;b&gt;"' in member.get("/wishes/new?q=Feststoffzelle <b>").get_data(as_text=True)
    answer = post(member, "/wishes/new", FORM)
    wish = one(database)
    assert answer.headers["Location"] == f"/wishes/{wish.id}"
    assert (wish.title, wish.people, wish.period, wish.state) == ("Prüfstände kalibrieren", 6, "2027", WishState.OPEN)
    page = member.get(f"/wishes/{wish.id}").get_data(as_text=True)
    assert "Ihr Wunsch ist gemeldet" in page
    assert "Gemeldet" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "x" * 201), ("text", "x" * 4001), ("people", "viele"), ("people", "0"), ("period", "bald"),
     ("topic", "quatsch"), ("confidentiality", "")],
)  # fmt: skip
def test_wrong_values_are_named_at_their_field(member: FlaskClient, field: str, value: str) -> None:
    answer = post(member, "/wishes/new", {**FORM, field: value})
    assert answer.status_code == 422
    assert "error-summary" in answer.get_data(as_text=True)


def test_a_visitors_wish_survives_signing_in(client: FlaskClient, people: People) -> None:
    assert post(client, "/wishes/new", FORM).headers["Location"].startswith("/login?next=")
    sign_in(client, people.member_user)
    assert "bis 1000 Volt" in client.get("/wishes/new").get_data(as_text=True)


def test_an_answer_typed_after_the_sign_in_ended_is_not_lost(
    client: FlaskClient, people: People, database: Database
) -> None:
    path = f"/wishes/{theirs(database, people)}/answer"
    assert post(client, path, {"state": "planned", "answer": "Im Herbst", "version": "1"}).status_code == 303
    sign_in(client, people.curator_user)
    assert "Im Herbst" in client.get(path).get_data(as_text=True)


@pytest.mark.parametrize(
    ("kind", "status", "named"),
    [
        (Confidentiality.NETWORK, 404, False),
        (Confidentiality.ANONYMOUS, 200, False),
        (Confidentiality.MEMBERS, 200, True),
    ],
)
def test_others_wishes_are_shown_as_far_as_they_allow(
    member: FlaskClient, people: People, database: Database, kind: Confidentiality, status: int, named: bool
) -> None:
    wish_id = theirs(database, people, kind)
    answer = member.get(f"/wishes/{wish_id}")
    assert answer.status_code == status
    assert ("Beispiel GmbH" in answer.get_data(as_text=True)) == named
    index = member.get("/wishes").get_data(as_text=True)
    assert ("Fremder Wunsch" in index) == (status == 200)
    assert ("Beispiel GmbH" in index) == named
    for page in (answer.get_data(as_text=True), index):
        assert "Bob Beispiel" not in page
    assert post(member, f"/wishes/{wish_id}/support").status_code == (303 if status == 200 else 404)
    assert member.get(f"/wishes/{wish_id}/edit").status_code == 404


def test_joining_and_leaving(member: FlaskClient, people: People, database: Database) -> None:
    wish_id = theirs(database, people)
    assert post(member, f"/wishes/{wish_id}/support", {"next": "/wishes#w"}).headers["Location"] == "/wishes#w"
    assert "Auch unser Wunsch" in member.get("/wishes").get_data(as_text=True)
    assert "auch unser Wunsch" in member.get("/company").get_data(as_text=True)
    post(member, f"/wishes/{wish_id}/unsupport")
    with database.read() as session:
        assert session.scalars(select(WishSupport)).all() == []


def test_own_wishes_are_not_supported(member: FlaskClient, database: Database) -> None:
    post(member, "/wishes/new", FORM)
    assert post(member, f"/wishes/{one(database).id}/support").status_code == 409


def test_members_read_no_small_number_of_supporters(member: FlaskClient, people: People, database: Database) -> None:
    wish_id = theirs(database, people)

    def join(number: int) -> None:
        with database.write() as session:
            for _ in range(number):
                session.add(WishSupport(wish_id=one(database).id, company_id=factories.make_company(session).id))

    join(4)
    assert "weitere Unternehmen wünschen" not in member.get(f"/wishes/{wish_id}").get_data(as_text=True)
    join(4)
    assert "mindestens 5 weitere Unternehmen" in member.get(f"/wishes/{wish_id}").get_data(as_text=True)


def test_staff_ask_the_company_answers_and_staff_decide(
    member: FlaskClient, curator: FlaskClient, database: Database
) -> None:
    post(member, "/wishes/new", FORM)
    wish = one(database)
    path = f"/wishes/{wish.id}"
    assert "Muster AG" in curator.get(f"{path}/answer").get_data(as_text=True)
    asked = {"state": "question", "answer": "Welche Spannung?", "version": str(wish.version)}
    assert post(curator, f"{path}/answer", asked).status_code == 303
    assert "Welche Spannung?" in member.get(f"{path}/edit").get_data(as_text=True)
    changed = {**FORM, "text": "bis 800 Volt", "version": str(one(database).version)}
    assert post(member, f"{path}/edit", changed).status_code == 303
    assert one(database).state == WishState.REVIEW
    done = {"state": "planned", "answer": "Termin im Herbst", "version": str(one(database).version)}
    assert post(curator, f"{path}/answer", done).status_code == 303
    assert "Termin im Herbst" in member.get("/company").get_data(as_text=True)
    with database.read() as session:
        assert len(session.scalars(select(OutboxMail)).all()) == 2


def test_stale_forms_show_both_versions(member: FlaskClient, curator: FlaskClient, database: Database) -> None:
    post(member, "/wishes/new", FORM)
    path = f"/wishes/{one(database).id}"
    post(member, f"{path}/edit", {**FORM, "title": "Neuer Titel", "version": "1"})
    answer = post(member, f"{path}/edit", {**FORM, "title": "Mein Titel", "version": "1"})
    assert answer.status_code == 409
    assert "Neuer Titel" in answer.get_data(as_text=True)
    assert "Mein Titel" in answer.get_data(as_text=True)
    assert 'name="version" value="2"' in answer.get_data(as_text=True)
    stale = post(curator, f"{path}/answer", {"state": "planned", "answer": "Meine Antwort", "version": "1"})
    assert stale.status_code == 409
    assert "Meine Antwort" in stale.get_data(as_text=True)


def test_answers_need_a_state_and_a_sentence(member: FlaskClient, curator: FlaskClient, database: Database) -> None:
    post(member, "/wishes/new", FORM)
    path = f"/wishes/{one(database).id}/answer"
    for wrong in ({"state": "planned", "answer": ""}, {"state": "fertig", "answer": "Ja"}, {"answer": "Ja"}):
        assert post(curator, path, wrong).status_code == 422
    assert member.get(path).status_code == 403
    assert post(member, path, {"state": "planned", "answer": "Ja"}).status_code == 403


def test_unknown_wishes_are_404_and_lists_filter(member: FlaskClient, database: Database) -> None:
    post(member, "/wishes/new", FORM)
    assert member.get("/wishes/00000000-0000-0000-0000-000000000000").status_code == 404
    assert member.get("/wishes/quatsch").status_code == 404
    assert "Prüfstände" in member.get("/wishes?state=open").get_data(as_text=True)
    assert "Prüfstände" not in member.get("/wishes?state=declined").get_data(as_text=True)
    assert member.get("/wishes?state=quatsch").status_code == 200
