"""Modules for other catalogues: public, cacheable, and nothing of drafts or archives."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sickle import Sickle
from werkzeug.serving import make_server

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import Run, Vocabulary, WorkflowState
from catalogue.paths import resources
from catalogue.search import sync
from catalogue.services import documents, loading
from catalogue.services.exchange import oai, sitemap
from catalogue.services.permissions import SYSTEM
from catalogue.services.reports import today
from catalogue.settings import Settings
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


ATOM = "{http://www.w3.org/2005/Atom}"


def test_any_search_is_a_feed_of_its_newest_modules(client: FlaskClient, database: Database, app: Flask) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "zelle", "Zellfertigung")
        for day, title in ((1, "Zellen stapeln"), (3, "Zellen füllen & \u0001 prüfen"), (2, "Recht")):
            factories.make_module(
                session, title, slug=f"m{day}", terms=[topic] if day != 2 else [], published_at=datetime(2026, 5, day, tzinfo=UTC), summary="<b>kurz</b>",
            )  # fmt: skip
    sync.drain_quietly(database, app.extensions["search"])
    answer = client.get("/modules.atom?q=zellen&page=7&sort=title")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.data)  # noqa: S314 - our own
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Zellen füllen &  prüfen", "Zellen stapeln"]
    assert entries[0].findtext(f"{ATOM}id", "").startswith("urn:uuid:")
    assert [one.get("term") for one in entries[0].findall(f"{ATOM}category")] == ["zelle"]
    assert feed.findtext(f"{ATOM}id") == "http://127.0.0.1:8000/modules.atom?q=zellen"
    assert client.get("/modules.atom?q=zellen", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert 'href="/modules.atom?q=zellen"' in client.get("/?q=zellen&sort=title").get_data(as_text=True)


def test_a_search_is_a_calendar_of_its_modules_runs(client: FlaskClient, database: Database, app: Flask) -> None:
    with database.write() as session:
        for slug, title in (("zellen", "Zellen stapeln"), ("recht", "Recht")):
            module = factories.make_module(session, title, slug=slug)
            session.add(Run(module_id=module.id, starts_on=today() + timedelta(days=30), place="Jena"))
            session.add(Run(module_id=module.id, starts_on=today() - timedelta(days=400), place="Jena"))
    sync.drain_quietly(database, app.extensions["search"])
    answer = client.get("/modules.ics?q=zellen")
    assert answer.mimetype == "text/calendar"
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Zellen stapeln"]


def test_the_site_map_and_the_rules_for_robots_name_public_pages_only(client: FlaskClient, database: Database) -> None:
    fill(database)
    tree = ElementTree.fromstring(client.get("/sitemap.xml").data)  # noqa: S314 - our own
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    found = {url.findtext(f"{space}loc"): url.findtext(f"{space}lastmod") for url in tree.findall(f"{space}url")}
    assert found == {"http://127.0.0.1:8000/modules/zellen": utcnow().date().isoformat()}
    rules = client.get("/robots.txt").get_data(as_text=True)
    robot = RobotFileParser()
    robot.parse(rules.splitlines())
    assert robot.site_maps() == ["http://127.0.0.1:8000/sitemap.xml"]
    assert robot.can_fetch("*", "/modules/zellen")
    assert not any(robot.can_fetch("*", path) for path in ("/company", "/planning", "/admin/users", "/api/v1/modules"))


def test_an_independent_client_harvests_everything(
    app: Flask, client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oai, "PER_PAGE", 7)
    with database.write() as session:
        loading.load(session, SYSTEM, documents.read(resources("data/modules")))
        factories.make_module(session, "Alt", slug="alt", state=WorkflowState.ARCHIVED, published_at=utcnow())
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for method in ("GET", "POST"):
            harvester = Sickle(f"http://127.0.0.1:{server.port}/oai", http_method=method)
            assert harvester.Identify().protocolVersion == "2.0"
            records = list(harvester.ListRecords(metadataPrefix="oai_dc"))
            assert len({record.header.identifier for record in records}) == 111
            assert [record.header.deleted for record in records].count(True) == 1
            titles = {record.metadata["title"][0] for record in records if not record.header.deleted}
            assert len(titles) > 100
        assert len(list(Sickle(f"http://127.0.0.1:{server.port}/oai").ListRecords(metadataPrefix="rdf"))) == 111
        server.shutdown()


def test_harvesters_that_ask_too_fast_are_told_to_wait(settings: Settings) -> None:
    hasty = create_app(replace(settings, rate_limits=True)).test_client()
    answers = [hasty.get("/oai?verb=Identify") for _ in range(62)]
    assert [answer.status_code for answer in answers].count(429) == 2
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].headers["Cache-Control"] == "no-store"


def test_feeds_are_in_one_language_because_caches_share_them(
    client: FlaskClient, database: Database, app: Flask
) -> None:
    fill(database)
    sync.drain_quietly(database, app.extensions["search"])
    german = [client.get(path).data for path in ("/modules.atom", "/modules.ics", "/modules.atom?q=zellen")]
    client.set_cookie("language", "en")
    assert [client.get(path).data for path in ("/modules.atom", "/modules.ics", "/modules.atom?q=zellen")] == german


def test_calendars_are_not_sent_again_to_who_has_them(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        module = factories.make_module(session, "Zellen stapeln", slug="zellen")
        run = Run(module_id=module.id, starts_on=today() + timedelta(days=30), place="Jena")
        session.add(run)
        session.flush()
    for path in ("/runs.ics", f"/runs/{run.id}.ics", "/modules/zellen/runs.ics", "/modules.ics"):
        answer = client.get(path)
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (answer.status_code, again.status_code, again.data) == (200, 304, b""), path


def test_a_site_map_that_grows_too_long_is_parted(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        for number in range(5):
            factories.make_module(session, f"Modul {number}", slug=f"m{number}")
    monkeypatch.setattr(sitemap, "MOST", 2)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    index = ElementTree.fromstring(client.get("/sitemap.xml").data)  # noqa: S314 - our own
    parts = [one.findtext(f"{space}loc") or "" for one in index.findall(f"{space}sitemap")]
    assert parts == [f"http://127.0.0.1:8000/sitemap-{number}.xml" for number in (1, 2, 3)]
    listed = []
    for part in parts:
        answer = client.get(part.removeprefix("http://127.0.0.1:8000"))
        urls = ElementTree.fromstring(answer.data).findall(f"{space}url")  # noqa: S314 - our own
        assert 1 <= len(urls) <= 2
        listed += [(url.findtext(f"{space}loc") or "").rpartition("/")[2] for url in urls]
    assert sorted(listed) == [f"m{number}" for number in range(5)]
    for path in ("/sitemap-0.xml", "/sitemap-4.xml", "/sitemap-x.xml"):
        assert client.get(path).status_code == 404
