"""The planning page: figures, the rows behind them, exports that are what the screen shows, for staff only."""

import csv
import io
import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from catalogue.db import Database
from catalogue.models import AuditEvent, Purpose, Relevance, Vocabulary
from catalogue.models.run import Run
from catalogue.search import sync
from catalogue.services import demand, reports
from catalogue.services.demand import DemandInput
from catalogue.web.reporting import asked_from
from tests import factories
from tests.browsing import sign_in
from tests.conftest import ON_SQLITE, People

CELL = re.compile(r"<(t[hd])\b[^>]*>(.*?)</\1>", re.S)
LINKS = re.compile(r'href="(/planning/rows[^"]*)"[^>]*>(?:<b>)?([\d.]+)')


@pytest.fixture
def planner(client: FlaskClient, app: Flask, database: Database, people: People) -> FlaskClient:
    """A curator who signed in, where two companies said something about two modules."""
    with database.write() as session:
        terms = [
            factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit"),
            factories.make_term(session, Vocabulary.TOPIC, "recht", "Recht"),
            factories.make_term(session, Vocabulary.LEVEL, "basis", "Basis"),
        ]
        safety = factories.make_module(session, "Sicher lagern", slug="safety", terms=terms)
        law = factories.make_module(session, "Recht <b>kompakt</b>", slug="law", terms=[terms[1]])
        day = reports.today().replace(day=1)
        session.add(
            Run(
                module_id=safety.id,
                starts_on=day.replace(year=day.year + 1, month=1),
                min_participants=20,
                max_participants=24,
            )
        )
        demand.mark(
            session, people.member, safety, DemandInput(Relevance.MUST, (Purpose.TRAINING,), 12, note="=1+1 <script>")
        )
        demand.mark(session, people.stranger, safety, DemandInput(Relevance.SHOULD, (), 3))
        demand.mark(session, people.stranger, law, DemandInput(Relevance.COULD, (Purpose.BUSINESS,), 11))
    sync.drain_quietly(database, app.extensions["search"])
    sign_in(client, people.curator_user)
    return client


def table_under(page: str, section: str) -> list[list[str]]:
    """The cells of the first table after the element with the id *section*, as a person reads them."""
    table = page[page.index(f'id="{section}"') :].split("<table", 1)[1].split("</table>")[0]
    return [
        [" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for _, cell in CELL.findall(row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)
    ]


def test_the_page_shows_what_companies_said(planner: FlaskClient) -> None:
    page = planner.get("/planning").get_data(as_text=True)
    figures = [re.sub(r"<[^>]+>|\s+", "", one) for one in re.findall(r"<dd>(.*?)</dd>", page, re.S)[:5]]
    assert figures == [
        "2von2",
        "26+26",
        "24",
        "1",
        "2von2",
    ]  # 26 people more than a quarter ago; both modules wait: 15 and 11 people
    matrix = table_under(page, "luecken")
    assert matrix[1:] == [
        ["Recht", "15 24 Plätze", "11 kein Platz", "26", "24", "− 2"], ["Sicherheit", "15 24 Plätze", "–", "15", "24", "+ 9"],
        ["Summe", "15 24 Plätze", "11 0 Plätze", "26", "24", "− 2"],
    ]  # fmt: skip
    assert table_under(page, "interesse")[1:] == [
        ["Sicher lagern", "2", "1 · 1 · 0 · 0", "15", "+ 15", "1", "0", "0", "offen"],
        ["Recht <b>kompakt</b>", "1", "0 · 0 · 1 · 0", "11", "+ 11", "0", "0", "1", "offen"],
        ["Summe", "2", "1 · 1 · 1 · 0", "26", "+ 26", "1", "0", "1", ""],
    ]  # fmt: skip
    assert "es fehlen 5" in page
    assert "Wie wird gezählt?" in page


QUERIES = [
    "", "by=topic", "by=company&sort=label", "by=period", "by=sector", "by=region&relevance=must", "topic=sicherheit", "level=none",
    "q=recht", "as_of=2020-01-01", "company=muster-ag&by=topic", "purpose=business&purpose=training&sort=people",
]  # fmt: skip


def test_exports_are_what_the_screen_shows(planner: FlaskClient) -> None:
    for query in QUERIES:
        check_export(planner, query)


def check_export(planner: FlaskClient, query: str) -> None:
    page = planner.get(f"/planning?{query}").get_data(as_text=True)
    shown = table_under(page, "interesse")[1:] if 'id="interesse"' in page else []
    shown = [[*row[:4], *row[5:8]] for row in shown]  # neither change nor decision
    content = planner.get(f"/planning/export/interest.csv?{query}").get_data().decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(content), delimiter=";"))
    first = content.split(";", 1)[0]
    exported = [
        [
            line[first].lstrip("'"), line["Unternehmen" if first != "Unternehmen" else "Personen"],
            " · ".join(line[name] for name in ("muss", "soll", "kann", "offen")), line["Personen"],
            *(line[name] for name in ("Weiterbildung", "Zusammenarbeit", "Geschäftsidee")),
        ]
        for line in lines
    ]  # fmt: skip
    if first != "Unternehmen":
        assert [[row[0].removesuffix(" BatterieMD"), *row[1:]] for row in shown] == (exported if shown else [])
    else:
        assert [row[2:] for row in shown] == [row[2:] for row in exported]
    book = openpyxl.load_workbook(io.BytesIO(planner.get(f"/planning/export/interest.xlsx?{query}").get_data()))
    cells = [
        [str(cell if cell is not None else "") for cell in row] for row in book["Daten"].iter_rows(values_only=True)
    ]
    assert (
        cells[1:]
        == [[value.lstrip("'") for value in line] for line in csv.reader(io.StringIO(content), delimiter=";")][1:]
    )


@ON_SQLITE
def test_every_figure_leads_to_as_many_rows(planner: FlaskClient) -> None:
    assert sum(check_links(planner, query) for query in QUERIES) > 100


def check_links(planner: FlaskClient, query: str) -> int:
    page = planner.get(f"/planning?{query}").get_data(as_text=True)
    links = set(LINKS.findall(page))
    for address, figure in links:
        rows = planner.get(unescape(address)).get_data(as_text=True)
        counted = {
            unit: int(number.replace(".", ""))
            for number, unit in re.findall(r"([\d.]+) (Angabe|Unternehmen|Person)", rows[rows.index("report-head") :])[
                :3
            ]
        }
        assert int(figure.replace(".", "")) in counted.values(), (address, figure, counted)
    return len(links)


def test_every_table_can_be_taken_away(planner: FlaskClient) -> None:
    for what in ("interest", "matrix", "trend", "rows"):
        for format in ("csv", "xlsx"):
            answer = planner.get(f"/planning/export/{what}.{format}?by=topic&key=recht")
            assert answer.status_code == 200
            assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "'=1+1 <script>" in planner.get("/planning/export/rows.csv?by=topic&key=recht").get_data(as_text=True)


def test_unknown_exports_are_not_found(planner: FlaskClient) -> None:
    assert planner.get("/planning/export/geheim.csv").status_code == 404
    assert planner.get("/planning/export/interest.exe").status_code == 404


def test_what_cannot_be_used_is_named_and_left_out(planner: FlaskClient) -> None:
    page = planner.get("/planning?as_of=gestern&by=farbe")
    assert page.status_code == 200
    assert page.get_data(as_text=True).count("Diese Angabe konnte nicht benutzt werden.") == 2


HOSTILE = [
    "as_of=9999-12-31", "as_of=0001-01-01", "as_of=2026-02-30", "as_of=２０２６-01-01", "by=' OR 1=1--", "sort=;DROP", "q=%", 'q="(',
    "topic=%27", "period=x", "key=%3Cscript%3Ealert", "figure=x&cell=y", "company=" + "x" * 5000, "relevance=none",
]  # fmt: skip


def test_no_address_breaks_the_pages(planner: FlaskClient) -> None:
    for query in HOSTILE:
        for path in ("/planning", "/planning/rows", "/planning/export/interest.csv"):
            answer = planner.get(f"{path}?{query}")
            assert answer.status_code == 200, (path, query)
            assert b"<script>alert" not in answer.get_data()


def test_only_staff_get_in_and_every_look_is_recorded(
    planner: FlaskClient, app: Flask, database: Database, people: People
) -> None:
    for path in ("/planning", "/planning/rows", "/planning/export/interest.csv"):
        assert planner.get(path).status_code == 200
        assert app.test_client().get(path).headers["Location"].startswith("/login")
        for user in (people.member_user, people.company_admin_user):
            other = app.test_client()
            sign_in(other, user)
            assert other.get(path).status_code == 403
    with database.read() as session:
        found = [
            (event.action, event.user_label)
            for event in session.query(AuditEvent).filter(AuditEvent.action.like("report.%")).order_by(AuditEvent.id)
        ]
    assert found == [(f"report.{name}", "Clara Netz") for name in ("view", "rows", "export")]


def test_an_address_asks_the_same_question_again(app: Flask) -> None:
    arguments: Any = [
        ("by", "topic"),
        ("as_of", "2026-11-18"),
        ("topic", "a"),
        ("topic", "b"),
        ("all", "topic"),
        ("relevance", "must"),
    ]
    with app.test_request_context():
        first = asked_from(MultiDict(arguments))
        pairs = [
            (name, one) for name, value in first.args.items() for one in (value if isinstance(value, list) else [value])
        ]
        assert asked_from(MultiDict(pairs)).query == first.query


@ON_SQLITE
def test_the_matrices_show_each_cell_with_ways_to_its_rows(planner: FlaskClient) -> None:
    page = planner.get("/planning/matrix").get_data(as_text=True)
    assert table_under(page, "matrix")[1:] == [
        ["Recht", "15 + 15 2 Unternehmen 24 Plätze · + 9", "11 + 11 1 Unternehmen kein Platz", "26", "2", "24", "− 2", "+ 26"],
        ["Sicherheit", "15 + 15 2 Unternehmen 24 Plätze · + 9", "–", "15", "2", "24", "+ 9", "+ 15"],
        ["Summe", "15 + 15 2 Unternehmen 24 Plätze · + 9", "11 + 11 1 Unternehmen kein Platz", "26", "2", "24", "− 2", "+ 26"],
    ]  # fmt: skip
    for across in ("level", "region", "period"):
        shown = planner.get(f"/planning/matrix?across={across}").get_data(as_text=True)
        links = set(re.findall(r'href="(/planning/(?:rows|seats)\?[^"]*)"', shown))
        assert len(links) > 8
        for address in links:
            behind = planner.get(unescape(address)).get_data(as_text=True)
            assert not re.search("Keine (Angaben|Termine)", behind), address
        assert '<svg class="heat-map"' not in shown
        assert '<svg class="heat-map"' in planner.get(f"/planning/matrix?across={across}&picture=1").get_data(
            as_text=True
        )


@ON_SQLITE
def test_the_matrices_can_be_taken_away(planner: FlaskClient) -> None:
    book = openpyxl.load_workbook(io.BytesIO(planner.get("/planning/matrix.xlsx?since=2026-01-01").get_data()))
    assert book.sheetnames == [
        "Thema und Niveau", "Thema und Region", "Thema und Zeitraum", "Angaben", "Definitionen",
    ]  # fmt: skip
    assert ("Veränderung seit", "01.01.2026") in list(book["Angaben"].iter_rows(values_only=True))
    for across in ("level", "region", "period"):
        lines = planner.get(f"/planning/matrix/{across}.csv").get_data().decode("utf-8-sig").splitlines()
        assert lines[-1].startswith("Summe;Summe;26;2;24;1;-2;26")
        picture = planner.get(f"/planning/matrix/{across}.svg")
        assert picture.mimetype == "image/svg+xml"
        root = ElementTree.fromstring(picture.get_data())  # noqa: S314 - our own picture
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert {"Recht", "Sicherheit", "Summe"} <= {"".join(text.itertext()) for text in root.iter()}
    for address in ("matrix/farbe.csv", "matrix/level.exe", "seats.exe"):
        assert planner.get(f"/planning/{address}").status_code == 404


@ON_SQLITE
def test_the_picture_has_the_colours_of_the_page(planner: FlaskClient) -> None:
    tokens = (Path(__file__).resolve().parents[2] / "static/css/tokens.css").read_text(encoding="utf-8")
    heat = [re.search(rf"--mk-heat-{step}: light-dark\((#\w+)", tokens)[1] for step in range(1, 6)]  # type: ignore[index]
    picture = planner.get("/planning/matrix/level.svg").get_data(as_text=True)
    assert re.findall(r'<rect class="step-[1-5]"[^>]*height="14" fill="(#\w+)"', picture) == heat


@ON_SQLITE
def test_a_day_of_comparison_lies_before_the_day_of_the_report(planner: FlaskClient) -> None:
    for query in ("since=2999-01-01", "since=gestern", "as_of=2026-01-01&since=2026-01-01", "since=9999-99-99"):
        answer = planner.get(f"/planning/matrix?{query}")
        assert answer.status_code == 200
        assert "Diese Angabe konnte nicht benutzt werden." in answer.get_data(as_text=True)
    page = planner.get("/planning/matrix?as_of=2026-05-31").get_data(as_text=True)
    assert "Veränderung seit 28.02.2026" in page


@ON_SQLITE
def test_purposes_stand_side_by_side(planner: FlaskClient) -> None:
    page = planner.get("/planning/purposes").get_data(as_text=True)
    assert table_under(page, "ueberschneidung")[1:] == [
        ["Weiterbildung", "1", "Muster AG", "1"], ["Geschäftsidee", "1", "Beispiel GmbH", "1"],
    ]  # fmt: skip
    for address in set(LINKS.findall(page)):
        assert planner.get(unescape(address[0])).status_code == 200
    for query in ("", "?topic=gibt-es-nicht", "?as_of=2020-01-01", "?purpose=x"):
        assert planner.get(f"/planning/purposes{query}").status_code == 200
        assert planner.get(f"/planning/purposes.csv{query}").status_code == 200
    assert planner.get("/planning/purposes.exe").status_code == 404
