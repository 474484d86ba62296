"""Company admins look after their colleagues."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Invitation, Membership, OutboxMail
from tests.browsing import post, sign_in
from tests.conftest import People

PAGE = "/company/people"


def test_an_admin_invites_resends_and_revokes(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.company_admin_user)
    invited = {"email": "neu@muster.example", "name": "Nina", "role": "member"}
    assert post(client, f"{PAGE}/invitations", invited, page=PAGE).status_code == 303
    page = client.get(PAGE).get_data(as_text=True)
    assert "neu@muster.example" in page
    resend, revoke = (re.search(rf'"(/invitations/[0-9a-f-]+/{verb})"', page) for verb in ("resend", "revoke"))
    assert resend
    assert revoke
    assert post(client, resend[1], page=PAGE).status_code == 303
    assert post(client, revoke[1], page=PAGE).status_code == 303
    with database.read() as session:
        assert session.scalars(select(Invitation.revoked_at)).one() is not None
        assert len(session.scalars(select(OutboxMail)).all()) == 2


def test_a_wrong_address_is_shown_at_its_field_and_kept(client: FlaskClient, people: People) -> None:
    sign_in(client, people.company_admin_user)
    response = post(client, f"{PAGE}/invitations", {"email": "kein-at", "role": "member"}, page=PAGE)
    assert response.status_code == 422
    assert 'value="kein-at"' in response.get_data(as_text=True)
    assert "email-error" in response.get_data(as_text=True)


def test_roles_are_changed_and_people_removed(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.company_admin_user)
    alice = people.member_user.id
    assert post(client, f"{PAGE}/{alice}/role", {"role": "admin"}, page=PAGE).status_code == 303
    assert post(client, f"{PAGE}/{alice}/role", {"role": "network-admin"}, page=PAGE).status_code == 422
    assert post(client, f"{PAGE}/{alice}/remove", page=PAGE).location == PAGE
    with database.read() as session:
        assert session.scalar(select(Membership).where(Membership.user_id == alice)) is None


def test_the_last_admin_names_a_successor_who_becomes_admin(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.company_admin_user)
    path = f"{PAGE}/{people.company_admin_user.id}/remove"
    page = client.get(path).get_data(as_text=True)
    assert "Die Rolle Unternehmens-Admin" in page
    nobody = post(client, path, page=path)
    assert nobody.status_code == 422
    assert "successor-error" in nobody.get_data(as_text=True)
    assert post(client, path, {"successor": "unsinn"}, page=path).status_code == 422
    assert post(client, path, {"successor": str(people.stranger_user.id)}, page=path).status_code == 422
    assert post(client, path, {"successor": str(people.member_user.id)}, page=path).status_code == 303
    with database.read() as session:
        assert (
            session.scalars(select(Membership.role).where(Membership.user_id == people.member_user.id)).one() == "admin"
        )
    assert client.get(PAGE).status_code == 303  # signed out at once


def test_an_admin_locks_a_colleague_who_is_out_at_once(client: FlaskClient, people: People) -> None:
    colleague = client.application.test_client()
    sign_in(colleague, people.member_user)
    sign_in(client, people.company_admin_user)
    assert post(client, f"{PAGE}/{people.member_user.id}/lock", page=PAGE).status_code == 303
    assert colleague.get("/company").location.startswith("/login")
    assert "gesperrt" in client.get(PAGE).get_data(as_text=True)
    assert post(client, f"{PAGE}/{people.member_user.id}/unlock", page=PAGE).status_code == 303
    sign_in(colleague, people.member_user)
    own = post(client, f"{PAGE}/{people.company_admin_user.id}/lock", page=PAGE, follow_redirects=True)
    assert "Ihr eigenes Konto" in own.get_data(as_text=True)


def test_members_see_colleagues_but_no_buttons(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    page = client.get(PAGE).get_data(as_text=True)
    assert "Anton Muster" in page
    assert "Bob" not in page
    assert "Ausscheiden" not in page
    assert post(client, f"{PAGE}/{people.company_admin_user.id}/remove", page="/account").status_code == 403


def test_people_of_other_companies_do_not_exist(client: FlaskClient, people: People) -> None:
    sign_in(client, people.company_admin_user)
    for action in ("role", "remove", "lock", "unlock"):
        path = f"{PAGE}/{people.stranger_user.id}/{action}"
        assert post(client, path, {"role": "admin"}, page=PAGE).status_code == 404
