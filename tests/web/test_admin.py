"""The pages of network admins: start, record, outbox."""

from flask.testing import FlaskClient

from tests.browsing import sign_in
from tests.conftest import People

PAGES = ["/admin", "/admin/audit", "/admin/outbox", "/admin/companies", "/admin/companies/new", "/admin/companies/muster-ag", "/admin/users", "/account"]


def test_a_network_admin_opens_every_page(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    for page in [*PAGES, f"/admin/users/{people.member_user.id}"]:
        assert client.get(page).status_code == 200, page


def test_nobody_else_opens_the_pages_of_network_admins(client: FlaskClient, people: People) -> None:
    sign_in(client, people.company_admin_user)
    for page in ["/admin", "/admin/audit", "/admin/outbox", "/admin/companies", "/admin/users"]:
        assert client.get(page).status_code == 403, page
    assert client.get("/company/people").status_code == 200
