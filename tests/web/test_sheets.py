"""The printed sheet: what stands on it, where its code leads, and who can end a link."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import CompanyLink, DemandSource, Module, OutboxMail, Relevance, Vocabulary
from catalogue.services import demand
from catalogue.services.demand import DemandInput, OnBehalf
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE


@pytest.fixture
def modules(database: Database, people: People) -> list[Module]:
    with database.write() as session:
        made = [factories.make_module(session, title) for title in ("Zellprüfung", "Packmontage")]
        demand.mark(session, people.member, made[0], DemandInput(Relevance.MUST, people=4711))
        return made


def paper(page: str) -> str:
    return page[page.index('<article class="paper">') : page.index("</article>")]


def test_the_own_sheet_holds_what_was_marked_but_not_what_was_said(
    client: FlaskClient, people: People, modules: list[Module]
) -> None:
    sign_in(client, people.member_user)
    page = client.get("/company/sheet").get_data(as_text=True)
    assert "Zellprüfung" in paper(page)
    assert "Packmontage" not in paper(page)
    assert "4711" not in page
    assert "/company/answers" in paper(page)
    assert "style=" not in paper(page)
    found = client.get("/company/sheet?module=packmontage").get_data(as_text=True)
    assert "Packmontage" in paper(found)
    assert "Link ohne Konto" not in found


def test_staff_make_a_personal_link_and_end_it(
    client: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    sign_in(client, people.curator_user)
    place = f"/companies/{people.company.slug}/sheet"
    made = post(client, f"{place}/link", {"module": ["zellpruefung", "packmontage"]})
    page = client.get(made.headers["Location"]).get_data(as_text=True)
    found = re.search(r"/answer/[\w-]{43}", paper(page))
    assert found
    assert client.get(found[0]).status_code == 200
    with database.read() as session:
        link = session.scalars(select(CompanyLink)).one()
        assert [len(link.subjects), link.email] == [2, ""]
    other = f"/companies/{people.other_company.slug}/sheet/link/{link.id}/revoke"
    assert post(client, other).status_code == 404
    post(client, f"{place}/link/{link.id}/revoke")
    assert client.get(found[0]).status_code == 410


def test_who_has_no_admin_is_asked_at_an_address_that_staff_name(
    client: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    with database.write() as session:
        company = factories.make_company(session, "Ohne Konto GmbH")
        said = OnBehalf(company.slug, DemandSource.CALL, utcnow().date())
        demand.mark(session, people.curator, modules[1], DemandInput(), said)
    sign_in(client, people.curator_user)
    place = "/companies/ohne-konto-gmbh/demand"
    assert "hat noch keine Admins" in client.get(place).get_data(as_text=True)
    assert "Geben Sie an" in post(client, f"{place}/ask", {}, follow_redirects=True).get_data(as_text=True)
    post(client, f"{place}/ask", {"email": "kein"})
    post(client, f"{place}/ask", {"email": "Chefin@ohne-konto.example"})
    post(client, f"{place}/ask", {"email": "chefin@ohne-konto.example"})
    with database.read() as session:
        assert {mail.to for mail in session.scalars(select(OutboxMail))} == {"chefin@ohne-konto.example"}
        assert [
            link.revoked_at is None for link in session.scalars(select(CompanyLink).order_by(CompanyLink.created_at))
        ] == [False, True]


def test_a_topic_fills_the_sheet(client: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
    sign_in(client, people.curator_user)
    page = client.get(f"/companies/{people.company.slug}/sheet?topic=sicherheit").get_data(as_text=True)
    assert "Noch steht kein Modul auf dem Bogen." in page
