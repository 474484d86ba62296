"""Requests that pretend: other hosts, addresses, methods, parts; answers that tell no more than they declare; files and cells with teeth."""

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import openpyxl
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalogue import create_app
from catalogue.db import Base
from catalogue.settings import Settings
from tests.conftest import ON_SQLITE
from tests.services.test_spreadsheets import HOSTILE
from tests.web.installation import Installation, routes
from tests.web.tenants import plant, rows_of

UPLOADS = {
    "/curation/imports": {"source": "Liste"},
    "/admin/company-imports": {},
    "/curation/demand-imports": {"source_date": "2026-11-02"},
}
FORGED = [
    {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "for=1.2.3.4;host=evil.example;proto=https"},
    {"X-Forwarded-For": "1.2.3.4"}, {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Prefix": "//evil.example"}, {"X-Original-URL": "/admin"},
    {"X-Rewrite-URL": "/admin"}, {"X-HTTP-Method-Override": "DELETE"}, {"X-Real-IP": "1.2.3.4"}, {"Range": "bytes=0-0,0-0,-1"},
    {"If-None-Match": "*"}, {"If-Unmodified-Since": "nie"}, {"If-Range": "\xff"}, {"Transfer-Encoding": "chunked, identity"},
    {"Content-Length": "-1"}, {"Expect": "\xff"}, {"Accept": "\xff/*;q=x"}, {"Content-Encoding": "gzip"}, {"Connection": "upgrade"},
]  # fmt: skip
FORMULAS = ("=1+1", "-2+3")  # more of them: tests/services/test_exports.py


def test_forged_headers_change_neither_method_nor_address(installed: Installation) -> None:
    client = installed.browser("member")
    plain = client.get("/imprint").get_data(as_text=True)
    for headers in FORGED:
        answer = client.get("/imprint", headers=headers)
        assert answer.status_code in (200, 304, 400), headers
        known = "Host" not in headers  # a browser keeps the cookie of another host to itself
        assert (
            answer.status_code != 200 or not known or answer.get_data(as_text=True).count("<a ") == plain.count("<a ")
        ), headers
        told = answer.get_data(as_text=True) + str(answer.headers)
        assert not re.search(r"(href|action|src|Location)\W+[^\s\"]*evil\.example", told), headers
        assert not known or "evil.example" not in told, headers  # on paper the footer names the host that was asked
        assert client.get("/admin", headers=headers).status_code in ((400, 403) if known else (303,)), headers


def limited(settings: Settings, **changes: Any) -> FlaskClient:
    return create_app(replace(settings, rate_limits=True, **changes)).test_client()


@ON_SQLITE
@pytest.mark.parametrize(("proxies", "forged"), [(0, "10.0.{}.1"), (1, "10.0.{}.1, 192.0.2.7")])
def test_a_forged_address_gets_around_no_limit(settings: Settings, database: object, proxies: int, forged: str) -> None:
    client = limited(settings, proxies=proxies)
    answers = [client.get("/modules.csv", headers={"X-Forwarded-For": forged.format(n)}).status_code for n in range(31)]
    assert answers == [200] * 30 + [429]
    client.application.extensions["database"].dispose()


@ON_SQLITE
def test_debugging_cannot_be_switched_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.setenv("FLASK_ENV", "development")
    app = create_app(settings)
    assert (app.debug, app.testing) == (False, False)
    app.extensions["database"].dispose()


LAYERS = {
    "the service": "catalogue.services.search.find",
    "the session": "catalogue.web.search.db_session",
    "the page": "catalogue.web.search.render_template",
    "the person": "catalogue.services.sessions.resume",
}


@pytest.mark.parametrize("layer", LAYERS)
def test_what_breaks_inside_is_a_page_with_a_number(
    installed: Installation, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("Geheimnis")

    client = installed.browser("member")
    monkeypatch.setattr(LAYERS[layer], broken)
    answer = client.get("/?q=akku")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in page
    assert "Es ist ein Fehler passiert" in page
    assert "Geheimnis" not in page
    assert "Traceback" not in page


def closed(schema: Any, part: bool = False) -> Any:
    """The same schema, in which nothing may stand that it does not name; a *part* of another one leaves that to the whole."""
    if isinstance(schema, list):
        return [closed(one, part) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(value, name == "allOf") for name, value in schema.items()}
    named = isinstance(schema.get("properties"), dict) or "allOf" in schema
    if named and not part and "additionalProperties" not in schema:
        made["unevaluatedProperties"] = False
    return made


def test_the_api_tells_members_what_it_declares_and_nothing_else(installed: Installation) -> None:
    document = json.loads(installed.app.test_client().get("/api/v1/openapi.json").get_data())
    told = 0
    for role in ("member", "rival", "curator"):
        headers = installed.bearer(installed.world.people[role])
        for path, operations in document["paths"].items():
            if "get" not in operations:
                continue
            filled = path.replace("{slug}", installed.world.samples["slug"]).replace(
                "{report_id}", str(installed.world.samples["report_id"])
            )
            start = "" if "servers" in operations else "/api/v1"
            answer = installed.app.test_client().get(start + filled, headers=headers)
            declared = (
                operations["get"]["responses"]
                .get(str(answer.status_code), {})
                .get("content", {})
                .get("application/json")
            )
            if declared and answer.status_code == 200 and path != "/openapi.json":
                schema = closed(declared["schema"]) | {
                    "components": {"schemas": shut(document["components"]["schemas"])}
                }
                jsonschema.Draft202012Validator(schema).validate(answer.get_json())
                told += 1
    assert told > 8


def shut(schemas: dict[str, Any]) -> dict[str, Any]:
    """Close the schemas that nobody extends by ``allOf``: those are closed where they are used."""
    extended = set(
        re.findall(r'"#/components/schemas/(\w+)"', "".join(re.findall(r'"allOf": \[.*?\]', json.dumps(schemas))))
    )
    return {name: one if name in extended else closed(one) for name, one in schemas.items()}


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_files_are_refused_wherever_files_are_taken(installed: Installation, case: str) -> None:
    name, make = HOSTILE[case]
    content, client = make(), installed.browser("admin")
    for path, fields in UPLOADS.items():
        data = {**fields, "csrf_token": installed.tokens["admin"], "file": (io.BytesIO(content), name)}
        answer = client.post(path, data=data, content_type="multipart/form-data")
        assert answer.status_code in (413, 422), path
        assert "Traceback" not in answer.get_data(as_text=True)
        assert not installed.is_changed(), path


@pytest.mark.slow
@pytest.mark.parametrize("formula", FORMULAS)
def test_no_export_holds_a_formula(installed: Installation, formula: str) -> None:
    with installed.database.write() as session:
        plant(session, rows_of(session, installed.world.samples["company_id"]), formula)
        for name, columns in {
            "module": ("title", "summary", "place_text"),
            "provider": ("name", "place"),
            "run": ("place", "note"),
        }.items():
            session.execute(Base.metadata.tables[name].update().values(dict.fromkeys(columns, formula)))
    client, tables, found = installed.browser("admin"), 0, 0
    for rule, method in routes(installed.app):
        if method == "GET" and rule.rule.rpartition("/")[2].partition(".")[2] and not rule.rule.startswith("/api"):
            for suffix in ("csv", "xlsx"):
                answer = client.get(installed.path(rule, name=suffix, format=suffix, suffix=suffix))
                cells = cells_of(answer.get_data(), answer.mimetype)
                tables += bool(cells)
                found += sum(formula.strip() in cell for cell in cells)
                assert [cell for cell in cells if cell.startswith(("=", "@", "\t", "+", "-2+"))] == [], rule.rule
    assert tables > 20
    assert found > 10


def cells_of(content: bytes, kind: str) -> list[str]:
    """The cells of a table as a spreadsheet program understands them: formulas begin with "=", texts that are none with an apostrophe."""
    if kind == "text/csv":
        return [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";") for cell in row]
    if content[:2] != b"PK" or "zip" in kind:
        return []
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells)
    return [f"'{cell.value}" for cell in cells]


@hypothesis_settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=500)
    | st.lists(
        st.sampled_from([*'()[]{}"*?~^:+-!&|\\ ', "AND", "OR", "NOT", "NEAR", "title:", "akku", "a*", "TO"]),
        max_size=200,
    ).map(" ".join)
)
def test_any_text_can_be_searched_for(installed: Installation, text: str) -> None:
    answers = [
        installed.app.test_client().get(path, query_string={"q": text[:500]})
        for path in ("/", "/suggest", "/api/v1/modules")
    ]
    assert {answer.status_code for answer in answers} <= {200, 400}
