"""From a line of the list to values: reads each mapped cell and says, with its address, which ones cannot be read."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from catalogue.services.module_batches import NEW_PROVIDER
from catalogue.services.module_cells import Names, Unreadable
from catalogue.services.module_columns import BY_KEY, KEPT, SLUG, VERSION
from catalogue.services.spreadsheets import Line, as_text, column_letter
from catalogue.texts import N_, Text

__all__ = ["ENTRY_KEY", "REFUSED", "Read", "Reader"]

SLUG_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,119}")
# columns that only lists from sources have, beside those of module_columns: what identifies the entry at its source, and why it
# has no module's shape (its place is then told by the number of the entry, because the source has no columns)
ENTRY_KEY, REFUSED = "source.key", "source.refused"
MOST_CELLS = 2000  # characters of a wrong cell that are kept for the download of wrong rows


@dataclass
class Read:
    """What one line says: values by the keys of the columns, the slug and version it names, and what is wrong.

    ``key`` stands for the entry at its source, "" if the list comes from elsewhere.
    """

    line: Line
    values: dict[str, Any] = field(default_factory=dict)
    slug: str = ""
    version: int | None = None
    key: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)


class Reader:
    """Reads the lines of one list."""

    def __init__(self, names: Names, mapping: list[str], *, create_providers: bool) -> None:
        self.names, self.create_providers = names, create_providers
        self.columns = [(place, BY_KEY[key]) for place, key in enumerate(mapping) if key in BY_KEY]
        self.places = {column.key: place for place, column in self.columns}
        self.own = {key: mapping.index(key) for key in (ENTRY_KEY, REFUSED) if key in mapping}

    def read(self, line: Line) -> Read:
        """Return what *line* says."""
        found = Read(line)
        if identity := self._own(line, ENTRY_KEY):
            found.key = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
        if refused := self._own(line, REFUSED):
            self.add(found, "", Text("%(sentence)s", {"sentence": refused}))
        for place, column in self.columns:
            cell = line.cells[place] if place < len(line.cells) else None
            try:
                value = column.value(self.names, cell)
            except Unreadable as error:
                if column.key != "provider" or not self.create_providers:
                    self.add(found, column.key, error.text)
                    continue
                value = NEW_PROVIDER + " ".join(as_text(cell).split())[:200]
            if value is not KEPT:
                found.values[column.key] = value
        found.slug = found.values.pop(SLUG, "")
        found.version = found.values.pop(VERSION, None)
        if found.slug and not SLUG_FORM.fullmatch(found.slug):
            self.add(found, SLUG, Text(N_("Eine Kennung besteht aus Buchstaben, Ziffern und Bindestrichen.")))
        return found

    def _own(self, line: Line, key: str) -> str:
        place = self.own.get(key, len(line.cells))
        return as_text(line.cells[place]).strip() if place < len(line.cells) else ""

    def add(self, found: Read, key: str, text: Text) -> None:
        """Note that the cell of *key* breaks a rule."""
        found.errors.append(
            {"cell": self.address(found.line, key), "field": key, "message": text.message, "params": dict(text.params)}
        )

    def address(self, line: Line, key: str) -> str:
        """Return "F14", or "14" if no column holds *key*, or "#13" for the thirteenth entry of a source without columns."""
        if REFUSED in self.own:
            return f"#{line.number - 1}"
        return f"{column_letter(self.places[key])}{line.number}" if key in self.places else str(line.number)

    @staticmethod
    def texts(line: Line) -> list[str]:
        """Return the cells as they are kept for the download of wrong rows."""
        return [as_text(cell)[:MOST_CELLS] for cell in line.cells]
