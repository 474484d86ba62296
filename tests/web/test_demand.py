"""Marking a module from list and page, as a browser without scripts does it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, Confidentiality, Demand, DemandEvent, DemandSource, Relevance
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

FORM = {
    "relevance": "should", "purpose": ["training", "business"], "people": "4", "period": "2027-Q1", "place": "Erfurt",
    "note": "zwei Schichten", "confidentiality": "anonymous", "version": "0",
}  # fmt: skip
PATH = "/modules/sicherheit-und-batterie"


@pytest.fixture(autouse=True)
def module(database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit und Batterie")


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


@pytest.fixture
def colleague(app: object, people: People) -> Iterator[FlaskClient]:
    client = app.test_client()  # type: ignore[attr-defined]
    sign_in(client, people.company_admin_user)
    return client


def records(database: Database) -> list[Demand]:
    with database.read() as session:
        return list(session.scalars(select(Demand).where(Demand.withdrawn_at.is_(None))))


def test_one_click_in_the_list_marks_and_comes_back(member: FlaskClient, database: Database) -> None:
    answer = post(member, f"{PATH}/demand/mark", {"next": "/?q=batterie#m-x"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?q=batterie#m-x")
    assert [one.relevance for one in records(database)] == [Relevance.OPEN]
    page = member.get("/").get_data(as_text=True)
    assert "Rückgängig" in page
    assert 'aria-pressed="true"' in page


def test_the_way_back_never_leaves_the_site(member: FlaskClient) -> None:
    for target in ("https://boese.example/", "//boese.example", "/\\boese.example", "javascript:alert(1)"):
        answer = post(member, f"{PATH}/demand/mark", {"next": target})
        assert answer.headers["Location"] == PATH


def test_the_pressed_button_takes_the_mark_back(member: FlaskClient, database: Database) -> None:
    post(member, f"{PATH}/demand/mark")
    assert 'action="/modules/sicherheit-und-batterie/demand/withdraw"' in member.get("/").get_data(as_text=True)
    post(member, f"{PATH}/demand/withdraw")
    assert records(database) == []


def test_undo_is_one_press_away(member: FlaskClient, database: Database) -> None:
    post(member, f"{PATH}/demand/mark", {"next": "/"})
    address = re.search(r'action="([^"]*/demand/undo[^"]*)"', member.get("/").get_data(as_text=True))
    assert address
    assert post(member, address[1].replace("&amp;", "&")).headers["Location"] == "/"
    assert records(database) == []


def test_undo_after_a_colleague_changed_it_is_refused(
    member: FlaskClient, colleague: FlaskClient, database: Database
) -> None:
    post(member, f"{PATH}/demand/mark")
    post(colleague, f"{PATH}/demand", {**FORM, "version": "1"})
    assert post(member, f"{PATH}/demand/undo?version=1").status_code == 409
    assert [one.people for one in records(database)] == [4]


def test_a_script_gets_the_rail_only(member: FlaskClient) -> None:
    answer = post(member, f"{PATH}/demand/mark", {"next": "/"}, headers={"X-Requested-With": "fetch"})
    fragment = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<html" not in fragment
    assert 'aria-pressed="true"' in fragment
    assert "Für wie viele Personen?" in fragment
    assert "Rückgängig" in fragment


def test_the_rail_of_a_script_knows_the_way_back_to_the_list(member: FlaskClient) -> None:
    values = {"next": "/?q=lager&page=2#m-safety"}
    fragment = post(member, f"{PATH}/demand/mark", values, headers={"X-Requested-With": "fetch"}).get_data(as_text=True)
    assert f'href="{PATH}?back=/?q%3Dlager%26page%3D2#relevanz"' in fragment


def test_the_details_are_saved_and_shown_again(member: FlaskClient, database: Database) -> None:
    answer = post(member, f"{PATH}/demand", FORM, page=PATH)
    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
    saved = records(database)[0]
    assert (saved.relevance, saved.purposes, saved.people) == (Relevance.SHOULD, ["training", "business"], 4)
    assert (saved.period, saved.place, saved.note) == ("2027-Q1", "Erfurt", "zwei Schichten")
    assert saved.confidentiality == Confidentiality.ANONYMOUS
    page = member.get(PATH).get_data(as_text=True)
    assert 'value="4"' in page
    assert "zwei Schichten" in page
    assert "Zuletzt: Alice Muster" in page


def test_one_question_after_the_click(member: FlaskClient, database: Database) -> None:
    post(member, f"{PATH}/demand/mark")
    assert post(member, f"{PATH}/demand/people", {"people": "12"}).status_code == 303
    assert records(database)[0].people == 12
    answer = post(member, f"{PATH}/demand/people", {"people": "viele"})
    assert answer.status_code == 422
    assert "Geben Sie die Personen als Zahl an" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("people", "0"), ("people", "-1"), ("people", "zwölf"), ("people", "9" * 400), ("period", "bald"), ("format", "zelt"),
     ("confidentiality", "alle"), ("confidentiality", ""), ("relevance", "sehr"), ("purpose", "spaß"), ("version", "x"),
     ("place", "x" * 201), ("note", "y" * 5000)],
)  # fmt: skip
def test_wrong_values_are_named_at_their_field_and_nothing_typed_is_lost(
    member: FlaskClient, database: Database, field: str, value: str
) -> None:
    answer = post(member, f"{PATH}/demand", {**FORM, field: value})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "error-summary" in page
    assert "Fehler:" in page
    assert field == "place" or 'value="Erfurt"' in page
    assert records(database) == []


def test_two_colleagues_at_once_see_both_versions(
    member: FlaskClient, colleague: FlaskClient, database: Database
) -> None:
    post(member, f"{PATH}/demand", FORM)
    post(colleague, f"{PATH}/demand", {**FORM, "people": "9", "version": "1"})
    answer = post(member, f"{PATH}/demand", {**FORM, "people": "5", "note": "<b>meins</b>", "version": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Anton Muster" in page
    assert "<ins>5</ins>" in page
    assert "&lt;b&gt;meins" in page
    assert records(database)[0].people == 9
    assert post(member, f"{PATH}/demand", {**FORM, "people": "5", "version": "2"}).status_code == 303
    assert records(database)[0].people == 5


def test_visitors_sign_in_and_find_what_they_typed(client: FlaskClient, people: People, database: Database) -> None:
    answer = post(client, f"{PATH}/demand", {**FORM, "note": "nicht verlieren"})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")
    signed = post(
        client, "/login", {"email": people.member_user.email, "password": factories.PASSWORD, "next": f"{PATH}/demand"}
    )
    assert signed.headers["Location"] == f"{PATH}/demand"
    page = client.get(f"{PATH}/demand").get_data(as_text=True)
    assert "nicht verlieren" in page
    assert 'value="should" id="relevance-1" checked' in page
    assert records(database) == []
    saved = post(client, f"{PATH}/demand", {**FORM, "note": "nicht verlieren"})
    assert "draft=;" in saved.headers["Set-Cookie"]


def test_a_visitors_click_is_offered_again_after_signing_in(client: FlaskClient, people: People) -> None:
    assert "Für uns relevant" in client.get(PATH).get_data(as_text=True)
    assert post(client, f"{PATH}/demand/mark").headers["Location"].startswith("/login?next=")
    assert post(client, f"{PATH}/demand/mark", headers={"X-Requested-With": "fetch"}).status_code == 401
    sign_in(client, people.member_user)
    page = client.get(f"{PATH}/demand").get_data(as_text=True)
    assert "Sie sind angemeldet." in page
    assert 'value="network" id="confidentiality" checked' in page


def test_a_click_before_signing_in_does_not_hide_what_colleagues_said(
    client: FlaskClient, colleague: FlaskClient, people: People
) -> None:
    post(colleague, f"{PATH}/demand", FORM)
    post(client, f"{PATH}/demand/mark")
    sign_in(client, people.member_user)
    page = client.get(f"{PATH}/demand").get_data(as_text=True)
    assert "zwei Schichten" in page
    assert 'name="version" value="1"' in page


def test_what_was_typed_before_signing_in_overwrites_no_colleague_unseen(
    client: FlaskClient, colleague: FlaskClient, people: People, database: Database
) -> None:
    post(client, f"{PATH}/demand", {**FORM, "people": "3"})
    post(colleague, f"{PATH}/demand", FORM)
    sign_in(client, people.member_user)
    assert 'name="version" value="0"' in client.get(f"{PATH}/demand").get_data(as_text=True)
    assert post(client, f"{PATH}/demand", {**FORM, "people": "3"}).status_code == 409
    assert records(database)[0].people == 4


def test_an_archived_module_offers_no_new_mark(member: FlaskClient, database: Database) -> None:
    with database.write() as session:
        module = session.scalars(select(factories.Module)).one()
        module.state, module.published_at = factories.WorkflowState.ARCHIVED, utcnow()
    assert "kann nicht neu vorgemerkt werden" in member.get(PATH).get_data(as_text=True)
    assert post(member, f"{PATH}/demand/mark").status_code == 409


def test_a_forged_or_foreign_draft_is_ignored(member: FlaskClient) -> None:
    member.set_cookie("draft", "eyJwYWdlIjoiLyJ9.abc.def")
    assert member.get(f"{PATH}/demand").status_code == 200


def test_a_draft_too_long_for_a_cookie_is_cut_not_refused(client: FlaskClient) -> None:
    note = "".join(chr(0x4E00 + n % 9000) for n in range(4000))
    answer = post(client, f"{PATH}/demand", {**FORM, "note": note})
    assert answer.status_code == 303
    assert len(answer.headers["Set-Cookie"]) < 4096


def test_history_shows_who_said_what(member: FlaskClient) -> None:
    post(member, f"{PATH}/demand", FORM)
    post(member, f"{PATH}/demand/withdraw")
    page = member.get(f"{PATH}/demand/history").get_data(as_text=True)
    assert page.index("zurückgezogen") < page.index("als relevant markiert")
    assert "Alice Muster" in page
    assert "Weiterbildung, Geschäftsidee" in page


def test_others_meet_a_404_as_if_nothing_had_been_said(
    client: FlaskClient, member: FlaskClient, app: object, people: People
) -> None:
    post(member, f"{PATH}/demand", FORM)
    stranger = app.test_client()  # type: ignore[attr-defined]
    sign_in(stranger, people.stranger_user)
    assert stranger.get(f"{PATH}/demand/history").status_code == 404
    assert post(stranger, f"{PATH}/demand/withdraw").status_code == 404
    assert post(stranger, f"{PATH}/demand/confirm").status_code == 404
    assert "zwei Schichten" not in stranger.get(PATH).get_data(as_text=True)
    assert post(member, "/modules/gibt-es-nicht/demand/mark").status_code == 404


def test_staff_enter_on_behalf_and_the_company_is_asked(
    client: FlaskClient, app: object, people: People, database: Database
) -> None:
    sign_in(client, people.curator_user)
    assert client.get("/curation/demand/new").status_code == 200
    given = {"company": "muster-ag", "module": "sicherheit-und-batterie"}
    assert client.get("/curation/demand/new", query_string=given).status_code == 200
    yesterday = utcnow().date() - timedelta(days=1)
    entered = {**FORM, **given, "source": "call", "source_date": yesterday.isoformat()}
    assert post(client, "/curation/demand/new", entered).status_code == 303
    assert records(database)[0].source == DemandSource.CALL
    client.get("/curation/demand/new", query_string=given)
    with database.read() as session:
        assert {"demand.viewed", "demand.on_behalf"} <= set(session.scalars(select(AuditEvent.action)))
    member = app.test_client()  # type: ignore[attr-defined]
    sign_in(member, people.member_user)
    assert "Bitte bestätigen." in member.get(PATH).get_data(as_text=True)
    post(member, f"{PATH}/demand/confirm")
    assert "Bitte bestätigen." not in member.get(PATH).get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("source_date", "2999-01-01"), ("source_date", ""), ("source_date", "gestern"), ("source", "self"), ("source", ""),
     ("company", "gibt-es-nicht"), ("company", ""), ("module", ""), ("people", "0")],
)  # fmt: skip
def test_on_behalf_wrong_values_are_named(
    client: FlaskClient, people: People, database: Database, field: str, value: str
) -> None:
    sign_in(client, people.curator_user)
    entered = {
        **FORM, "company": "muster-ag", "module": "sicherheit-und-batterie", "source": "call", "source_date": "2026-01-05", field: value,
    }  # fmt: skip
    answer = post(client, "/curation/demand/new", entered)
    assert answer.status_code == 422
    assert "error-summary" in answer.get_data(as_text=True)
    assert records(database) == []


def test_members_cannot_enter_for_others(member: FlaskClient) -> None:
    assert member.get("/curation/demand/new").status_code == 403
    assert post(member, "/curation/demand/new", FORM).status_code == 403


def test_members_read_the_networks_interest_only_of_enough_companies(member: FlaskClient, database: Database) -> None:
    def others(number: int, kind: Confidentiality) -> None:
        with database.write() as session:
            module_id = session.scalar(select(factories.Module.id))
            for _ in range(number):
                company = factories.make_company(session)
                session.add(Demand(company_id=company.id, module_id=module_id, people=7, confidentiality=kind))

    others(4, Confidentiality.ANONYMOUS)
    others(20, Confidentiality.NETWORK)
    assert "weitere Unternehmen" not in member.get(PATH).get_data(as_text=True)
    others(1, Confidentiality.ANONYMOUS)
    page = member.get(PATH).get_data(as_text=True)
    assert "mindestens 5 weitere Unternehmen" in page
    assert "mindestens 35 Personen" in page


def test_every_page_press_leaves_an_event(member: FlaskClient, database: Database) -> None:
    post(member, f"{PATH}/demand/mark")
    post(member, f"{PATH}/demand", {**FORM, "version": "1"})
    post(member, f"{PATH}/demand/undo")
    with database.read() as session:
        events = session.scalars(select(DemandEvent).order_by(DemandEvent.id)).all()
    assert [(e.action, e.snapshot["people"]) for e in events] == [("marked", None), ("changed", 4), ("restored", None)]
