"""Import of 10,000 rows: seconds and memory of checking, applying and undoing, and how long pages take meanwhile.

``python -m tests.bench.imports [ROWS]``. A real server in a process of its own does the work, as it does for people.
"""

import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from catalogue import schema
from catalogue.db import Database
from catalogue.models import NetworkRole, Vocabulary
from catalogue.services.exports import Column, Kind, Table, xlsx_bytes
from catalogue.settings import Settings
from tests import factories
from tests.bench.visitor import Visitor, megabytes, start

TARGETS = {"seconds": 60, "megabytes": 400, "page milliseconds": 500}
WORDS = [
    "Zelle",
    "Modul",
    "Pack",
    "Sicherheit",
    "Lager",
    "Transport",
    "Recycling",
    "Prüfstand",
    "Formierung",
    "Laden",
    "Brandschutz",
    "Elektrolyt",
]
PAGES = ("/", "/?q=sicherheit", "/modules/probe", "/curation/modules")


def the_list(rows: int, edition: int) -> bytes:
    """A workbook as another house would send it: umlauts, long texts, three wrong rows in a hundred."""
    columns = [Column(str(place), heading) for place, heading in enumerate(
        ("Kürzel", "Titel", "Kurzbeschreibung", "Inhalte", "Themen", "Dauer", "Ort", "Preis", "Stand", "Quelle")
    )]  # fmt: skip
    columns[8] = Column("8", "Stand", Kind.DATE)
    lines = []
    for number in range(rows):
        words = [WORDS[(number * step) % len(WORDS)] for step in (1, 5, 7)]
        values = [
            f"K-{number}", f"{words[0]} und {words[1]} – Kurs {number}", f"{words[2]} für Fachkräfte. " * 6,
            "\n".join(f"{word}größen prüfen" for word in words), "Sicherheit | Zellfertigung",
            f"{8 + number % 40} UE", "Erfurt" if edition == 1 else "Jena", "490,00 €", "01.02.2026", f"https://beispiel.example/kurs/{number}",
        ]  # fmt: skip
        if number % 100 in (7, 51, 93):
            values[8] = "demnächst"
        lines.append({str(place): value for place, value in enumerate(values)})
    return xlsx_bytes(Table("Kurse", columns, lines))


class Watch:
    """Asks for pages again and again and notes how long each takes."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.milliseconds, self._stop = visitor, list[float](), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            for path in PAGES:
                begun = time.perf_counter()
                self.visitor.get(path)
                self.milliseconds.append((time.perf_counter() - begun) * 1000)
            self._stop.wait(0.2)


def prepare(state: Path) -> None:
    settings = Settings(state=state)
    database = Database(settings.database_url)
    schema.upgrade(database)
    with database.write() as session:
        factories.make_user(session, "clara@netz.example", network_role=NetworkRole.CURATOR)
        for code in ("sicherheit", "zellfertigung"):
            factories.make_term(session, Vocabulary.TOPIC, code)
        factories.make_module(session, "Probe", summary="Sicherheit im Lager")
    database.dispose()


def settle(visitor: Visitor, path: str) -> None:
    while '"busy":true' in visitor.get(f"{path}/state").replace(" ", ""):
        time.sleep(0.2)


def mapped(page: str) -> dict[str, str]:
    keys = re.findall(r'<option selected value="([^"]*)"', page)
    return {f"columns-{place}": key for place, key in enumerate(keys)}


def steps(visitor: Visitor, rows: int, edition: int, *, undo: bool) -> dict[str, float]:
    """Bring one edition of the list in; return the seconds of each step."""
    seconds, content = {}, the_list(rows, edition)
    begun = time.perf_counter()
    path = urllib.parse.urlsplit(visitor.upload(content)).path
    seconds["upload"] = time.perf_counter() - begun
    form = {"mapping": mapped(visitor.get(path)), "selection": {"action": "apply"}, "undo": {}}
    for name, verb in (("check", "mapping"), ("apply", "selection"), ("undo", "undo")):
        if name == "undo" and not undo:
            continue
        begun = time.perf_counter()
        visitor.post(f"{path}/{verb}", form[verb])
        settle(visitor, path)
        seconds[name] = time.perf_counter() - begun
    return seconds


def measure(rows: int = 10_000) -> list[tuple[str, str, str]]:
    """Return rows of (what, measured, target)."""
    with tempfile.TemporaryDirectory(prefix="bench-imports-") as folder:
        state = Path(folder) / "state"
        state.mkdir()
        prepare(state)
        server, site = start(state)
        try:
            visitor, watcher = Visitor(site), Visitor(site)
            for one in (visitor, watcher):
                one.post("/login", {"email": "clara@netz.example", "password": factories.PASSWORD})
            with Watch(watcher) as watch:
                new = steps(visitor, rows, 1, undo=False)
                changed = steps(visitor, rows, 2, undo=True)
            return _table(rows, new, changed, watch.milliseconds, megabytes(server))
        finally:
            server.terminate()
            server.wait(timeout=30)


def _table(
    rows: int, new: dict[str, float], changed: dict[str, float], pages: list[float], memory: int
) -> list[tuple[str, str, str]]:
    table = []
    for label, seconds in (("new", new), ("changed", changed)):
        parts = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
        total = sum(value for name, value in seconds.items() if name != "undo")
        table.append((f"{rows} {label} rows, seconds ({parts})", f"{total:.1f}", f"< {TARGETS['seconds']}"))
    table.append(("server, most megabytes", str(memory), f"< {TARGETS['megabytes']}"))
    ranked = sorted(pages)
    slow = ranked[int(len(ranked) * 0.95)]
    label = f"{len(pages)} pages meanwhile, ms (median {statistics.median(pages):.0f}, longest {ranked[-1]:.0f}), 95 %"
    table.append((label, f"{slow:.0f}", f"< {TARGETS['page milliseconds']}"))
    return table


def main() -> None:
    """Print the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for what, measured, target in measure(rows):
        sys.stdout.write(f"{what:<100} {measured:>8}  {target}\n")


if __name__ == "__main__":
    main()
