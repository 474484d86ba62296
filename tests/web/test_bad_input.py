"""No request breaks the catalogue: broken, absurd, too large or too many, the answer is a page that says what to do next."""

import io
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catalogue import create_app
from catalogue.db import Database
from catalogue.models import Demand, Module
from catalogue.settings import Settings
from catalogue.web.errors import Busy
from tests import factories
from tests.browsing import csrf_token, post, sign_in
from tests.conftest import People

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=X"
PATH = "/modules/sicherheit/demand"
NOWHERE = uuid.UUID(int=0)
HEADERS = (
    "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy", "Permissions-Policy", "X-Request-ID",
)  # fmt: skip


@pytest.fixture
def module(database: Database) -> Module:
    with database.write() as session:
        return factories.make_module(session, "Sicherheit", slug="sicherheit")


@pytest.fixture
def member(client: FlaskClient, people: People, module: Module) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


@pytest.fixture
def staff(app: Flask, people: People, module: Module) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, people.curator_user)
    return browser


def is_helpful(answer: TestResponse) -> bool:
    """Whether the page is German, says what to do next and leads on; or the problem is JSON with a sentence."""
    if answer.request.path.startswith("/api/"):
        return answer.content_type == "application/problem+json" and bool(answer.get_json()["title"])
    page = answer.get_data(as_text=True)
    return '<html lang="de"' in page and "<h1" in page and 'href="/"' in page and "Traceback" not in page


def send(client: FlaskClient, body: bytes, content_type: str = FORM) -> TestResponse:
    """Post *body* behind a good token, whatever the rest of it is."""
    token = csrf_token(client).encode()
    first = part("csrf_token", token) if content_type == MULTIPART else b"csrf_token=" + token + b"&"
    return client.post(PATH, data=first + body, content_type=content_type)


def part(name: str, value: bytes) -> bytes:
    return b'--X\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"


UNKNOWN = [
    "/nix", "/modules/nix", "/measures/nix", "/providers/nix", "/programmes/nix", "/static/nix.css", "/modules/" + "x" * 5000,
    "/modules/%2e%2e%2f%2e%2e%2fetc", "/modules/a%0d%0ab", "/modules/sicherheit'--", "/bootstrap/static/nix", "/api/v1/modules/nix",
]  # fmt: skip


def test_what_does_not_exist_is_a_page_that_leads_on(client: FlaskClient) -> None:
    for path in UNKNOWN:
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert is_helpful(answer), path


UNKNOWN_TO_STAFF = [
    f"/wishes/{NOWHERE}", f"/wishes/{NOWHERE}/answer", "/curation/modules/nix", "/curation/modules/nix/history",
    "/curation/modules/nix/pending", "/curation/modules/nix/runs", f"/curation/modules/sicherheit/runs/{NOWHERE}",
    "/curation/measures/nix", "/curation/providers/nix", "/curation/programmes/nix", "/curation/vocabularies/nix",
    "/curation/vocabularies/topic/nix", f"/curation/synonyms/{NOWHERE}", f"/curation/feedback/{NOWHERE}",
    f"/curation/imports/{NOWHERE}", "/planning/export/nix.csv", "/planning/export/interest.pdf",
]  # fmt: skip


def test_unknown_ids_are_404_for_staff_too(staff: FlaskClient) -> None:
    assert {path: staff.get(path).status_code for path in UNKNOWN_TO_STAFF} == dict.fromkeys(UNKNOWN_TO_STAFF, 404)
    past = "/curation/modules/sicherheit/history/{}/restore"
    for number in ("999", "99999999999999999999"):
        assert post(staff, past.format(number), {"version": "1"}).status_code == 404


def test_numbers_beyond_all_bounds_are_stale_versions_not_errors(staff: FlaskClient, member: FlaskClient) -> None:
    huge = "9" * 30
    assert post(staff, "/curation/modules/sicherheit", {"title": "x", "version": huge}).status_code == 409
    assert post(staff, "/curation/modules/sicherheit/steps/archive", {"version": huge}).status_code == 409
    assert post(member, PATH, {"people": huge, "version": huge, "relevance": "must"}).status_code == 422
    assert post(member, f"{PATH}/people", {"people": "²"}).status_code == 422


BROKEN_ADDRESSES = [
    "/modules/%FF", "/modules/%00", "/static/%FF", "/%F0%28%8C%28", "/?q=%FF", "/?q=%00", "/?%FF=1", "/?q=%ED%A0%80",
    "/suggest?q=%FF", "/api/v1/modules?q=%FF", "/api/v1/modules/%00", "/modules.csv?q=%C3", "/compare?m=%00",
]  # fmt: skip


def test_broken_encodings_in_an_address_are_400(client: FlaskClient) -> None:
    for path in BROKEN_ADDRESSES:
        answer = client.get(path)
        assert answer.status_code == 400, path
        assert is_helpful(answer), path


def test_a_percent_sign_that_encodes_nothing_is_just_text(client: FlaskClient) -> None:
    assert client.get("/?q=100%").status_code == 200
    assert client.get("/?q=%25FF").status_code == 200


BROKEN_BODIES = [
    (b"note=%FF", FORM), (b"note=\xff\xfe", FORM), (b"note=a%00b", FORM), (b"no%00te=a", FORM), (b"note=%ED%A0%80", FORM),
    (part("note", b"\xff\xfe") + b"--X--\r\n", MULTIPART), (part("note", b"a\0b") + b"--X--\r\n", MULTIPART),
    (part("note", b"a") + b"--X\r\nCont", MULTIPART), (b"\0\xff" * 50, MULTIPART), (b"note=a", "multipart/form-data"),
]  # fmt: skip


def test_broken_bodies_are_400_and_store_nothing(member: FlaskClient, database: Database) -> None:
    for body, content_type in BROKEN_BODIES:
        answer = send(member, body, content_type)
        assert answer.status_code == 400, (body[:60], content_type)
        assert is_helpful(answer), body[:60]
    with database.read() as session:
        assert session.query(Demand).count() == 0


LARGE_BODIES = [
    (b"note=" + b"a" * 11_000_000, FORM), (b"note=" + b"a" * 600_000, FORM), (b"a=1&" * 1_001, FORM),
    (part("note", b"a" * 600_000) + b"--X--\r\n", MULTIPART), (part("p", b"1") * 1_001 + b"--X--\r\n", MULTIPART),
]  # fmt: skip


def test_bodies_beyond_the_limits_are_413(member: FlaskClient) -> None:
    for body, content_type in LARGE_BODIES:
        answer = send(member, body, content_type)
        assert answer.status_code == 413, (body[:60], content_type)
        assert is_helpful(answer), body[:60]


def test_odd_content_types_never_break(member: FlaskClient) -> None:
    for content_type in ("application/json", "text/plain", "nix", "\xff;;=", f"{FORM}; charset=utf-16"):
        assert send(member, b'{"note": "x"}', content_type).status_code in (303, 400, 415, 422), content_type


ABSURD = [
    "page=-1", "page=0", "page=abc", "page=99999999999999999999", "page=%C2%B2", "page=%D9%A3", "page=5000", "per_page=-5",
    "per_page=1000000", "per_page=", "sort=DROP", "sort='", "topic=nix", "topic='+or+1", "all=nix", "view=nix", "q=*", "q=**a**",
    "q=%22unclosed", "q=NOT", "q=AND+OR", "q=a%5Eb~99", "q=%5B1+TO", "q=title%3A", "q=%25", "q=%7B%7B7*7%7D%7D", "=&&=&",
    "as_of=9999-12-31", "as_of=0000-00-00", "by=nix", "days=abc", "q=" + "(" * 300, "q=" + "a+" * 5_000, "q=" + "x" * 100_000,
    "&".join(f"topic=t{number}" for number in range(500)), "&".join(f"f{number}=1" for number in range(500)),
]  # fmt: skip


def test_absurd_questions_are_answered(client: FlaskClient, module: Module) -> None:
    for question in ABSURD:
        for page in ("/", "/api/v1/modules", "/suggest"):
            assert client.get(f"{page}?{question}").status_code == 200, (page, question[:80])


def test_absurd_questions_to_staff_are_answered(staff: FlaskClient) -> None:
    for question in ABSURD:
        for page in ("/planning", "/planning/rows", "/curation/modules"):
            assert staff.get(f"{page}?{question}").status_code < 500, (page, question[:80])


ODD_HEADERS = [
    {"Authorization": "Basic \xff"}, {"Authorization": "Bearer \xff"}, {"Authorization": "Digest =,=\""}, {"Cookie": "session=\xff; language=\xff"},
    {"Accept-Language": "\xff;q=abc"}, {"User-Agent": "\xff" * 300}, {"Referer": "http://["}, {"Range": "bytes=99-1"},
    {"X-Forwarded-For": "\xff,,1.2.3.4.5"}, {"If-Modified-Since": "gestern"}, {"If-Match": "\xff"},
]  # fmt: skip


def test_odd_headers_never_break(client: FlaskClient, module: Module) -> None:
    for headers in ODD_HEADERS:
        for path in ("/", "/api/v1/modules", "/metrics", "/static/css/base.css"):
            with client.get(path, headers=headers) as answer:
                assert answer.status_code < 500, (path, headers)


def test_asking_for_the_head_only_is_like_reading(client: FlaskClient, module: Module) -> None:
    for path in ("/", "/modules/sicherheit", "/login", "/password", "/help", "/api/v1/modules"):
        answer = client.head(path)
        assert (answer.status_code, answer.get_data()) == (200, b""), path


def test_other_methods_are_refused_or_described(client: FlaskClient, module: Module) -> None:
    for method in ("OPTIONS", "TRACE", "DELETE", "PROPFIND", "XYZ"):
        answer = client.open("/modules/sicherheit", method=method)
        assert answer.status_code == (200 if method == "OPTIONS" else 405), method
        assert "GET" in answer.headers["Allow"], method


@pytest.fixture
def limited(settings: Settings) -> Iterator[FlaskClient]:
    """A browser of an installation whose general limits are on."""
    app = create_app(replace(settings, rate_limits=True))
    yield app.test_client()
    app.extensions["database"].dispose()


def test_too_many_exports_are_told_to_wait(limited: FlaskClient) -> None:
    answers = [limited.get("/modules.csv") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert is_helpful(answers[-1])
    assert_guarded(answers[-1])


def assert_guarded(answer: TestResponse) -> None:
    assert [name for name in HEADERS if name not in answer.headers] == [], answer.status


def test_every_kind_of_answer_has_the_security_headers(
    app: Flask, client: FlaskClient, module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (
        "/",
        "/nix",
        "/?q=%00",
        "/static/css/base.css",
        "/static/nix",
        "/api/v1/modules",
        "/api/v1/nix",
        "/healthz",
    ):
        with client.get(path) as answer:
            assert_guarded(answer)
    assert_guarded(client.post("/login", data=b"x" * 11_000_000, content_type=FORM))
    assert_guarded(client.open("/", method="TRACE"))

    def fail() -> None:
        raise RuntimeError("Geheimnis im Fehler")

    monkeypatch.setitem(app.view_functions, "pages.help", fail)
    answer = client.get("/help")
    assert answer.status_code == 500
    assert_guarded(answer)
    page = answer.get_data(as_text=True)
    assert is_helpful(answer)
    assert "Geheimnis" not in page
    assert answer.headers["X-Request-ID"] in page


def test_a_file_where_a_text_is_expected_is_an_empty_text(member: FlaskClient) -> None:
    data = {"note": (io.BytesIO(b"abc"), "a.txt"), "csrf_token": csrf_token(member)}
    assert member.post(PATH, data=data, content_type="multipart/form-data").status_code in (303, 422)


def test_people_of_another_company_are_as_unknown_as_none(app: Flask, module: Module, people: People) -> None:
    admin = app.test_client()
    sign_in(admin, people.company_admin_user)
    for somebody in (people.stranger_user.id, NOWHERE):
        assert post(admin, f"/company/people/{somebody}/remove").status_code == 404
        assert post(admin, f"/company/people/{somebody}/role", {"role": "member"}).status_code == 404


def test_what_a_busy_database_could_not_save_is_sent_again_with_one_button(
    app: Flask, member: FlaskClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_values: object) -> None:
        raise Busy

    monkeypatch.setitem(app.view_functions, "demand.save", busy)
    answer = post(member, f"{PATH}?back=/company", {"note": "Zwei <Schichten>", "purpose": ["training", "business"]})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    page = answer.get_data(as_text=True)
    assert f'action="{PATH}?back=/company"' in page
    assert 'name="note" value="Zwei &lt;Schichten&gt;"' in page
    assert page.count('name="purpose"') == 2
    monkeypatch.setitem(app.view_functions, "pages.help", busy)
    assert "Ihre Eingabe" not in member.get("/help").get_data(as_text=True)


def test_a_password_is_never_sent_back(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        raise Busy

    monkeypatch.setitem(app.view_functions, "accounts.login", busy)
    answer = client.post(
        "/login", data={"email": "a@b.example", "password": "geheim", "csrf_token": csrf_token(client)}
    )
    assert answer.status_code == 503
    assert "geheim" not in answer.get_data(as_text=True)
