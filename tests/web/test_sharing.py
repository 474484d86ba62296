"""Passing modules on: what links show elsewhere, one address for each page, and PDF files for handing round."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfReader

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import (
    Measure,
    MeasureModule,
    Module,
    ModuleMerge,
    Provider,
    Run,
    RunState,
    Vocabulary,
    WorkflowState,
)
from catalogue.search import sync
from catalogue.services import pdf_pages
from catalogue.services.reports import today
from catalogue.settings import Settings
from tests import factories

BASE = "http://127.0.0.1:8000"
TITLE = "Zellen „bauen“ & prüfen – CO₂ <b>"
needs_pdf = pytest.mark.skipif(bool(pdf_pages.missing()), reason=pdf_pages.missing())


def fill(database: Database, app: Flask) -> None:
    with database.write() as session:
        provider = Provider(
            slug="slv", name="SLV Halle", sort_name="slv halle", place="Halle", contact_name="Frau Beispiel", contact_phone="0345 12345", website="https://slv.example",
        )  # fmt: skip
        topic = factories.make_term(session, Vocabulary.TOPIC, "zelle", "Zellfertigung")
        module = factories.make_module(
            session,
            TITLE,
            slug="zellen",
            provider=provider,
            summary='Wie "Zellen" entstehen.',
            terms=[topic],
            duration_minutes=480,
        )
        session.add(Run(module_id=module.id, starts_on=today() + timedelta(days=30), place="Jena"))
        session.add(
            Run(module_id=module.id, starts_on=today() + timedelta(days=40), place="Gera", state=RunState.CANCELLED)
        )
        factories.make_module(session, "Recht der Batterie", slug="recht")
        factories.make_module(session, "Entwurf", slug="entwurf", state=WorkflowState.DRAFT)
        old = factories.make_module(session, "Alt", slug="alt", state=WorkflowState.ARCHIVED, published_at=utcnow())
        merged = factories.make_module(session, "Weg", slug="weg", state=WorkflowState.ARCHIVED, published_at=utcnow())
        assert old.id != merged.id
        session.add(ModuleMerge(merged_id=merged.id, kept_id=module.id))
    sync.drain_quietly(database, app.extensions["search"])


def metas(page: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+|description)" content="([^"]*)"', page))


def canonical_of(client: FlaskClient, path: str) -> str:
    found = re.findall(r'<link rel="canonical" href="([^"]*)">', client.get(path).get_data(as_text=True))
    assert len(found) <= 1
    return found[0].replace("&amp;", "&") if found else ""


def test_the_link_of_a_module_says_elsewhere_what_it_is(client: FlaskClient, database: Database, app: Flask) -> None:
    fill(database, app)
    found = metas(client.get("/modules/zellen?back=/", headers={"Host": "evil.example"}).get_data(as_text=True))
    assert found["og:title"] == "Zellen „bauen“ &amp; prüfen – CO₂ &lt;b&gt;"
    assert found["og:description"] == found["description"] == "Wie &#34;Zellen&#34; entstehen."
    assert (found["og:type"], found["og:url"]) == ("article", f"{BASE}/modules/zellen")
    assert (found["og:locale"], found["og:locale:alternate"]) == ("de_DE", "en_GB")
    assert (found["og:site_name"], found["twitter:card"]) == ("Modulkatalog BatterieMD", "summary_large_image")
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert "SLV Halle. 8 Stunden" in found["og:image:alt"]
    assert found["og:image"].startswith(f"{BASE}/modules/zellen.png?v=")
    assert client.get(found["og:image"].removeprefix(BASE)).mimetype == "image/png"
    for path in ("/", "/providers/slv", "/providers", "/imprint", "/modules/alt"):
        found = metas(client.get(path).get_data(as_text=True))
        assert found["og:title"], path
        assert found["og:description"], path
        assert found["og:image"].startswith(f"{BASE}/preview.png?v="), path
    titles = {
        path: metas(client.get(path).get_data(as_text=True))["og:title"] for path in ("/", "/?q=zelle", "/?topic=zelle")
    }
    assert titles == {
        "/": "Modulkatalog BatterieMD",
        "/?q=zelle": "Module zu „zelle“",
        "/?topic=zelle": "Zellfertigung",
    }
    assert client.get("/preview.png").mimetype == "image/png"
    for path in ("/login", "/modules/gibt-es-nicht", "/modules/entwurf", "/compare"):
        assert "og:" not in client.get(path).get_data(as_text=True), path


def test_a_picture_may_be_shown_on_other_sites_and_is_drawn_once(
    client: FlaskClient, database: Database, app: Flask, settings: Settings
) -> None:
    fill(database, app)
    answer = client.get("/modules/zellen.png")
    image = Image.open(io.BytesIO(answer.data))
    assert (image.size, image.mode, image.format) == ((1200, 630), "P", "PNG")
    assert len(answer.data) < 60_000
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert not answer.headers.getlist("Set-Cookie")
    again = client.get("/modules/zellen.png", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    kept = [path for path in (settings.state / "made").iterdir() if path.suffix == ".png"]
    assert [path.read_bytes() for path in kept] == [answer.data]
    with database.write() as session:
        session.query(Module).filter_by(slug="zellen").one().title = "Anders"
    assert client.get("/modules/zellen.png").headers["ETag"] != answer.headers["ETag"]
    for slug in ("entwurf", "alt", "gibt-es-nicht"):
        assert client.get(f"/modules/{slug}.png").status_code == 404
        assert client.get(f"/modules/{slug}.pdf").status_code == 404


ONE_ADDRESS = {
    "/": "/",
    "/?q=zelle&sort=title&utm_source=x&m=recht&view=table&back=/": "/?q=zelle",
    "/?topic=zelle&q=&per_page=50&page=2": "/?topic=zelle",
    "/?page=1&fbclid=1": "/",
    "/?page=3": "/?page=3",
    "/?page=3&sort=title": "/",
    "/runs?topic=zelle&view=month&month=2026-12": "/runs?topic=zelle",
    "/modules/zellen?back=/runs&_external=1": "/modules/zellen",
    "/providers/slv?back=/": "/providers/slv",
}


def test_each_public_page_has_one_address(client: FlaskClient, database: Database, app: Flask) -> None:
    fill(database, app)
    assert {path: canonical_of(client, path) for path in ONE_ADDRESS} == {
        path: BASE + address for path, address in ONE_ADDRESS.items()
    }
    assert canonical_of(client, "/login?next=/") == ""


def test_every_address_of_a_merged_module_leads_to_the_one_that_stays(
    client: FlaskClient, database: Database, app: Flask
) -> None:
    fill(database, app)
    for ending in ("", ".pdf", ".png", ".amb.json", "/runs.ics"):
        answer = client.get(f"/modules/weg{ending}?v=1")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/modules/zellen{ending}?v=1")


def test_the_print_view_holds_the_chosen_modules_and_nothing_else(
    client: FlaskClient, database: Database, app: Flask
) -> None:
    fill(database, app)
    page = client.get("/print?m=recht&m=weg&m=entwurf&m=alt&m=zellen").get_data(as_text=True)
    assert re.findall(r'<section class="module" id="m-(\w+)"', page) == ["recht", "zellen"]
    assert re.findall(r'<li><a href="#m-(\w+)"', page) == ["recht", "zellen"]
    assert "Frau Beispiel" in page
    assert "0345 12345" in page
    assert "Jena" in page
    assert "Gera" not in page
    assert f'href="{BASE}/modules/zellen"' in page
    assert "CO₂ &lt;b&gt;" in page
    assert page.count('<svg class="qr"') == 2
    found = client.get("/print?topic=zelle").get_data(as_text=True)
    assert re.findall(r'<section class="module" id="m-(\w+)"', found) == ["zellen"]
    assert "Zellfertigung" in found
    assert client.get("/print?m=entwurf").status_code == 404
    assert client.get("/print?q=gibtesnichtxyz").status_code == 404
    assert client.get("/print?measure=gibt-es-nicht").status_code == 404
    assert client.get("/modules.pdf?of=ticked").status_code == 404
    assert 'name="of" value="ticked" formaction="/modules.pdf"' in client.get("/").get_data(as_text=True)


def test_a_measure_is_handed_round_in_the_order_of_learning(
    client: FlaskClient, database: Database, app: Flask
) -> None:
    fill(database, app)
    with database.write() as session:
        measure = Measure(slug="reihe", title="Reihe", sort_title="reihe", state=WorkflowState.PUBLISHED)
        for position, slug in enumerate(("recht", "zellen", "entwurf")):
            module = session.query(Module).filter_by(slug=slug).one()
            measure.parts.append(MeasureModule(module=module, position=position))
        session.add(measure)
    page = client.get("/print?measure=reihe").get_data(as_text=True)
    assert "<h1>Reihe</h1>" in page
    assert re.findall(r'<section class="module" id="m-(\w+)"', page) == ["recht", "zellen"]
    assert 'href="/modules.pdf?measure=reihe"' in client.get("/measures/reihe").get_data(as_text=True)


@needs_pdf
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # it takes a second, and no database changes it
def test_a_selection_is_one_tagged_pdf_with_contents_and_bookmarks(
    client: FlaskClient, database: Database, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, app)
    answer = client.get("/modules.pdf?m=zellen&m=recht")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    reader = PdfReader(io.BytesIO(answer.data))
    catalog = reader.root_object
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "de"
    assert "pdfuaid" in catalog["/Metadata"].get_object().get_data().decode()
    assert reader.metadata is not None
    assert reader.metadata.title == "Auswahl aus dem Modulkatalog – Modulkatalog BatterieMD"
    titles = [item.title for item in reader.outline[0:1]] if not isinstance(reader.outline[0], list) else []
    assert titles == ["Auswahl aus dem Modulkatalog"]
    under = [item.title for item in reader.outline[1] if not isinstance(item, list)]
    assert under == ["Inhalt", TITLE, "Recht der Batterie"]
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) == 3
    assert "Recht der Batterie" in texts[0]
    assert "CO₂" in texts[1]
    assert "Jena" in texts[1]
    monkeypatch.setattr(pdf_pages, "pdf", None)  # the second time nothing is made
    assert client.get("/modules.pdf?m=zellen&m=recht").data == answer.data
    same = client.get("/modules.pdf?m=zellen&m=recht", headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304


@needs_pdf
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_one_module_begins_on_the_first_page(client: FlaskClient, database: Database, app: Flask) -> None:
    fill(database, app)
    pages = PdfReader(io.BytesIO(client.get("/modules/zellen.pdf").data)).pages
    assert [TITLE in page.extract_text().replace("\n", " ") for page in pages] == [True]


def test_without_the_program_for_pdf_there_is_the_print_view(
    client: FlaskClient, database: Database, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, app)
    monkeypatch.setattr(pdf_pages, "missing", lambda: "not here")
    for path, target in (
        ("/modules.pdf?m=zellen&m=recht&_scheme=x&endpoint=y", "/print?m=zellen&m=recht"),
        ("/modules/zellen.pdf", "/print?m=zellen"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, target)
    assert "Drucken Sie die Seite aus dem Browser." in client.get("/print?m=zellen").get_data(as_text=True)


def test_who_asks_for_many_pdf_files_is_told_to_wait(settings: Settings) -> None:
    hasty = create_app(replace(settings, rate_limits=True)).test_client()
    answers = [hasty.get("/modules/gibt-es-nicht.pdf") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
