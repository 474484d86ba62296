"""The pages of network admins: start, record, outbox."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent
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
    assert "Rolle: geändert" in everything
    assert "member → &lt;b&gt;" in everything
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


def test_the_record_is_filtered_by_person_company_thing_and_day_and_exported(
    client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        audit.record(
            session,
            people.member,
            "company.changed",
            people.company,
            changes=[{"field": "place", "before": "", "after": "Jena"}],
        )
        audit.record(session, people.stranger, "company.changed", people.other_company)
        audit.record(session, people.admin, "module.publish", label="Modul\r\nmit\x1b[31m Farbe")
    sign_in(client, people.admin_user)
    own = f"company={people.company.id}"
    for query, there, missing in [
        ("q=alice", "Muster AG", "Bob Beispiel"),
        (own, "place: nichts → Jena", "Bob Beispiel"),
        ("thing=Beispiel", "Bob Beispiel", "nichts → Jena"),
        (f"thing={people.company.id}", "nichts → Jena", "Bob Beispiel"),
        ("action=module", "Modul: veröffentlicht", "nichts → Jena"),
        ("company=unsinn", "Keine Einträge", "nichts → Jena"),
    ]:
        page = client.get(f"/admin/audit?{query}").get_data(as_text=True)
        table = page.split("<main")[1]
        assert there in table, query
        assert missing not in table.split("<tbody>")[-1], query
    page = client.get("/admin/audit?action=module.publish").get_data(as_text=True)
    assert "\x1b" not in page
    assert "Modul\\x0d\\x0amit\\x1b[31m Farbe" in page
    sheet = client.get(f"/admin/audit.csv?{own}").get_data(as_text=True)
    assert "Unternehmen: geändert" in sheet
    assert "place: nichts → Jena" in sheet
    assert "Beispiel GmbH" not in sheet
    assert "\x1b" not in client.get("/admin/audit.csv").get_data(as_text=True)
    assert "Protokoll: ausgegeben" in client.get("/admin/audit").get_data(as_text=True)


def test_who_is_refused_leaves_one_trace(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    for _ in range(3):
        assert client.get("/admin/audit?q=geheim").status_code == 403
    assert post(client, f"/admin/users/{people.admin_user.id}/deactivate").status_code == 403
    client.get("/admin/gibt-es-nicht")
    with database.read() as session:
        rows = [event for event in session.query(AuditEvent) if event.action == "access.refused"]
    assert [(row.user_id, row.thing_label, row.details) for row in rows] == [
        (people.member_user.id, "admin.audit_log", {}),
        (people.member_user.id, "users.deactivate", {}),
    ]
