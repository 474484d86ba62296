"""„Interesse im Netzwerk“ in the browser: the page, its filter, its files."""

import io

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import AuditEvent
from tests.browsing import sign_in
from tests.conftest import ON_SQLITE, People
from tests.web.test_disclosure import cells, figures_in, text, wanted

pytestmark = ON_SQLITE


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


def test_members_find_it_on_their_page_and_at_modules(session: Session, member: FlaskClient) -> None:
    module = wanted(session, "Gefragt", 0)
    for path in ("/company", f"/modules/{module.slug}"):
        assert 'href="/interest"' in text(member, path)


def test_an_empty_network_says_when_there_will_be_figures(member: FlaskClient) -> None:
    assert "sobald mindestens 5 andere Unternehmen" in text(member, "/interest")


def test_page_and_files_show_the_same_and_explain_who_sees_it(session: Session, member: FlaskClient) -> None:
    wanted(session, "Gefragt", 7)
    wanted(session, "Kaum gefragt", 4, people=97, topic=1)
    page = text(member, "/interest")
    assert figures_in(page) == [5, 25] * 5  # cell and total of the topic, twice in the footer, the module
    assert "97" not in page[page.index("<main") :]
    assert "Wer sieht das?" in page
    assert "Nach Region, Branche oder Größe" in page
    assert cells(member.get("/interest/export/topics.csv").data) == ["5", "25"] * 4
    assert cells(member.get("/interest/export/modules.csv").data) == ["5", "25"]
    book = openpyxl.load_workbook(io.BytesIO(member.get("/interest/export/topics.xlsx").data))
    numbers = [
        cell for row in book["Daten"].iter_rows(min_row=2, values_only=True) for cell in row if isinstance(cell, int)
    ]
    assert numbers == [5, 25] * 4


def test_topic_and_paging_never_change_a_figure(session: Session, member: FlaskClient) -> None:
    wanted(session, "Eins", 7)
    wanted(session, "Zwei", 9, topic=1)
    assert figures_in(text(member, "/interest?topic=topic-1"))[:4] == [5, 35, 5, 35]
    for query in ("?region=thueringen", "?sector=x&size=small", "?company=a", "?page=99", "?page=x", "?topic=%00"):
        response = member.get(f"/interest{query}")
        assert response.status_code == (400 if "%00" in query else 200)
        if response.status_code == 200:
            assert figures_in(response.get_data(as_text=True)) == figures_in(text(member, "/interest"))


def test_taking_figures_away_leaves_a_trace(session: Session, member: FlaskClient) -> None:
    member.get("/interest/export/modules.csv")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "interest.exported")).one()
    assert event.details == {"what": "modules", "format": "csv"}
