"""English is complete: every text, every vocabulary term, and no German left on English pages except what modules and people say."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

from catalogue.models import Term
from tests.browsing import sign_in
from tests.web.installation import installation, routes
from tests.web.world import CANARY, World

ROOT = Path(__file__).parents[1]
PO = ROOT / "catalogue" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PLACE = re.compile(r"%\((\w+)\)[sd]|<(/?\w+)")
KEYWORDS = ("N_", "_l", "count_of:2,3")

GERMAN = re.compile(
    r"[äöüÄÖÜß]|\b(?:und|oder|nicht|mit|von|vom|zum|zur|der|das|dem|des|ein|eine|einen|einem|einer|ist|sind|wird|werden|wurde|Sie|Ihr|Ihre"
    r"|Ihren|Ihrem|kein|keine|noch|auch|auf|aus|bei|bis|nach|unter|wie|wer|jetzt|neu|Modul|Anbieter|Termine?|Bedarf|Wunsch|Unternehmen"
    r"|Speichern|Suchen?|Anmelden|Abmelden|Weiter|Thema|Themen|Zielgruppe|Niveau|Dauer|Stand|Zustand|Reifegrad|Merkliste|Pflege|Planung"
    r"|Verwaltung|Angaben?|Netzwerk|Ort|Rolle|Datum|Titel|Quelle|Fassung|Tabelle|Zeile|Seite|offen|alle|keiner|ohne)\b"
)
ADDRESS = re.compile(r"\S*[/@]\S*")
SHOWN = ("aria-label", "title", "placeholder", "alt", "data-label", "data-suggest-label", "content")
VOID = {"meta", "link", "br", "hr", "img", "input", "col", "source", "wbr"}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What pybabel finds in the code and the templates as they are now."""
    template = tmp_path_factory.mktemp("texts") / "messages.pot"
    keywords = [part for keyword in KEYWORDS for part in ("-k", keyword)]
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg", *keywords, "-o"]
    subprocess.run([*command, str(template), "."], cwd=ROOT, check=True)
    with template.open("rb") as file:
        found = read_po(file)
    assert len(found) > 1000, "the extraction found hardly anything"
    return found


@lru_cache(maxsize=1)
def english() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple | list) else (message.string or "",)  # type: ignore[return-value]


def texts(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple | list) else (message.id,)  # type: ignore[return-value]


def messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def test_every_text_has_an_english_translation(extracted: Catalog) -> None:
    missing = []
    for message in messages(extracted):
        found = english().get(message.id, message.context)
        if found is None or found.fuzzy or not all(strings(found)) or len(strings(found)) < len(texts(message)):
            missing.append(texts(message)[0])
    assert missing == [], "extract, update, translate, compile: see CONTRIBUTING.md"


def test_translations_keep_places_and_markup() -> None:
    wrong = []
    for message in messages(english()):
        wanted = {match for text in texts(message) for match in PLACE.findall(text)}
        for string in filter(None, strings(message)):
            found = set(PLACE.findall(string))
            if not found <= wanted or (len(strings(message)) == 1 and found != wanted):
                wrong.append((texts(message)[0], string))
    assert wrong == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, english())
    assert PO.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run pybabel compile, see CONTRIBUTING.md"


@pytest.mark.parametrize("path", sorted((ROOT / "data" / "vocabularies").glob("*.csv")), ids=lambda path: path.stem)
def test_every_term_has_an_english_label(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["code"] for row in csv.DictReader(file, delimiter=";") if not row["label_en"].strip()] == []


class _Words(HTMLParser):
    """Collects what a person reads or hears on a page, without elements that are marked as German."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []  # per open element: is it left out?

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        out = any(self._open[-1:]) or values.get("lang") == "de" or tag in ("script", "style", "svg", "textarea")
        if not out:
            self.found += [values[name] or "" for name in SHOWN if name in values]
        if tag not in VOID:
            self._open.append(out)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self._open[-1:]):
            self.found.append(data.strip())


def german_words(page: str, said: tuple[str, ...]) -> set[str]:
    """The texts of *page* that look German, without what people and modules *said*."""
    words = _Words()
    words.feed(page)
    cleaned = set()
    for text in words.found:
        for quoted in said:
            text = text.replace(quoted, "")
        cleaned.add(ADDRESS.sub("", text))
    return {text for text in cleaned if GERMAN.search(text)}


SAID = (  # what people and modules say in tests.web.world
    f"{CANARY} Firmenname GmbH", f"{CANARY} Personenname", f"{CANARY} Anmerkung", f"{CANARY} Wunschtitel", f"{CANARY} Rückmeldung",
    f"{CANARY} Suchname", f"{CANARY} Betreff", CANARY, "Sicherheit und Batterie", "Entwurf zur Formierung", "Maßnahme Lager", "Neuer Titel", "A: Titel", "Ruß",
    "Gabelstapler = Flurförderzeug",  # an example in a hint
    "Zwei Termine 2027.", "4711 Plätze", "sicherheit-und-batterie",
    # headings of a list that are read in German
    "Unternehmen, Modul", "Dringlichkeit, Personen, Zeitraum, Zweck, Wer sieht das?, Anmerkung, Datum",
)  # fmt: skip


@pytest.fixture(scope="module")
def english_site() -> Iterator[tuple[Flask, World]]:
    """One of everything; the terms have English labels."""
    with installation() as made:
        with made.database.write() as session:
            for term in session.query(Term):
                term.label_en = f"term {term.code[:4]}"
        yield made.app, made.world


@pytest.mark.slow
@pytest.mark.parametrize("role", ["visitor", "member", "company_admin", "curator", "admin"])
def test_no_german_is_left_on_english_pages(role: str, english_site: tuple[Flask, World]) -> None:
    app, world = english_site
    client = app.test_client()
    if role != "visitor":
        sign_in(client, world.people[role])
    client.set_cookie("language", "en")
    left = []
    for rule, method in routes(app):
        if method == "GET" and not rule.rule.startswith("/api"):
            values = {name: world.sample(rule.endpoint, name) for name in rule.arguments}
            with app.test_request_context():
                path = app.url_map.bind("localhost").build(rule.endpoint, values, force_external=False)
            answer = client.get(path)
            if answer.mimetype == "text/html":
                left += [f"{rule.rule}: {text}" for text in german_words(answer.get_data(as_text=True), SAID)]
    assert left == [], "\n".join(left)


def test_what_a_module_says_is_marked_as_german_on_english_pages_only(english_site: tuple[Flask, World]) -> None:
    app, _ = english_site
    client = app.test_client()
    german_page = client.get("/modules/sicherheit-und-batterie").get_data(as_text=True)
    client.set_cookie("language", "en")
    english_page = client.get("/modules/sicherheit-und-batterie").get_data(as_text=True)
    assert '<html lang="de"' in german_page
    assert '<span lang="de">' not in german_page
    assert '<html lang="en"' in english_page
    assert '<h1 class="my-2"><span lang="de">Sicherheit und Batterie</span></h1>' in english_page
    assert '<ul class="read mt-2" lang="de"><li>Gefahren</li>' in english_page
