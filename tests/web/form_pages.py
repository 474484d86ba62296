"""The forms of all pages as a browser would send them: where they lead, what is filled in already, something fitting in the rest."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from tests.web.installation import Installation, routes

TYPED = {
    "email": "neu@beispiel.example", "number": "3", "date": "2027-03-04", "url": "https://beispiel.example/", "tel": "0361 1", "time": "09:00",
    "search": "Akku", "month": "2027-03", "datetime-local": "2027-03-04T09:00",
}  # fmt: skip
BY_NAME = {
    "password": "Vier-graue-Esel-42", "current": "Prüfstand-9-Kabel", "period": "2027-Q1", "slug": "neue-adresse", "people": "3",
    "website": "https://beispiel.example/", "source_url": "https://beispiel.example/", "booking_url": "https://beispiel.example/",
    "url": "https://beispiel.example/", "email": "neu@beispiel.example", "contact_email": "neu@beispiel.example", "code": "neu-1",
}  # fmt: skip


@dataclass
class Field:
    """One control."""

    name: str
    kind: str
    value: str = ""
    checked: bool = False
    options: list[str] = field(default_factory=list)

    @property
    def is_typed(self) -> bool:
        """Whether a person types into it, so that it must come back as it was."""
        return self.kind in {"text", "textarea", "email", "search", "tel", "url"}


@dataclass
class Filled:
    """A form with the values that a browser would send."""

    action: str
    page: str = ""
    fields: list[Field] = field(default_factory=list)

    def values(self) -> dict[str, list[str]]:
        """Return what is sent: everything as it is, empty texts with something in them, nothing to upload."""
        sent: dict[str, list[str]] = {}
        radios = {one.name for one in self.fields if one.kind == "radio" and one.checked}
        for one in self.fields:
            if not one.name or one.kind == "file" or one.name == "csrf_token":
                continue
            if one.kind == "radio":
                if one.checked or one.name not in radios:
                    sent[one.name] = [one.value]
            elif one.kind == "checkbox":
                if one.checked:
                    sent.setdefault(one.name, []).append(one.value)
            elif one.kind in ("submit", "button"):
                sent.setdefault(one.name, [one.value])
            else:
                sent.setdefault(one.name, []).append(one.value or self._fill(one))
        return sent

    @staticmethod
    def _fill(one: Field) -> str:
        if one.kind == "select":
            return next(filter(None, one.options), "")
        if one.kind == "hidden":
            return ""
        return (
            BY_NAME.get(one.name)
            or TYPED.get(one.kind)
            or ("Vier-graue-Esel-42" if one.kind == "password" else "Neuer Text")
        )


class _Parser(HTMLParser):
    """Collects forms that are posted, with controls that name their form from elsewhere."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms, self.by_id = path, [], {}  # type: ignore[var-annotated]
        self.form: Filled | None = None
        self.area: Field | None = None
        self.select: Field | None = None
        self.elsewhere: list[tuple[str, Field]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Filled(given.get("action") or self.path, self.path)
            self.by_id[given.get("id", "")] = self.form
            if given.get("method", "get").lower() == "post":
                self.forms.append(self.form)
        elif tag == "option" and self.select is not None:
            self.select.options.append(given.get("value", ""))
            if "selected" in given:
                self.select.value = given.get("value", "")
        elif tag in ("input", "textarea", "select", "button"):
            kind = given.get("type", "text" if tag == "input" else "submit") if tag in ("input", "button") else tag
            self._control(
                Field(given.get("name", ""), kind, given.get("value", ""), "checked" in given), given.get("form", "")
            )

    def _control(self, found: Field, form: str) -> None:
        self.area = found if found.kind == "textarea" else self.area
        self.select = found if found.kind == "select" else self.select
        if form:
            self.elsewhere.append((form, found))
        elif self.form is not None:
            self.form.fields.append(found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.value = (self.area.value + data).removeprefix("\n")

    def result(self) -> list[Filled]:
        for form, found in self.elsewhere:
            if form in self.by_id:
                self.by_id[form].fields.append(found)
        return self.forms


def forms_on(page: str, path: str) -> list[Filled]:
    """Return the forms of a page that change something."""
    parser = _Parser(path)
    parser.feed(page)
    return parser.result()


def endpoint_of(installed: Installation, path: str) -> str:
    """Return the endpoint that a form leads to, or nothing."""
    try:
        return str(installed.app.url_map.bind("localhost").match(path.split("?")[0], method="POST")[0])
    except HTTPException:
        return ""


def harvest(installed: Installation, client: FlaskClient) -> dict[str, Filled]:
    """Return by endpoint the fullest form that *client* meets on any page."""
    found: dict[str, Filled] = {}
    for rule, method in routes(installed.app):
        if (
            method == "GET"
            and not rule.rule.startswith(("/api/", "/metrics"))
            and "." not in rule.rule.rpartition("/")[2]
        ):
            path = installed.path(rule)
            answer = client.get(path)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                for form in forms_on(answer.get_data(as_text=True), path):
                    endpoint = endpoint_of(installed, form.action)
                    if endpoint and len(form.fields) > len(found.get(endpoint, Filled("")).fields):
                        found[endpoint] = form
    return found
