"""All forms of the catalogue as a browser sees them, and something to fill them in with."""

import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.factories import PASSWORD
from tests.web.installation import Installation, routes

NUMBERS = itertools.count(1)
TODAY = datetime.now(UTC).date().isoformat()
TYPED = {"email": "mensch{}@kanarie.example", "number": "3", "date": TODAY, "password": "Gelbe-Pflaumen-{}"}
SHEETS = {
    "/curation/imports": "Titel;Ort\nFormierung von Zellen;Erfurt\n",
    "/admin/company-imports": "Name;Ort\nZellwerk;Erfurt\n",
    "/curation/demand-imports": "Unternehmen;Modul;Relevanz\nBeispiel GmbH;Sicherheit und Batterie;muss\n",
}
SOLVED = {
    "website": "https://beispiel.example",
    "terms": "Akku\nBatteriespeicher",
    "targets": "",
    "current": PASSWORD,
    "people": "3",
}  # what no rule could guess


@dataclass
class Field:
    """One control with its name; options of a choice are collected from all its radios, boxes or lines."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)  # that are sent if nobody touches it
    options: list[str] = field(default_factory=list)
    required: bool = False
    hidden: bool = False


@dataclass
class Form:
    """A form with its fields by name, in the order of the page."""

    action: str
    method: str
    fields: dict[str, Field] = field(default_factory=dict)

    def filled(self) -> MultiDict[str, Any]:
        """Return what a person sends who fills in everything that is empty and leaves the rest."""
        sent: MultiDict[str, Any] = MultiDict()
        for name, one in self.fields.items():
            for value in one.values if any(one.values) else _typed(one):
                sent.add(name, value)
        return sent

    @property
    def file(self) -> str:
        """The field that takes a file, if any."""
        return next((name for name, one in self.fields.items() if one.kind == "file"), "")


def _typed(one: Field) -> list[str]:
    if one.name in SOLVED:
        return [SOLVED[one.name]]
    if one.hidden or one.kind in ("checkbox", "submit", "file"):
        return one.values or (one.options[:1] if one.required else [])
    if one.kind in ("radio", "select"):
        return [next((option for option in one.options if option), "")]
    if not one.required and one.kind != "textarea":
        return [""]
    return [TYPED.get(one.kind, "Neues {}").format(next(NUMBERS))]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.form: Form | None = None
        self.select: Field | None = None
        self.area: Field | None = None
        self.text = ""

    def _field(self, given: dict[str, str | None], kind: str) -> Field | None:
        form = self.by_id.get(given.get("form") or "", self.form)
        name = given.get("name")
        if form is None or not name or "disabled" in given:
            return None
        made = form.fields.setdefault(name, Field(name, kind))
        made.required |= "required" in given
        made.hidden |= kind == "hidden"
        return made

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.form = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self.form)
            if given.get("id"):
                self.by_id[given["id"] or ""] = self.form
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self.select = self._field(given, "select")
        elif tag == "option" and self.select:
            value = given.get("value") or ""
            self.select.options.append(value)
            if "selected" in given:
                self.select.values.append(value)
        elif tag == "textarea":
            self.area, self.text = self._field(given, "textarea"), ""

    def _input(self, given: dict[str, str | None]) -> None:
        kind = given.get("type") or "text"
        found = self._field(given, kind)
        if found is None or kind in ("submit", "button", "image"):
            return
        value = given.get("value") or ""
        if kind in ("checkbox", "radio"):
            found.options.append(value)
            if "checked" in given:
                found.values.append(value)
        else:
            found.values.append(value)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.area:
            self.area.values.append(self.text.lstrip("\r\n"))
            self.area = None


def forms_of(page: str, path: str) -> list[Form]:
    """Return the forms that are posted; those without an address go to *path*."""
    reader = _Reader()
    reader.feed(page)
    for form in reader.forms:
        form.action = form.action or path
    return [form for form in reader.forms if form.method == "post"]


def pattern(action: str) -> str:
    """Return *action* without ids, so that one of many alike is enough."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", action.partition("?")[0])


def collected(made: Installation, role: str) -> list[Form]:
    """Return all forms that *role* meets on the pages of the catalogue, one of each kind."""
    client, found = made.browser(role), dict[tuple[str, bool], Form]()
    for rule, method in routes(made.app):
        if method == "GET":
            path = made.path(rule)
            answer = client.get(path, follow_redirects=True)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                for form in forms_of(answer.get_data(as_text=True), path):
                    found.setdefault((pattern(form.action), "version" in form.fields), form)
    return list(found.values())


def rows(made: Installation) -> dict[str, int]:
    """Return how many rows each table has."""
    names = [name for (name,) in made.watch.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: made.watch.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def send(client: FlaskClient, form: Form, filled: MultiDict[str, Any]) -> TestResponse:
    """Send the form; a file is made anew, because sending closes it."""
    data: dict[str, Any] = filled.to_dict(flat=False)
    if form.file:
        data[form.file] = (BytesIO(SHEETS[form.action].encode()), "liste.csv")
    return client.post(form.action, data=data)
