"""The pages of network admins: start, record, outbox."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.services import audit, outbox
from catalogue.settings import Settings
from tests.browsing import post, sign_in
from tests.conftest import People

PAGES = ["/admin", "/admin/audit", "/admin/outbox", "/admin/companies", "/admin/companies/new", "/admin/users"]


def test_a_network_admin_opens_every_page(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    for page in PAGES:
        assert client.get(page).status_code == 200, page


@pytest.mark.parametrize("who", ["member_user", "company_admin_user"])
def test_companies_open_none_of_them(client: FlaskClient, people: People, who: str) -> None:
    sign_in(client, getattr(people, who))
    assert [client.get(page).status_code for page in PAGES] == [403] * len(PAGES)


def test_visitors_are_sent_to_sign_in(client: FlaskClient) -> None:
    assert [client.get(page).location for page in PAGES] == [f"/login?next={page}" for page in PAGES]


def test_the_record_is_filtered_and_shows_names_as_text(
    client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        audit.record(session, people.admin, "role.changed", label="<script>alert(1)</script>", role=["member", "<b>"])
        audit.record(session, people.member, "export.made", label="Liste")
    sign_in(client, people.admin_user)
    everything = client.get("/admin/audit").get_data(as_text=True)
    assert "<script>alert" not in everything
    assert "&lt;script&gt;" in everything
    only = client.get("/admin/audit?action=export.made").get_data(as_text=True)
    assert "Liste" in only
    assert "&lt;script&gt;" not in only
    for query in ("since=2020-01-01&until=2020-01-02", "q=%25", "since=x&until=y&page=-3", "page=99999999999999999999"):
        assert client.get(f"/admin/audit?{query}").status_code == 200


def test_without_a_mail_server_the_links_are_shown_with_one_they_are_not(
    client: FlaskClient, people: People, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        outbox.send(session, "a@b.example", "Einladung", "Der Link: http://x.example/invitations/geheim")
    sign_in(client, people.admin_user)
    assert "/invitations/geheim" in client.get("/admin/outbox").get_data(as_text=True)
    with_server = create_app(replace(settings, smtp_host="mail.example"))
    other = with_server.test_client()
    sign_in(other, people.admin_user)
    assert "/invitations/geheim" not in other.get("/admin/outbox").get_data(as_text=True)
    with_server.extensions["database"].dispose()


def test_mails_are_tried_again_and_discarded(client: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        mail = outbox.send(session, "a@b.example", "Betreff", "Text")
        assert mail is not None
        mail.failed_at, mail_id = utcnow(), mail.id
    sign_in(client, people.admin_user)
    assert post(client, f"/admin/outbox/{mail_id}/retry", page="/admin/outbox").status_code == 303
    assert post(client, f"/admin/outbox/{mail_id}/discard", page="/admin/outbox").status_code == 303
    assert post(client, f"/admin/outbox/{mail_id}/discard", page="/admin/outbox").status_code == 404
