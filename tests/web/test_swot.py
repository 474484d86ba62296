"""The SWOT pages: staff see everything and write, members read what is published."""

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Feedback, FeedbackKind, FeedbackVisibility
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

TEXT = "/planning/swot/weakness/text"


@pytest.fixture(autouse=True)
def said(database: Database, people: People) -> None:
    with database.write() as session:
        module = factories.make_module(session, "Sicherheit und Batterie")
        for text, visibility in (("Kanarientext", FeedbackVisibility.NETWORK), ("Offen", FeedbackVisibility.MEMBERS)):
            session.add(
                Feedback(
                    company_id=people.other_company.id,
                    kind=FeedbackKind.WEAKNESS,
                    text=text,
                    visibility=visibility,
                    module_id=module.id,
                )  # fmt: skip
            )


def text_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_staff_see_quotes_with_companies_and_every_way_to_ask(client: FlaskClient, people: People) -> None:
    sign_in(client, people.curator_user)
    page = text_of(client, "/planning/swot")
    assert "Kanarientext" in page
    assert people.other_company.name in page
    about = "module:sicherheit-und-batterie"
    assert "Kanarientext" in text_of(client, f"/planning/swot?about={about}&state=new&state=unsinn&since=2020-01-01")
    assert "Kanarientext" not in text_of(client, "/planning/swot?as_of=2020-01-01")
    assert text_of(client, "/planning/swot?as_of=gestern&since=9999-99-99")
    assert client.get("/planning/swot?about=topic:unbekannt").status_code == 404
    assert client.get("/planning/swot?as_of=0001-01-01").status_code == 422
    for format in ("csv", "xlsx"):
        assert client.get(f"/planning/swot/export.{format}?about={about}").status_code == 200
    assert client.get("/planning/swot/export.pdf").status_code == 404


def test_a_text_is_written_conflicts_and_is_read_by_members_without_what_is_not_for_them(
    client: FlaskClient, people: People
) -> None:
    sign_in(client, people.member_user)
    assert "Noch nichts veröffentlicht" in text_of(client, "/swot")
    assert client.get("/planning/swot").status_code == 403
    assert post(client, TEXT, {"text": "x"}).status_code == 403
    sign_in(client, people.curator_user)
    assert "Ein paar Sätze" in text_of(client, TEXT)
    assert client.get("/planning/swot/unsinn/text").status_code == 404
    sent = {"text": "**Mehr Praxis** <script>alert(1)</script>", "published": "y", "version": "0"}
    assert post(client, TEXT, sent | {"text": "x" * 1300}).status_code == 422
    assert post(client, TEXT, sent).headers["Location"] == "/planning/swot#weakness"
    late = post(client, TEXT, sent | {"text": "Mein Text"})
    assert late.status_code == 409
    assert "Mein Text" in late.get_data(as_text=True)
    assert "Mehr Praxis" in late.get_data(as_text=True)
    assert "Frühere Fassungen (1)" in text_of(client, TEXT)
    sign_in(client, people.member_user)
    page = text_of(client, "/swot")
    assert "<strong>Mehr Praxis</strong>" in page
    assert "<script>alert" not in page
    assert "Offen" in page
    assert "Kanarientext" not in page
    assert people.other_company.name not in page
    assert client.get("/swot?about=module:sicherheit-und-batterie").status_code == 404
    assert "Was das Netzwerkbüro daraus liest" in text_of(client, "/feedback")


def test_feedback_about_the_whole_offer_is_one_click_away_everywhere(client: FlaskClient, people: People) -> None:
    assert "/feedback/new" not in text_of(client, "/")
    sign_in(client, people.member_user)
    for path in ("/", "/company", "/modules/sicherheit-und-batterie"):
        assert 'href="/feedback/new"' in text_of(client, path)
