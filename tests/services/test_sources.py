"""Sources are read from a real server, checked like any other list, and never bring in what nobody can take back."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from catalogue.db import Database, utcnow
from catalogue.models import (
    ImportFile,
    ImportRun,
    ImportState,
    Module,
    Provider,
    RowKind,
    Source,
    SourceInterval,
    SourceKind,
    SourceOutcome,
    SourceRun,
)
from catalogue.search.index import SearchIndex
from catalogue.services import fetching, source_runs, sources, worklist
from catalogue.services.errors import Conflict, Invalid, NotAllowed, Stale
from catalogue.services.sources import SourceInput
from catalogue.settings import Settings
from catalogue.texts import Text
from tests.conftest import People
from tests.services.lists import Desk, csv_file
from tests.websites import Page, Website, website

LIST = csv_file("Kürzel;Titel;Ort;Link", "Z-1;Zellchemie;Jena;", "Z-2;Löten;Erfurt;")


@pytest.fixture(scope="module")
def server() -> Iterator[Website]:
    with website() as site:
        yield site


@pytest.fixture
def site(server: Website) -> Website:
    server.pages.clear()
    server.asked.clear()
    return server


class Office(Desk):
    """A desk that also looks at sources."""

    people: People
    site: Website

    def source(self, path: str = "/liste.csv", kind: SourceKind = SourceKind.CSV, **values: Any) -> Source:
        given = SourceInput("Akademie Nord", self.site.url + path, kind, SourceInterval.DAILY, automatic=True)
        with self.database.write() as session:
            return sources.create(session, self.actor, replace(given, **values))

    def run(self, source: Source, *, test: bool = False, **settings: Any) -> SourceRun:
        wanted = replace(self.settings, **settings)
        return source_runs.run(self.database, wanted, self.index, self.actor, source.id, test=test)

    def again(self, source: Source) -> Source:
        with self.database.read() as session:
            return sources.get(session, self.actor, source.id)

    def modules(self) -> dict[str, str]:
        with self.database.read() as session:
            return {one.title: one.state.value for one in session.scalars(sa.select(Module).order_by(Module.title))}


@pytest.fixture
def office(database: Database, settings: Settings, index: SearchIndex, people: People, site: Website) -> Office:
    office = Office(database, replace(settings, source_private=True), index, people.curator)
    office.people, office.site = people, site
    return office


def told(run: SourceRun) -> tuple[Any, ...]:
    """Outcome and counts: new, changed, unchanged, wrong, vanished."""
    return run.outcome, *(run.counts.get(kind.value) for kind in RowKind)


def why(run: SourceRun) -> str:
    assert run.outcome == SourceOutcome.FAILED, (run.outcome, run.counts)
    return str(Text(run.problem["message"], run.problem["params"]))


def page_of(*things: Any) -> Page:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in things)
    return Page(f"<!doctype html><html><head>{scripts}</head></html>".encode(), "text/html; charset=utf-8")


def test_a_csv_list_comes_in_as_drafts_and_the_second_time_nothing_is_new(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST)
    source = office.source()
    run = office.run(source)
    assert told(run) == (SourceOutcome.APPLIED, 2, 0, 0, 0, 0)
    assert office.modules() == {"Löten": "draft", "Zellchemie": "draft"}
    second = office.run(source)
    assert told(second) == (SourceOutcome.UNCHANGED, 0, 0, 2, 0, 0)
    assert second.import_run is None  # nothing to look at is not kept
    site.pages["/liste.csv"] = Page(LIST.replace(b"Jena", b"Gera").replace(b"Zellchemie", b"Zellchemie 2"))
    assert told(office.run(source)) == (SourceOutcome.APPLIED, 0, 1, 1, 0, 0)
    assert office.says("zellchemie").place_text == "Gera"


def test_our_own_format_keeps_what_it_does_not_name(office: Office, site: Website) -> None:
    office.vocabulary()
    entry = {"slug": "zm", "title": "Zellmontage", "terms": {"topic": ["pack"]}, "price_amount": "490.50", "dqr": 4}
    wrong = {"slug": "falsch", "title": "Falsch", "dqr": "viel", "farbe": "rot"}
    site.pages["/module.json"] = Page(json.dumps({"as_of": "2026-11-01", "modules": [entry, wrong]}).encode())
    source = office.source("/module.json", SourceKind.JSON, provider="akademie-nord")
    run = office.run(source)
    assert told(run) == (SourceOutcome.APPLIED, 1, 0, 0, 1, 0)
    said = office.says("zm")
    assert (said.provider, dict(said.terms), str(said.price_amount), said.dqr) == ("akademie-nord", {"topic": ("pack",)}, "490.50", 4)  # fmt: skip
    assert run.import_run
    (row,) = office.rows(run.import_run, RowKind.WRONG)
    assert row.errors[0]["cell"] == "#2"
    assert "Muss eine ganze Zahl sein." in row.errors[0]["params"]["sentence"]
    office.edit("zm", place_text="Jena")  # the source says nothing about the place
    site.pages["/module.json"] = Page(json.dumps({"as_of": "2026-11-01", "modules": [entry]}).encode())
    assert told(office.run(source)) == (SourceOutcome.UNCHANGED, 0, 0, 1, 0, 0)
    assert office.says("zm").place_text == "Jena"


def test_lists_of_offers_are_read_as_loading_reads_them(office: Office, site: Website) -> None:
    office.vocabulary()
    offer = {"id": "x1", "title": "Packmontage", "provider": "Akademie Süd", "project": "BatterieMD", "duration": "2 Tage", "topic_facts": ["Schrauben"]}  # fmt: skip
    site.pages["/liste.json"] = Page(json.dumps([offer]).encode())
    source = office.source("/liste.json", SourceKind.JSON)
    assert told(office.run(source)) == (SourceOutcome.APPLIED, 1, 0, 0, 0, 0)
    said = office.says("x1")
    assert (said.provider, said.programme, said.contents) == ("akademie-sued", "batteriemd", ("Schrauben",))
    assert told(office.run(source)) == (SourceOutcome.UNCHANGED, 0, 0, 1, 0, 0)


COURSE = {
    "@context": "https://schema.org", "@type": "Course", "@id": "/kurs/101", "name": "Zellfertigung &amp; Formierung",
    "description": "<p>Grundlagen.</p><ul><li>Mischen</li><li>Beschichten</li></ul>", "provider": {"@id": "#akademie"},
    "timeRequired": "PT16H", "inLanguage": "de-DE", "teaches": ["Zellen stapeln"],
    "offers": {"@type": "Offer", "price": "1.490,00", "priceCurrency": "EUR"}, "coursePrerequisites": {"@type": "Course", "name": "Grundkurs"},
    "hasCourseInstance": {"@type": "CourseInstance", "courseMode": "Onsite", "startDate": "2027-03-02",
                          "location": {"@type": "Place", "name": "Halle 3", "address": {"addressLocality": "Jena"}}},
}  # fmt: skip


def test_a_page_with_a_course_says_what_schema_org_can_say(office: Office, site: Website) -> None:
    office.vocabulary()
    organisation = {"@type": "Organization", "@id": "#akademie", "name": "Akademie Nord"}
    site.pages["/kurse"] = page_of({"@graph": [organisation, COURSE]})
    source = office.source("/kurse", SourceKind.PAGE)
    run = office.run(source)
    assert told(run) == (SourceOutcome.APPLIED, 1, 0, 0, 0, 0)
    assert [note["message"] for note in run.notes] == ["Die Seite nennt Termine. Termine werden nicht übernommen."]
    said = office.says("zellfertigung-formierung")
    assert said.title == "Zellfertigung & Formierung"
    assert said.description == "Grundlagen.\n\n- Mischen\n- Beschichten"
    assert said.summary == "Grundlagen. Mischen; Beschichten"
    assert (said.provider, said.languages, said.objectives) == ("akademie-nord", ("de",), ("Zellen stapeln",))
    assert (said.duration_text, said.duration_minutes) == ("16 Stunden", 960)
    assert (said.price_text, str(said.price_amount)) == ("1.490 EUR", "1490.00")
    assert (said.format_text, said.place_text, said.prerequisites) == ("Präsenz", "Halle 3, Jena", "Grundkurs")
    assert said.source_url == f"{site.url}/kurs/101"
    renamed = COURSE | {"name": "Zellfertigung neu"}
    site.pages["/kurse"] = page_of({"@graph": [organisation, renamed]})
    assert told(office.run(source)) == (SourceOutcome.APPLIED, 0, 1, 0, 0, 0)  # found by its @id
    assert list(office.modules()) == ["Zellfertigung neu"]


def test_a_list_of_links_is_followed_on_the_same_server_only(office: Office, site: Website) -> None:
    links = ["/a", f"{site.url}/b", "https://andere.example/c"]
    entries = [{"@type": "ListItem", "position": place, "url": link} for place, link in enumerate(links)]
    site.pages["/kurse"] = page_of({"@type": "ItemList", "itemListElement": entries})
    site.pages["/a"], site.pages["/b"] = page_of({"@type": "Course", "name": "Eins"}), Page(b"<p>nichts", "text/html")
    run = office.run(office.source("/kurse", SourceKind.PAGE))
    assert told(run) == (SourceOutcome.APPLIED, 1, 0, 0, 0, 0)
    assert office.says("eins").source_url == f"{site.url}/a"
    assert run.notes[0]["params"] == {"url": f"{site.url}/b"}
    assert [path for path, _ in site.asked] == ["/kurse", "/a", "/b"]


def test_what_is_unchanged_is_not_sent_again_until_there_is_something_to_do(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST, headers={"ETag": '"v1"'})
    source = office.source()
    first = office.run(source)
    for _ in range(2):
        run = office.run(source)
        assert (run.outcome, run.status, run.counts) == (SourceOutcome.UNCHANGED, 304, {})
    assert first.import_run
    office.undo(first.import_run)
    run = office.run(source)  # taken back: everything is asked for again, and nothing comes back by itself
    assert (run.status, run.outcome, run.counts["new"]) == (200, SourceOutcome.WAITING, 2)
    assert set(office.modules().values()) == {"archived"}


def test_what_is_gone_from_a_source_is_named_and_stays_and_a_run_can_be_undone(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST)
    source = office.source()
    office.run(source)
    site.pages["/liste.csv"] = Page(csv_file("Kürzel;Titel;Ort", "Z-1;Zellchemie;Gera"))
    run = office.run(source)
    assert told(run) == (SourceOutcome.APPLIED, 0, 1, 0, 0, 1)
    assert run.import_run
    assert [row.label for row in office.rows(run.import_run, RowKind.VANISHED)] == ["Löten"]
    assert office.modules() == {"Löten": "draft", "Zellchemie": "draft"}
    office.undo(run.import_run)
    assert office.says("zellchemie").place_text == "Jena"


def test_without_leave_a_source_waits_and_a_test_changes_nothing(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST)
    source = office.source(automatic=False)
    assert told(office.run(source, test=True)) == (SourceOutcome.WAITING, 2, 0, 0, 0, 0)
    assert office.again(source).due_at is not None
    assert office.modules() == {}
    run = office.run(source)
    with office.database.read() as session:
        assert sources.waiting(session) == 1
        assert worklist.counts(session, office.actor).imports == 0
        assert sources.listing(session, office.actor, "waiting")[0].source.id == source.id
        states = session.scalars(sa.select(ImportRun.state).order_by(ImportRun.created_at)).all()
    assert states == [ImportState.CHECKED]  # the newer list stands for the older one
    assert run.import_run
    office.apply(run.import_run)
    assert office.modules() == {"Löten": "draft", "Zellchemie": "draft"}
    with office.database.read() as session:
        assert sources.waiting(session) == 0


def test_what_staff_edited_or_locked_is_not_overwritten(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST)
    source = office.source()
    office.run(source)
    office.edit("loeten", place_text="Suhl")
    site.pages["/liste.csv"] = Page(LIST.replace(b"Erfurt", b"Weimar"))
    run = office.run(source)
    assert told(run) == (SourceOutcome.UNCHANGED, 0, 1, 1, 0, 0)  # the difference is shown, not taken
    assert office.says("loeten").place_text == "Suhl"


def test_identity_is_the_address_where_a_list_has_no_codes(office: Office, site: Website) -> None:
    def rows(*titles: str) -> Page:
        return Page(csv_file("Titel;Link", *(f"{title};https://a.example/{n}" for n, title in enumerate(titles))))

    site.pages["/liste.csv"] = rows("Eins", "Zwei")
    source = office.source()
    office.run(source)
    site.pages["/liste.csv"] = rows("Eins", "Zwei, neu gefasst")
    assert told(office.run(source)) == (SourceOutcome.APPLIED, 0, 1, 1, 0, 0)
    site.pages["/liste.csv"] = Page(csv_file("Titel;Link", "Eins;https://a.example/", "Vier;https://a.example/"))
    assert told(office.run(source))[1:] == (2, 0, 0, 0, 2)  # one address for all says nothing


def test_columns_are_assigned_once_and_providers_filled_in(office: Office, site: Website) -> None:
    office.vocabulary()
    site.pages["/liste.csv"] = Page(csv_file("Was;Wo;Wer", "Zellchemie;Jena;", "Löten;Gera;Akademie Süd"))
    source = office.source(provider="akademie-nord", programme="batteriemd")
    assert "Ordnen Sie mindestens eine Spalte dem Titel" in why(office.run(source, test=True))
    with office.database.write() as session:
        current = sources.get(session, office.actor, source.id)
        assert current.headings == ["Was", "Wo", "Wer"]
        sources.assign(session, office.actor, current, ["title", "place_text", "provider"], source.version)
    assert told(office.run(source)) == (SourceOutcome.APPLIED, 2, 0, 0, 0, 0)
    assert (office.says("zellchemie").provider, office.says("loeten").provider) == ("akademie-nord", "akademie-sued")
    assert office.says("loeten").programme == "batteriemd"
    with office.database.write() as session, pytest.raises(Stale):
        sources.assign(session, office.actor, current, ["title", "", ""], source.version)


HTML = b"<!doctype html><title>Wartung</title>"


HOSTILE = {
    SourceKind.CSV: [
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), "keine Internetadresse"),
        (Page(status=500), "HTTP 500"),
        (Page(status=404), "Unter der Adresse steht nichts"),
        (Page(b"x" * (1 << 20) + b"y"), "größer als 1 MB"),
        (Page(LIST, stated=len(LIST) + 50), "bricht mitten im Text ab"),
        (Page(LIST, headers={"Content-Encoding": "gzip"}), "komprimiert"),
        (Page(b"Titel;Ort\r\n" * 20, drip=True), "nach 1 Sekunden"),
        (Page(HTML, "text/html"), "keine CSV-Liste"),
        (Page(b"Titel\r\na\x07b\r\n"), "Steuerzeichen"),
        (Page(b""), "leer"),
    ],
    SourceKind.JSON: [
        (Page(HTML, "text/html"), "kein gültiges JSON"),
        (Page(b'{"a": 1}'), "Liste von Modulen"),
        (Page(b"[" * 100_000), "kein gültiges JSON"),
        (Page(b"[]"), "keinen Eintrag"),
        (Page(b"[" + b"{}," * 250_000 + b"[" * 160_000), "zu vielen Teilen"),
    ],
    SourceKind.PAGE: [
        (Page(HTML, "text/html"), "keine Kursdaten"),
        (page_of({"@type": "Event", "name": "Kein Kurs"}), "beschreiben keinen Kurs"),
        (Page(b'<script type="application/ld+json">{"@type": </script>', "text/html"), "kein gültiges JSON"),
        (Page(b'<script type="application/ld+json">' + b"[" * 500 + b"]" * 500, "text/html"), "zu tief"),
        (Page(b"<script " * 100_000, "text/html"), "keine Kursdaten"),
    ],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_answers_are_refused_and_nothing_is_stored(office: Office, site: Website, kind: SourceKind) -> None:
    source = office.source("/x", kind)
    for page, sentence in HOSTILE[kind]:
        site.pages["/x"] = page
        assert sentence in why(office.run(source, source_max_mb=1, source_seconds=1))
    with office.database.read() as session:
        for kept in (ImportRun, ImportFile, Module):
            assert session.scalar(sa.select(sa.func.count()).select_from(kept)) == 0


def test_control_characters_reach_neither_database_nor_headers(office: Office, site: Website) -> None:
    offers = [{"id": "a", "title": "A", "farbe\0": "rot"}, {"id": "b", "title": "B\0", "price": {"\7": "\7"}}]
    site.pages["/l.json"] = Page(json.dumps(offers).encode(), headers={"ETag": '"\u00e4"', "Last-Modified": "x" * 200})
    run = office.run(office.source("/l.json", SourceKind.JSON))
    assert told(run) == (SourceOutcome.APPLIED, 1, 0, 0, 1, 0)
    assert (run.notes[0]["params"], run.etag, run.modified) == ({"names": "farbe"}, "", "")


def test_internal_addresses_are_refused_unless_a_setting_allows_them(
    office: Office, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = office.source()
    assert (
        why(office.run(source, source_private=False))
        == "Die Adresse führt in ein internes Netz. Das ist nicht erlaubt."
    )
    assert site.asked == []
    is_public = fetching._is_public  # as if this server were a public one: where it leads to is looked at just the same
    monkeypatch.setattr(fetching, "_is_public", lambda address: address == "127.0.0.1" or is_public(address))
    for place in ("http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]/"):
        site.pages["/liste.csv"] = Page(status=302, headers={"Location": place})
        assert "internes Netz" in why(office.run(source, source_private=False))
    assert len(site.asked) == 3


def test_failures_are_counted_for_staff_and_tried_again_sooner(office: Office, site: Website) -> None:
    source = office.source(interval=SourceInterval.WEEKLY)
    for failures, hours in ((1, 1), (2, 2), (3, 4)):
        office.run(source)
        current = office.again(source)
        assert (current.failures, current.version) == (failures, source.version)
        assert current.due_at
        assert timedelta(0) < utcnow() + timedelta(hours=hours) - current.due_at < timedelta(minutes=1)
    office.run(source, test=True)  # a test counts for nothing
    with office.database.read() as session:
        assert worklist.counts(session, office.actor).sources_failed == 1
        assert [one.source.name for one in sources.listing(session, office.actor, "failed")] == ["Akademie Nord"]
    site.pages["/liste.csv"] = Page(LIST)
    office.run(source)
    assert office.again(source).failures == 0


def test_the_worker_looks_when_the_time_has_come_and_once_at_a_time(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST)
    source = office.source()
    with office.database.write() as session:
        begun = source_runs.begin(session, office.actor, source)
        with pytest.raises(Conflict):
            source_runs.begin(session, office.actor, source)
    assert source_runs.run_due(office.database, office.settings, office.index) == 0
    with office.database.write() as session:  # the process that had begun it was killed
        session.get_one(SourceRun, begun.id).started_at = utcnow() - timedelta(hours=1)
    source_runs.run_due(office.database, office.settings, office.index)
    with office.database.write() as session:
        assert why(session.get_one(SourceRun, begun.id)) == "Der Lauf wurde unterbrochen."
        session.get_one(Source, source.id).due_at = utcnow()
    assert source_runs.run_due(office.database, office.settings, office.index) == 1
    assert set(office.modules()) == {"Löten", "Zellchemie"}
    assert source_runs.run_due(office.database, office.settings, office.index) == 0  # not before tomorrow
    with office.database.read() as session:
        assert [run.user_label for run in sources.runs(session, office.actor, source)][0] == "Quelle Akademie Nord"


def test_sources_are_for_staff_and_say_what_is_missing(office: Office) -> None:
    source = office.source()
    with office.database.write() as session:
        with pytest.raises(Invalid) as refused:
            sources.create(session, office.actor, SourceInput(url="ftp://x", provider="nein"))
        assert set(refused.value.fields) == {"name", "url", "kind", "interval", "provider"}
        with pytest.raises(Invalid, match="andere Quelle"):
            sources.create(session, office.actor, sources.input_of(sources.get(session, office.actor, source.id)))
        with pytest.raises(NotAllowed):
            sources.listing(session, office.people.company_admin)
        with pytest.raises(NotAllowed):
            source_runs.begin(session, office.people.member, source)


def test_a_source_that_rests_is_left_alone(office: Office, site: Website) -> None:
    site.pages["/liste.csv"] = Page(LIST)
    source = office.source()
    with office.database.write() as session:
        current = sources.get(session, office.actor, source.id)
        sources.switch(session, office.actor, current, False, source.version)
    assert source_runs.run_due(office.database, office.settings, office.index) == 0
    assert office.again(source).due_at is None


def test_new_providers_are_added_where_that_is_allowed(office: Office, site: Website) -> None:
    site.pages["/kurse"] = page_of({"@type": "Course", "name": "Eins", "provider": {"name": "Werk Ost"}})
    office.run(office.source("/kurse", SourceKind.PAGE))
    assert office.says("eins").provider_text == "Werk Ost"
    site.pages["/kurse"] = page_of({"@type": "Course", "name": "Zwei", "provider": {"name": "Werk Ost"}})
    office.run(office.source("/kurse", SourceKind.PAGE, name="Andere", create_providers=True))
    with office.database.read() as session:
        assert session.scalars(sa.select(Provider.name)).all() == ["Werk Ost"]
