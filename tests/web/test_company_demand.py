"""Staff enter what a company said: source once, many rows, edit, withdraw with undo; the company answers."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, Demand, DemandEvent, Module
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE
YESTERDAY = (utcnow() - timedelta(days=1)).date().isoformat()


@pytest.fixture
def modules(database: Database, people: People) -> list[Module]:
    with database.write() as session:
        return [factories.make_module(session, title) for title in ("Zellprüfung", "Packmontage")]


@pytest.fixture
def staff(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.curator_user)
    return client


def address(people: People, rest: str = "") -> str:
    return f"/companies/{people.company.slug}/demand{rest}"


def choose_source(staff: FlaskClient, people: People) -> None:
    answer = post(staff, address(people, "/source"), {"source": "visit", "source_date": YESTERDAY})
    assert answer.status_code == 303


def rows(*said: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"module": [one["slug"] for one in said]}
    for one in said:
        given = {"confidentiality": "network", "version": 0, **one}
        values |= {f"{one['slug']}-{name}": value for name, value in given.items() if name != "slug"}
    return values


def stored(database: Database) -> dict[str, Demand]:
    with database.read() as session:
        found = session.execute(select(Module.slug, Demand).join(Demand, Demand.module_id == Module.id))
        return {row[0]: row[1] for row in found}


def test_many_marks_are_entered_with_one_source(
    staff: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    choose_source(staff, people)
    page = staff.get(address(people), query_string={"q": "Zellprüfung"}).get_data(as_text=True)
    assert "Besuch vom" in page
    assert 'name="zellpruefung-relevance"' in page
    first = {"slug": "zellpruefung", "relevance": "must", "people": "6", "period": "2027-Q1", "purpose": ["training"]}
    answer = post(staff, address(people), rows(first, {"slug": "packmontage", "relevance": ""}))
    assert answer.status_code == 303
    found = stored(database)
    assert list(found) == ["zellpruefung"]
    one = found["zellpruefung"]
    assert (one.relevance, one.people, one.purposes, one.source, str(one.source_date)) == (
        "must", 6, ["training"], "visit", YESTERDAY,
    )  # fmt: skip
    listed = staff.get(address(people)).get_data(as_text=True)
    assert "nicht bestätigt" in listed
    assert "Zellprüfung" in listed


def test_the_same_row_again_changes_nothing_and_a_changed_one_keeps_the_note(
    staff: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    choose_source(staff, people)
    post(staff, address(people), rows({"slug": "zellpruefung", "relevance": "must", "people": "6"}))
    with database.write() as session:
        session.scalars(select(Demand)).one().note = "zwei Schichten"
    version = stored(database)["zellpruefung"].version
    post(staff, address(people, "/source"), {"source": "call", "source_date": YESTERDAY})
    same = {"slug": "zellpruefung", "relevance": "must", "people": "6", "version": version}
    post(staff, address(people), rows(same))
    assert stored(database)["zellpruefung"].source == "visit"
    post(staff, address(people), rows(same | {"people": "7"}))
    one = stored(database)["zellpruefung"]
    assert (one.people, one.source, one.note) == (7, "call", "zwei Schichten")


def test_a_wrong_row_saves_none_and_says_where(
    staff: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    choose_source(staff, people)
    good, bad = {"slug": "zellpruefung", "relevance": "must"}, {"slug": "packmontage", "relevance": "must"}
    for wrong in ("sechs", "0", "999999"):
        answer = post(staff, address(people), rows(good, bad | {"people": wrong}))
        assert answer.status_code == 422
        assert "zum Beispiel 6" in answer.get_data(as_text=True)
    answer = post(staff, address(people), rows(good, bad | {"version": 3}))
    assert answer.status_code == 409
    assert stored(database) == {}


def test_nothing_is_entered_without_a_source(staff: FlaskClient, people: People, modules: list[Module]) -> None:
    answer = post(staff, address(people), rows({"slug": "zellpruefung", "relevance": "must"}), follow_redirects=True)
    assert "Wählen Sie zuerst, woher Sie das wissen." in answer.get_data(as_text=True)
    tomorrow = (utcnow() + timedelta(days=2)).date().isoformat()
    answer = post(staff, address(people, "/source"), {"source": "visit", "source_date": tomorrow})
    assert answer.status_code == 422


def test_withdrawing_has_an_undo_and_everything_stands_in_the_history(
    staff: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    choose_source(staff, people)
    post(staff, address(people), rows({"slug": "zellpruefung", "relevance": "must", "people": "4"}))
    post(staff, address(people), rows({"slug": "zellpruefung", "relevance": "must", "people": "6", "version": 1}))
    post(staff, address(people, "/zellpruefung/withdraw"))
    one = stored(database)["zellpruefung"]
    assert one.withdrawn_at is not None
    post(staff, address(people, f"/zellpruefung/undo?version={one.version}"))
    assert stored(database)["zellpruefung"].withdrawn_at is None
    page = staff.get(address(people, "/zellpruefung/history")).get_data(as_text=True)
    assert "<del>4</del> auf <ins>6 Personen</ins>" in page
    assert "zurückgezogen" in page
    assert "rückgängig gemacht" in page
    with database.read() as session:
        assert list(session.scalars(select(DemandEvent.action).order_by(DemandEvent.id))) == [
            "marked", "changed", "withdrawn", "restored",
        ]  # fmt: skip
        seen = select(AuditEvent).where(AuditEvent.action == "demand.viewed", AuditEvent.thing == "company")
        assert session.scalars(seen).all()


def test_a_refusal_reaches_staff_until_they_have_read_it(
    staff: FlaskClient, people: People, modules: list[Module], database: Database, app: Any
) -> None:
    choose_source(staff, people)
    post(staff, address(people), rows({"slug": "zellpruefung", "relevance": "must", "people": "4"}))
    company = app.test_client()
    sign_in(company, people.member_user)
    assert "Bitte bestätigen" in company.get("/company").get_data(as_text=True)
    assert post(company, "/modules/zellpruefung/demand/refuse", {"reason": ""}).status_code == 422
    answer = post(company, "/modules/zellpruefung/demand/refuse", {"reason": "Eigene Prüfer", "version": 1})
    assert answer.status_code == 303
    assert "Grund: Eigene Prüfer" in company.get("/modules/zellpruefung/demand/history").get_data(as_text=True)
    listed = staff.get("/curation/demand/refused").get_data(as_text=True)
    assert "Eigene Prüfer" in listed
    assert people.company.name in listed
    post(staff, f"/curation/demand/refused/{stored(database)['zellpruefung'].id}/read")
    assert "Eigene Prüfer" not in staff.get("/curation/demand/refused").get_data(as_text=True)
    assert "Eigene Prüfer" in staff.get(address(people, "?show=withdrawn")).get_data(as_text=True)


def test_the_first_person_of_a_company_finds_what_waits(
    staff: FlaskClient, modules: list[Module], database: Database, app: Any
) -> None:
    with database.write() as session:
        company = factories.make_company(session, "Ohne Konto GmbH")
    listed = staff.get("/admin/companies").get_data(as_text=True)
    assert "/companies/ohne-konto-gmbh/demand" in listed
    post(staff, "/companies/ohne-konto-gmbh/demand/source", {"source": "call", "source_date": YESTERDAY})
    said = [{"slug": slug, "relevance": "should"} for slug in ("zellpruefung", "packmontage")]
    post(staff, "/companies/ohne-konto-gmbh/demand", rows(*said))
    with database.write() as session:
        first = factories.make_user(session, company=company)
    visitor = app.test_client()
    sign_in(visitor, first)
    page = visitor.get("/company").get_data(as_text=True)
    assert "Zellprüfung" in page
    assert "Packmontage" in page
    assert "Alles stimmt so" in page
    post(visitor, "/company/confirm-entered")
    assert all(one.confirmed_at for one in stored(database).values())
