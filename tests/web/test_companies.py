"""Network admins look after companies."""

from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import AuditEvent, Company, UserSession
from tests.browsing import post, sign_in
from tests.conftest import People

LIST, MUSTER = "/admin/companies", "/admin/companies/muster-ag"
DATA = {
    "name": "Muster AG",
    "place": "Jena",
    "network": "ELMUG",
    "active": "y",
    "sector": "",
    "region": "",
    "size_class": "small",
}


def test_a_company_is_created_and_found(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    created = post(client, f"{LIST}/new", DATA | {"name": "Ärztewerk Süd"}, page=f"{LIST}/new")
    assert created.location == f"{LIST}/aerztewerk-sued#people"
    found = client.get(f"{LIST}?q=arztewerk").get_data(as_text=True)
    assert "Ärztewerk Süd" in found
    assert "Beispiel GmbH" not in found
    assert client.get(f"{LIST}?q=nix&sort=-size&page=abc").status_code == 200


def test_errors_are_shown_at_their_fields_and_input_is_kept(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    wrong = DATA | {"name": "Neu", "website": "javascript:alert(1)", "email_domains": "firma.de", "version": "1"}
    for path in (f"{LIST}/new", MUSTER):
        response = post(client, path, wrong, page=MUSTER)
        text = response.get_data(as_text=True)
        assert response.status_code == 422
        assert 'id="website-error"' in text
        assert 'value="firma.de"' in text


def test_a_stale_form_shows_both_versions(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    assert post(client, MUSTER, DATA | {"version": "1"}, page=MUSTER).status_code == 303
    stale = post(client, MUSTER, DATA | {"version": "1", "place": "Gera"}, page=MUSTER)
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert "Jena" in text
    assert 'value="Gera"' in text


def test_switching_a_company_off_signs_its_people_out(client: FlaskClient, people: People, database: Database) -> None:
    member = client.application.test_client()
    sign_in(member, people.member_user)
    sign_in(client, people.admin_user)
    off = {name: value for name, value in DATA.items() if name != "active"}
    assert post(client, MUSTER, off | {"version": "1"}, page=MUSTER).status_code == 303
    with database.read() as session:
        assert session.scalars(select(Company.active).where(Company.slug == "muster-ag")).one() is False
        assert session.scalars(select(UserSession).where(UserSession.user_id == people.member_user.id)).all() == []
    assert member.get("/account").status_code == 303


def test_people_are_invited_from_the_page_of_the_company(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    response = post(client, f"{MUSTER}/invitations", {"email": "neu@muster.example", "role": "admin"}, page=MUSTER)
    assert response.status_code == 303
    assert "neu@muster.example" in client.get(MUSTER).get_data(as_text=True)
    wrong = post(client, f"{MUSTER}/invitations", {"email": "x", "role": "admin"}, page=MUSTER)
    assert wrong.status_code == 422
    assert 'value="Muster AG"' in wrong.get_data(as_text=True), "the other form of the page stays filled"


def test_curators_read_but_do_not_write(client: FlaskClient, people: People) -> None:
    sign_in(client, people.curator_user)
    assert client.get(MUSTER).status_code == 200
    assert post(client, MUSTER, DATA, page="/account").status_code == 403
    assert client.get(f"{LIST}/new").status_code == 403


def test_unknown_companies_are_404(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    assert client.get(f"{LIST}/gibt-es-nicht").status_code == 404


def test_lists_of_companies_and_people_are_filtered_exported_and_recorded(
    client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Company, people.company.id).note = "=Notiz"
    sign_in(client, people.admin_user)
    found = client.get(f"{LIST}?state=without_admin&sort=-people").get_data(as_text=True)
    assert "Beispiel GmbH" in found
    assert "Muster AG" not in found
    assert "Muster AG" not in client.get(f"{LIST}/list.csv?state=without_admin").get_data(as_text=True)
    table = client.get(f"{LIST}/list.csv").get_data(as_text=True)
    assert "'=Notiz" in table  # staff may take it away, but it never is a formula
    assert client.get(f"{LIST}/list.xlsx").status_code == 200
    persons = client.get("/admin/users/list.csv?role=company&sort=company").get_data(as_text=True).splitlines()
    assert [line.split(";")[0] for line in persons[1:]] == ["Bob Beispiel", "Alice Muster", "Anton Muster"]
    with database.read() as session:
        actions = session.scalars(select(AuditEvent.action).where(AuditEvent.action.endswith(".exported"))).all()
    assert sorted(actions) == ["companies.exported"] * 3 + ["users.exported"]


def test_curators_read_companies_with_the_note_but_change_nothing(
    client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Company, people.company.id).note = "Zahlt spät"
    sign_in(client, people.curator_user)
    page = client.get(MUSTER).get_data(as_text=True)
    assert "Zahlt spät" in page
    assert "Angaben speichern" not in page
