"""A copy of the own data, and deleting an account: by the person, and by network admins."""

import io
import zipfile

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import AuditEvent, User
from catalogue.services import person_copies
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD


def text_of(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def exists(database: Database, user: User) -> bool:
    with database.read() as session:
        return session.get(User, user.id) is not None


def test_a_person_asks_for_a_copy_and_fetches_it(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    assert post(client, "/account/data").location == "/account/data"
    page = text_of(client, "/account/data")
    address = page.split('href="/account/data/')[1].split('"')[0]
    answer = client.get(f"/account/data/{address}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="meine-daten-modulkatalog.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert people.member_user.email in archive.read("daten.json").decode()
    sign_in(other := client.application.test_client(), people.admin_user)
    assert other.get(f"/account/data/{address}").status_code == 404
    with database.read() as session:
        assert "data.exported" in {event.action for event in session.query(AuditEvent)}


def test_a_large_copy_is_announced(client: FlaskClient, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_copies, "AT_ONCE", 0)
    sign_in(client, people.member_user)
    post(client, "/account/data")
    assert "Ihre Kopie wird erstellt. Sie bekommen eine Mail" in text_of(client, "/account/data")
    assert "wird gerade erstellt" in post(client, "/account/data", follow_redirects=True).get_data(as_text=True)


def test_a_person_deletes_the_account_with_the_password(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.member_user)
    page = text_of(client, "/account/delete")
    for word in (
        "Noch ist nichts geschehen",
        "Name, E-Mail-Adresse, Passwort und alle Anmeldungen",
        "ehemalige Person",
        "35 Tagen",
    ):
        assert word in page
    refused = post(client, "/account/delete", {"password": PASSWORD})
    assert refused.status_code == 422
    assert "Bestätigen Sie, dass Sie das gelesen haben." in refused.get_data(as_text=True)
    wrong = post(client, "/account/delete", {"password": "falsch", "sure": "y"})
    assert wrong.status_code == 422
    assert "Das ist nicht Ihr Passwort." in wrong.get_data(as_text=True)
    assert exists(database, people.member_user)
    done = post(client, "/account/delete", {"password": PASSWORD, "sure": "y"}, follow_redirects=True)
    assert "Ihr Konto ist gelöscht." in done.get_data(as_text=True)
    assert not exists(database, people.member_user)
    assert client.get("/account").location.startswith("/login")


def test_guessing_the_password_is_limited(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    for _ in range(10):
        post(client, "/account/delete", {"password": "falsch", "sure": "y"})
    assert "Zu viele Versuche" in post(client, "/account/delete", {"password": PASSWORD, "sure": "y"}).get_data(
        as_text=True
    )


def test_the_last_admins_are_told_what_to_do_first(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.company_admin_user)
    assert "Diese Wahl ist nötig." in text_of(client, "/account/delete")
    refused = post(client, "/account/delete", {"password": PASSWORD, "sure": "y"})
    assert refused.status_code == 422
    assert "wer künftig die Konten des Unternehmens verwaltet" in refused.get_data(as_text=True)
    chosen = {"password": PASSWORD, "sure": "y", "successor": str(people.member_user.id)}
    assert post(client, "/account/delete", chosen).status_code == 303
    sign_in(client, people.admin_user)
    assert "Ernennen Sie zuerst eine andere Person" in text_of(client, "/account/delete")
    assert post(client, "/account/delete", {"password": PASSWORD, "sure": "y"}).status_code == 409
    assert exists(database, people.admin_user)


def test_a_network_admin_deletes_the_account_of_somebody(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.admin_user)
    path = f"/admin/users/{people.curator_user.id}/delete"
    assert f'href="{path}"' in text_of(client, f"/admin/users/{people.curator_user.id}")
    assert "Clara Netz" in text_of(client, path)
    assert post(client, path, {}).status_code == 422
    done = post(client, path, {"sure": "y", "successor": str(people.admin_user.id)}, follow_redirects=True)
    assert "Das Konto ist gelöscht." in done.get_data(as_text=True)
    assert not exists(database, people.curator_user)
    assert client.get(path).status_code == 404
    assert client.get(f"/admin/users/{people.admin_user.id}/delete").location == "/account/delete"


def test_nobody_else_may(client: FlaskClient, people: People, database: Database) -> None:
    for user in (people.company_admin_user, people.curator_user):
        sign_in(client, user)
        path = f"/admin/users/{people.member_user.id}/delete"
        assert client.get(path).status_code == 403
        assert post(client, path, {"sure": "y"}).status_code == 403
    assert exists(database, people.member_user)
