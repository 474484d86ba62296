"""Synthetic German modules with a Zipf vocabulary, and queries of which no two are alike. The same for the same seed."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from catalogue.db import Database
from catalogue.models import Module, Provider, Term, WorkflowState, module_term
from catalogue.services import vocabularies
from catalogue.services.permissions import SYSTEM
from catalogue.services.sorting import slugify, sort_key

__all__ = ["Row", "fill", "queries", "rows"]

_HEADS = [
    "Fertigung",
    "Lagerung",
    "Prüfung",
    "Wartung",
    "Montage",
    "Sicherheit",
    "Schulung",
    "Technik",
    "Planung",
    "Steuerung",
    "Messung",
    "Diagnose",
    "Reparatur",
    "Entwicklung",
    "Auslegung",
    "Simulation",
    "Logistik",
    "Verpackung",
    "Kennzeichnung",
    "Beschichtung",
    "Trocknung",
    "Kühlung",
    "Überwachung",
    "Verwertung",
    "Demontage",
    "Rückgewinnung",
    "Dokumentation",
    "Bewertung",
    "Analyse",
    "Führung",
    "Beratung",
    "Unterweisung",
    "Zertifizierung",
    "Kontrolle",
    "Berechnung",
    "Regelung",
    "Normung",
    "Integration",
    "Kontaktierung",
    "Formierung",
    "Alterung",
    "Entladung",
    "Ladung",
    "Sortierung",
    "Sammlung",
    "Aufbereitung",
    "Reinigung",
    "Anlage",
    "Maschine",
    "Werkstatt",
    "Halle",
    "Linie",
    "Station",
    "Verbindung",
    "Führerschein",
    "Vorschrift",
    "Verordnung",
    "Haftung",
    "Bilanz",
    "Kette",
    "Quelle",
    "Speicher",
    "Netz",
    "Fahrzeug",
    "Stapler",
    "Roboter",
    "Sensor",
    "Regler",
    "Wandler",
    "Schutz",
    "Schalter",
    "Leitung",
    "Gehäuse",
    "Deckel",
    "Folie",
    "Elektrode",
    "Zelle",
    "Modul",
    "Pack",
    "System",
    "Verfahren",
    "Prozess",
    "Material",
]
_MODIFIERS = [
    "Batterie",
    "Zell",
    "Hochvolt",
    "Energie",
    "Lithium",
    "Gefahrgut",
    "Brand",
    "Arbeits",
    "Elektro",
    "Kreislauf",
    "Rohstoff",
    "Qualitäts",
    "Produktions",
    "Lager",
    "Transport",
    "Lade",
    "Spannungs",
    "Strom",
    "Wärme",
    "Druck",
    "Gas",
    "Labor",
    "Werks",
    "Betriebs",
    "Umwelt",
    "Klima",
    "Daten",
    "Prozess",
    "Material",
    "Oberflächen",
    "Laser",
    "Schweiß",
    "Klebe",
    "Füge",
    "Misch",
    "Trocken",
    "Rein",
    "Prüf",
    "Mess",
    "Test",
    "Antriebs",
    "Fahrzeug",
    "Flug",
    "See",
    "Straßen",
    "Schienen",
    "Haus",
    "Heim",
    "Groß",
    "Netz",
    "Solar",
    "Wind",
    "Wasser",
    "Abfall",
    "Alt",
    "Neu",
    "Kunden",
    "Lieferanten",
    "Vertrags",
    "Haftungs",
    "Rechts",
    "Normen",
    "Steuer",
    "Personal",
    "Schicht",
    "Team",
    "Projekt",
    "Ziel",
]
_SMALL = [
    "der",
    "die",
    "das",
    "und",
    "in",
    "von",
    "mit",
    "für",
    "auf",
    "im",
    "an",
    "den",
    "des",
    "zur",
    "zum",
    "bei",
    "nach",
    "aus",
    "über",
    "unter",
    "sowie",
    "oder",
    "durch",
    "ist",
    "sind",
    "werden",
    "kann",
    "wird",
    "sicher",
    "technisch",
    "rechtlich",
    "praktisch",
    "digital",
    "modern",
    "wichtig",
    "neu",
    "häufig",
    "richtig",
    "wirtschaftlich",
    "nachhaltig",
]


@dataclass(frozen=True)
class Row:
    """One synthetic module, as plain texts."""

    id: uuid.UUID
    title: str
    summary: str
    description: str
    contents: list[str]
    provider: int
    facets: dict[str, str]


class _Words:
    """Draws words: rank r comes with probability ~ 1 / r."""

    def __init__(self, chance: random.Random) -> None:
        # links between the parts of real compounds are left out: what counts is many distinct words that share parts
        self.words = [*_HEADS, *(a + b.lower() for a in _MODIFIERS for b in _HEADS)]
        chance.shuffle(self.words)
        self.weights = list(accumulate(1 / rank for rank in range(1, len(self.words) + 1)))
        self.chance = chance

    def draw(self, count: int) -> list[str]:
        return self.chance.choices(self.words, cum_weights=self.weights, k=count)

    def text(self, count: int) -> str:
        nouns = iter(self.draw(count))
        mixed = [self.chance.choice(_SMALL) if self.chance.random() < 0.45 else next(nouns) for _ in range(count)]
        return " ".join(mixed).capitalize()


def rows(count: int, terms: dict[str, list[str]], seed: int = 1) -> Iterator[Row]:
    """Yield *count* modules; *terms* are the values of each facet."""
    chance = random.Random(seed)
    words = _Words(chance)
    for _ in range(count):
        yield Row(
            uuid.UUID(int=chance.getrandbits(128), version=4),
            " ".join(words.draw(chance.randint(2, 5))),
            words.text(25),
            words.text(100),
            [words.text(8) for _ in range(6)],
            chance.randrange(60),
            {facet: chance.choice(values) for facet, values in terms.items()},
        )


def queries(count: int, seed: int = 1) -> list[str]:
    """Return *count* different queries of one to three words, drawn like the words of the texts."""
    words = _Words(random.Random(seed))
    chance = random.Random(seed + 1)
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(dict.fromkeys(words.draw(chance.choice((1, 2, 2, 3)))))] = None
    return list(found)


def fill(database: Database, count: int) -> list[Row]:
    """Put *count* synthetic modules into an empty database; return them."""
    with database.write() as session:
        vocabularies.load(session, SYSTEM)
    with database.read() as session:
        ids = {(term.vocabulary, term.code): term.id for term in session.query(Term)}
    facets = ("topic", "format", "level", "region")
    terms = {facet: [code for vocabulary, code in ids if vocabulary == facet] for facet in facets}
    made = list(rows(count, terms))
    with database.write() as session:
        providers = [
            Provider(slug=f"anbieter-{n}", name=f"Anbieter {n}", sort_name=f"anbieter {n:03}") for n in range(60)
        ]
        session.add_all(providers)
        session.flush()
        for start in range(0, len(made), 5_000):
            part = made[start : start + 5_000]
            session.execute(
                Module.__table__.insert(), [_values(n, row, providers) for n, row in enumerate(part, start)]
            )
            links = [{"module_id": r.id, "term_id": ids[f, code]} for r in part for f, code in r.facets.items()]
            session.execute(module_term.insert(), links)
    return made


def _values(number: int, row: Row, providers: list[Provider]) -> dict[str, object]:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return {
        "id": row.id, "slug": f"{slugify(row.title)[:60]}-{number}", "title": row.title, "sort_title": sort_key(row.title),
        "summary": row.summary, "description": row.description, "contents": row.contents, "objectives": [],
        "provider_id": providers[row.provider].id, "state": WorkflowState.PUBLISHED, "position": number,
        "published_at": moment, "languages": [], "more_sources": [],
    }  # fmt: skip
