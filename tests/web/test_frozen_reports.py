"""Pages of frozen reports: freeze what the planning shows, trace each figure, compare, share, take away."""

import csv
import io
import json
import re
import zipfile
from typing import Any

import openpyxl
import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import AuditEvent, FrozenReport, Purpose, Relevance, Vocabulary
from catalogue.models.run import Run
from catalogue.services import demand, pdf_pages, reports
from catalogue.services.demand import DemandInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE


@pytest.fixture
def planner(client: FlaskClient, app: Flask, database: Database, people: People) -> FlaskClient:
    """A curator who signed in. Muster wants 12 people to learn "Sicher lagern", Beispiel 3; Beispiel wants 11 for "Recht"."""
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        safety = factories.make_module(session, "Sicher lagern", slug="safety", terms=[topic])
        law = factories.make_module(session, "Recht <b>kompakt</b>", slug="law")
        day = reports.today()
        starts = day.replace(year=day.year + 1, month=1, day=5)
        session.add(Run(module_id=safety.id, starts_on=starts, min_participants=20, max_participants=24))
        demand.mark(session, people.member, safety, DemandInput(Relevance.MUST, (Purpose.TRAINING,), 12, note="=1+1"))
        demand.mark(session, people.stranger, safety, DemandInput(Relevance.SHOULD, (), 3))
        demand.mark(session, people.stranger, law, DemandInput(Relevance.COULD, (Purpose.BUSINESS,), 11))
    sign_in(client, people.curator_user)
    return client


def freeze(client: FlaskClient, title: str = "Klausur", query: str = "", purpose: str = "") -> str:
    response = post(client, f"/planning/reports/new{query}", {"title": title, "purpose": purpose})
    assert response.status_code == 303, response.get_data(as_text=True)[:2000]
    return response.headers["Location"]


def figures(page: str) -> list[str]:
    return [re.sub(r"<[^>]+>|\s+", "", one) for one in re.findall(r"<dd>(.*?)</dd>", page, re.S)[:5]]


def test_a_report_shows_its_figures_and_every_one_leads_to_its_statements(planner: FlaskClient) -> None:
    address = freeze(planner, purpose="Für die **Klausur**")
    page = planner.get(address).get_data(as_text=True)
    assert "festgeschrieben am" in page
    assert "<strong>Klausur</strong>" in page
    assert figures(page) == ["2von2", "26", "3", "24", "1"]
    links = re.findall(rf'href="({address}/rows[^"]*)"[^>]*>(?:<b>)?([\d.]+)', page)
    assert len(links) > 10
    for link, figure in links:
        rows = planner.get(link.replace("&amp;", "&")).get_data(as_text=True)
        lines = re.findall(r'<tr><th scope="row">(.*?)</th>.*?<td class="num">(\d+|<span)', rows, re.S)
        people = sum(int(number) for _, number in lines if number.isdecimal())
        assert int(figure) in (len(lines), len({company for company, _ in lines}), people), link


def test_a_frozen_report_keeps_its_filters_and_figures(
    planner: FlaskClient, database: Database, people: People
) -> None:
    address = freeze(planner, query="?topic=sicherheit&relevance=must")
    page = planner.get(address).get_data(as_text=True)
    assert "Dringlichkeit: <b>muss</b>" in page
    assert figures(page)[:3] == ["1von2", "12", "1"]
    with database.write() as session:
        safety = session.query(factories.Module).filter_by(slug="safety").one()
        demand.mark(session, people.member, safety, DemandInput(Relevance.MUST, (), 40))
    assert figures(planner.get(address).get_data(as_text=True))[:3] == ["1von2", "12", "1"]
    assert "=1+1" in planner.get(f"{address}/rows").get_data(as_text=True)
    assert "Alle Zahlen stimmen." in planner.get(f"{address}/recount").get_data(as_text=True)


def test_the_next_report_shows_what_changed_since(planner: FlaskClient, database: Database, people: People) -> None:
    first = freeze(planner, "Herbst")
    with database.write() as session:
        law = session.query(factories.Module).filter_by(slug="law").one()
        demand.mark(session, people.member, law, DemandInput(Relevance.MUST, (), 6))
    second = freeze(planner, "Winter")
    page = planner.get(second).get_data(as_text=True)
    assert figures(page) == ["2von2", "32+6", "4+1", "24", "1"]
    compared = planner.get(f"/planning/reports/compare?a={second.split('/')[-1]}&b={first.split('/')[-1]}")
    text = re.sub(r"<[^>]+>|\s+", " ", compared.get_data(as_text=True))
    assert "1 gestiegen, 0 gefallen, 0 neu, 0 weggefallen" in text
    assert re.search(r"11\s+→\s+17\s+\+ 6\s+1\s+→\s+2\s+\+ 1", text)


@pytest.mark.parametrize(("data", "status"), [({"title": ""}, 422), ({"title": "x" * 201}, 422)])
def test_a_report_needs_a_title(planner: FlaskClient, data: dict[str, Any], status: int) -> None:
    assert post(planner, "/planning/reports/new", data).status_code == status
    assert post(planner, "/planning/reports/new?as_of=2999-01-01", {"title": "x"}).status_code == 422


def test_the_title_can_be_corrected_and_a_report_put_away(planner: FlaskClient) -> None:
    address = freeze(planner)
    assert post(planner, f"{address}/title", {"title": "Klausur 2026", "version": 1}).status_code == 303
    assert post(planner, f"{address}/title", {"title": "Anders", "version": 1}).status_code == 409
    assert post(planner, f"{address}/title", {"title": "", "version": 2}).status_code == 422
    assert post(planner, f"{address}/archive").status_code == 303
    assert (
        "Klausur 2026"
        not in planner.get("/planning/reports").get_data(as_text=True).split("<main")[1].split("alert")[-1]
    )
    assert "Klausur 2026" in planner.get("/planning/reports?archived=1").get_data(as_text=True)
    assert post(planner, f"{address}/restore").status_code == 303


def test_a_link_is_shown_once_and_opens_the_report_for_visitors(planner: FlaskClient, app: Flask) -> None:
    address = freeze(planner)
    made = post(planner, f"{address}/links", {"name": "Vorstand", "days": 30}).get_data(as_text=True)
    link = re.search(r'id="new-link">(.*?)<', made)
    assert link
    assert "/board/" not in planner.get(f"{address}/links").get_data(as_text=True)
    path = link[1].split("8000")[1]
    assert app.test_client().get(path).status_code == 200
    revoke = re.search(
        rf'action="({address}/links/[^"]*/revoke)"', planner.get(f"{address}/links").get_data(as_text=True)
    )
    assert revoke
    assert post(planner, revoke[1]).status_code == 303
    assert app.test_client().get(path).status_code == 410
    part = freeze(planner, query="?relevance=must")
    assert post(planner, f"{part}/links", {"name": "Vorstand", "days": 30}).status_code == 409
    assert post(planner, f"{address}/links", {"name": "", "days": 30}).status_code == 422


def test_the_workbook_holds_numbers_charts_and_definitions(planner: FlaskClient) -> None:
    address = freeze(planner)
    book = openpyxl.load_workbook(io.BytesIO(planner.get(f"{address}/report.xlsx").data))
    rows = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}
    assert [row[1] for row in rows["Zahlen"][1:]] == [2, 2, 26, 3, 24, 1]
    assert [row[:6] for row in rows["Modul"][1:]] == [
        ["Sicher lagern", None, "safety", 2, 15, 1], ["Recht <b>kompakt</b>", None, "law", 1, 11, 0], ["Summe", None, None, 2, 26, 1],
    ]  # fmt: skip
    assert rows["Verlauf"][-1][1:] == [2, 26, 3]
    assert {sheet.title for sheet in book if sheet._charts} == {
        "Modul", "Thema", "Branche", "Region", "Zeitraum", "Bedarf und Plätze", "Verlauf",
    }  # fmt: skip
    words = [row[0] for row in rows["Definitionen"]]
    assert {"Stand", "Angabe", "Prüfsumme", "k"} <= set(words)


def test_csv_and_json_hold_the_same_figures(planner: FlaskClient, database: Database) -> None:
    address = freeze(planner)
    with zipfile.ZipFile(io.BytesIO(planner.get(f"{address}/report.zip").data)) as archive:
        names = archive.namelist()
        lines = list(csv.reader(io.StringIO(archive.read("01-modul.csv").decode("utf-8-sig")), delimiter=";"))
    assert len(names) == 10
    assert lines[-1][3:5] == ["2", "26"]
    found = json.loads(planner.get(f"{address}/report.json").data)
    assert (found["schema"], found["figures"]["total"]["people"], found["summary"]["gaps"]) == (1, 26, 1)
    assert [row["key"] for row in found["figures"]["interest"]["module"]] == ["safety", "law"]
    table = planner.get(f"{address}/tables/trend.csv").get_data(as_text=True)
    assert table.splitlines()[-1].split(";")[1:] == ["2", "26", "3"]
    rows = planner.get(f"{address}/rows.csv?key=safety&figure=must").get_data(as_text=True)
    assert len(rows.splitlines()) == 2
    assert "'=1+1" in rows
    for wrong in ("report.exe", "tables/x.csv", "rows.pdf"):
        assert planner.get(f"{address}/{wrong}").status_code == 404
    with database.read() as session:
        assert session.query(AuditEvent).filter_by(action="report.export").count() >= 4


@pytest.mark.slow
@pytest.mark.skipif(bool(pdf_pages.missing()), reason=pdf_pages.missing())
def test_the_pdf_is_tagged_and_says_its_language_and_title(planner: FlaskClient) -> None:
    response = planner.get(f"{freeze(planner)}/report.pdf")
    assert response.status_code == 200, response.get_data(as_text=True)[:500]
    found = pypdf.PdfReader(io.BytesIO(response.data))
    root = found.trailer["/Root"]
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert found.metadata
    assert found.metadata.title == "Klausur"
    text = " ".join(page.extract_text() for page in found.pages)
    assert "Personen mit Bedarf 26" in text
    assert "Sicher lagern" in text


def test_without_the_library_the_page_says_why_there_is_no_pdf(
    planner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_pages, "missing", lambda: "WeasyPrint is not installed")
    address = freeze(planner)
    page = planner.get(address).get_data(as_text=True)
    assert "fehlt auf diesem Server ein Programmteil" in page
    assert "report.pdf" not in page
    assert planner.get(f"{address}/report.pdf").status_code == 409
    assert planner.get(f"{address}/print").status_code == 200


def test_unknown_reports_are_not_found(planner: FlaskClient, database: Database) -> None:
    for path in ("/planning/reports/00000000-0000-4000-8000-000000000000", "/planning/reports/x"):
        assert planner.get(path).status_code == 404
    assert planner.get("/planning/reports/compare?a=x&b=%00").status_code in (200, 400)
    assert planner.get("/planning/reports/compare?a=1&b=2").status_code == 200
    with database.read() as session:
        assert session.query(FrozenReport).count() == 0
