"""Network admins look after accounts."""

import uuid

from flask.testing import FlaskClient

from tests.browsing import post, sign_in
from tests.conftest import People

LIST = "/admin/users"


def test_people_are_found(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    found = client.get(f"{LIST}?q=alice").get_data(as_text=True)
    assert "Alice Muster" in found
    assert "Bob Beispiel" not in found


def test_locking_an_account_acts_on_the_next_request(client: FlaskClient, people: People) -> None:
    member = client.application.test_client()
    sign_in(member, people.member_user)
    sign_in(client, people.admin_user)
    path = f"{LIST}/{people.member_user.id}"
    assert post(client, f"{path}/deactivate", page=path).status_code == 303
    assert member.get("/account").status_code == 303
    assert "gesperrt" in client.get(path).get_data(as_text=True)
    assert post(client, f"{path}/link", page=path, follow_redirects=True).status_code == 200
    assert post(client, f"{path}/activate", page=path).status_code == 303


def test_a_demoted_curator_loses_the_pages_at_once(client: FlaskClient, people: People) -> None:
    curator = client.application.test_client()
    sign_in(curator, people.curator_user)
    assert curator.get("/admin/companies").status_code == 200
    sign_in(client, people.admin_user)
    path = f"{LIST}/{people.curator_user.id}"
    assert post(client, f"{path}/role", {"role": ""}, page=path).status_code == 303
    assert curator.get("/admin/companies").status_code == 403


def test_the_last_network_admin_stays(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    path = f"{LIST}/{people.admin_user.id}"
    for action, data in (("deactivate", {}), ("role", {"role": ""})):
        answer = post(client, f"{path}/{action}", data, page=path, follow_redirects=True)
        assert "der letzte Netzwerk-Admin" in answer.get_data(as_text=True)
    assert client.get(LIST).status_code == 200


def test_no_page_takes_a_password_for_somebody_else(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    for page in (f"{LIST}/{people.member_user.id}", LIST, "/admin/companies/muster-ag"):
        assert 'type="password"' not in client.get(page).get_data(as_text=True)


def test_links_and_sign_ins_of_others(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    path = f"{LIST}/{people.member_user.id}"
    assert post(client, f"{path}/link", page=path).status_code == 303
    assert post(client, f"{path}/sessions/end", page=path).status_code == 303
    assert "Ihr Link für ein neues Passwort" in client.get("/admin/outbox").get_data(as_text=True)


def test_staff_are_invited(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    assert (
        post(client, f"{LIST}/invitations", {"email": "neu@netz.example", "role": "curator"}, page=LIST).status_code
        == 303
    )
    assert (
        post(client, f"{LIST}/invitations", {"email": "neu@netz.example", "role": "member"}, page=LIST).status_code
        == 422
    )
    assert "neu@netz.example" in client.get(LIST).get_data(as_text=True)


def test_unknown_people_are_404(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    assert client.get(f"{LIST}/{uuid.uuid4()}").status_code == 404
    assert client.get(f"{LIST}/1").status_code == 404
