"""Modules for other catalogues: public, cacheable, and nothing of drafts or archives."""

import json

from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import WorkflowState
from tests import factories


def fill(database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Zellen bauen", slug="zellen", provider_text="Akademie")
        factories.make_module(session, "Entwurf", slug="entwurf", state=WorkflowState.DRAFT)
        factories.make_module(session, "Alt", slug="alt", state=WorkflowState.ARCHIVED)


def test_a_published_module_is_told_as_amb_and_its_page_leads_there(client: FlaskClient, database: Database) -> None:
    fill(database)
    answer = client.get("/modules/zellen.amb.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/ld+json")
    assert json.loads(answer.data)["name"] == "Zellen bauen"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert not answer.headers.getlist("Set-Cookie")
    again = client.get("/modules/zellen.amb.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    page = client.get("/modules/zellen")
    assert page.headers["Link"] == '</modules/zellen.amb.json>; rel="describedby"; type="application/ld+json"'
    assert '<link rel="describedby" type="application/ld+json" href="/modules/zellen.amb.json">' in page.get_data(
        as_text=True
    )
    assert '<script type="application/ld+json">{"@context": "https://schema.org"' in page.get_data(as_text=True)
    for slug in ("entwurf", "alt", "gibt-es-nicht"):
        assert client.get(f"/modules/{slug}.amb.json").status_code == 404


def test_moochub_lists_what_is_published_page_by_page(client: FlaskClient, database: Database) -> None:
    fill(database)
    answer = client.get("/bridges/moochub/courses")
    assert answer.headers["Content-Type"] == "application/vnd.api+json; moochub-version=3.0"
    assert [one["attributes"]["name"] for one in json.loads(answer.data)["data"]] == ["Zellen bauen"]
    unknown = client.get(
        "/bridges/moochub/courses", headers={"Accept": "application/vnd.api+json; moochub-version=1.0"}
    )
    assert (unknown.status_code, unknown.mimetype, json.loads(unknown.data)["status"]) == (
        406,
        "application/problem+json",
        406,
    )
    behind = client.get("/bridges/moochub/courses?page=2")
    assert (behind.status_code, behind.mimetype) == (404, "application/problem+json")
