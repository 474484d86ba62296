"""Feedback on the page of a module and on the offer as a whole."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Feedback, FeedbackKind, FeedbackVisibility
from catalogue.services import feedback
from catalogue.services.feedback import FeedbackInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

PATH = "/modules/sicherheit-und-batterie"
FORM = {"visibility": "network", "kind": "weakness", "text": "Zu wenig Praxis"}


@pytest.fixture(autouse=True)
def module(database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit und Batterie")


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


def written(database: Database) -> list[Feedback]:
    with database.read() as session:
        return list(session.scalars(select(Feedback)))


def test_visibility_is_asked_before_the_text_and_narrow_at_first(member: FlaskClient) -> None:
    page = member.get(PATH).get_data(as_text=True)
    assert page.index("Wer darf das lesen?") < page.index("Ein Satz genügt.")
    assert 'value="network" id="visibility" checked' in page


def test_a_remark_is_saved_and_thanked_for(member: FlaskClient, database: Database) -> None:
    answer = post(member, f"{PATH}/feedback", {**FORM, "next": PATH})
    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
    saved = written(database)[0]
    assert (saved.kind, saved.visibility, saved.text) == (
        FeedbackKind.WEAKNESS,
        FeedbackVisibility.NETWORK,
        "Zu wenig Praxis",
    )
    assert "Danke für Ihre Rückmeldung" in member.get(PATH).get_data(as_text=True)
    page = member.get("/feedback").get_data(as_text=True)
    assert "Zu wenig Praxis" in page
    assert "Alice Muster" in page


def test_a_remark_about_the_whole_offer(member: FlaskClient, database: Database) -> None:
    assert member.get("/feedback/new").status_code == 200
    assert post(member, "/feedback/new", FORM).headers["Location"] == "/feedback"
    assert written(database)[0].module_id is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", " "), ("text", "x" * 5000), ("kind", ""), ("kind", "lob"), ("visibility", ""), ("visibility", "welt")],
)
def test_wrong_values_are_named_and_the_text_is_kept(
    member: FlaskClient, database: Database, field: str, value: str
) -> None:
    answer = post(member, f"{PATH}/feedback", {**FORM, field: value})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "error-summary" in page
    assert field == "text" or "Zu wenig Praxis" in page
    assert written(database) == []


def test_a_visitors_text_survives_signing_in(client: FlaskClient, people: People) -> None:
    answer = post(client, f"{PATH}/feedback", {**FORM, "text": "Bitte nicht verlieren"})
    assert answer.headers["Location"].startswith("/login?next=")
    sign_in(client, people.member_user)
    page = client.get(f"{PATH}/feedback").get_data(as_text=True)
    assert "Bitte nicht verlieren" in page
    assert 'value="weakness" id="kind-1" checked' in page


def test_members_read_what_is_for_all_members_without_names(
    member: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        about = session.scalars(select(factories.Module)).one()
        for visibility in FeedbackVisibility:
            text = f"Sichtbar für {visibility.value}"
            feedback.give(session, people.stranger, FeedbackInput(FeedbackKind.STRENGTH, text, visibility), about)
    page = member.get(PATH).get_data(as_text=True)
    assert "Sichtbar für members" in page
    assert "Sichtbar für network" not in page
    assert "Sichtbar für provider" not in page
    assert "Bob Beispiel" not in page
    assert "Beispiel GmbH" not in page


def test_markup_in_a_remark_stays_text(member: FlaskClient) -> None:
    post(member, f"{PATH}/feedback", {**FORM, "visibility": "members", "text": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in member.get(PATH).get_data(as_text=True)
    assert "<script>alert(1)" not in member.get("/feedback").get_data(as_text=True)


def test_staff_do_not_write_remarks_and_visitors_do_not_read_them(client: FlaskClient, people: People) -> None:
    assert client.get("/feedback").status_code == 303
    sign_in(client, people.curator_user)
    assert post(client, f"{PATH}/feedback", FORM).status_code == 403
    assert client.get(PATH).status_code == 200


def test_a_new_remark_is_written_differently_then_taken_back(member: FlaskClient, database: Database) -> None:
    post(member, f"{PATH}/feedback", FORM)
    path = f"/feedback/{written(database)[0].id}"
    assert "Zu wenig Praxis" in member.get(f"{path}/edit").get_data(as_text=True)
    changed = FORM | {"text": "Mehr Praxis, bitte", "version": "1"}
    assert post(member, f"{path}/edit", changed | {"text": ""}).status_code == 422
    assert post(member, f"{path}/edit", changed).status_code == 303
    assert post(member, f"{path}/edit", changed | {"text": "Zu spät"}).status_code == 409
    assert written(database)[0].text == "Mehr Praxis, bitte"
    assert post(member, f"{path}/withdraw").status_code == 303
    assert written(database) == []
    assert post(member, f"{path}/withdraw").status_code == 404


def test_nobody_of_another_company_or_the_office_changes_a_remark(
    client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        given = feedback.give(session, people.stranger, FeedbackInput(FeedbackKind.STRENGTH, "Gut"))
    for user, answer in ((people.member_user, 404), (people.curator_user, 403)):
        sign_in(client, user)
        assert client.get(f"/feedback/{given.id}/edit").status_code == answer
        assert post(client, f"/feedback/{given.id}/edit", FORM).status_code == answer
        assert post(client, f"/feedback/{given.id}/withdraw").status_code == answer
    assert len(written(database)) == 1
