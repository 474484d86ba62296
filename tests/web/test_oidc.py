"""Signing in with an account elsewhere, against a real OpenID provider on this machine."""

import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, Company, Identity, Invitation, NetworkRole, OutboxMail, User
from catalogue.services import identities, invitations, switches
from catalogue.services import users as accounts_of_people
from catalogue.services.identities import Proof
from catalogue.services.invitations import InvitationInput
from catalogue.services.permissions import SYSTEM
from catalogue.services.switches import Mode, Plan
from catalogue.settings import Settings, SettingsError
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People
from tests.factories import PASSWORD
from tests.openid_provider import CLIENT, SECRET, OpenIDProvider, new_key, openid_provider
from tests.web.test_reauthentication import make_stale

START = "/login/oidc"
ROOT = Path(__file__).parents[2]
EXTRA = re.compile(
    r"^(import|from) (authlib|joserfc|requests|catalogue\.services\.openid)\b", re.MULTILINE
)  # not indented


@pytest.fixture(scope="module")
def running() -> Iterator[OpenIDProvider]:
    with openid_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: OpenIDProvider) -> OpenIDProvider:
    """The provider as it is when nothing is wrong."""
    fresh = OpenIDProvider(url=running.url, key=running.key)
    for name, value in vars(fresh).items():
        setattr(running, name, value)
    return running


@pytest.fixture
def settings(settings: Settings, provider: OpenIDProvider) -> Settings:
    return replace(
        settings, base_url="http://localhost", oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
        oidc_label="Muster-Konto",
    )  # fmt: skip


def to_provider(client: FlaskClient, path: str = START) -> str:
    """Begin and return the address of the provider."""
    begun = client.get(path)
    assert begun.status_code == 303, begun.get_data(as_text=True)
    return str(begun.location)


def way_back(url: str) -> str:
    """Visit the provider as a browser does and return the path it sends the browser back to."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return f"{back.path}?{back.query}"


def visit(client: FlaskClient, path: str = START) -> TestResponse:
    """Sign in at the provider and come back."""
    return client.get(way_back(to_provider(client, path)))


def know(database: Database, user: User, issuer: str, subject: str = "s-1") -> None:
    with database.write() as session:
        session.add(Identity(user_id=user.id, issuer=issuer, subject=subject, email=user.email))


def who(client: FlaskClient) -> str:
    """The address of who is signed in, "" for a visitor."""
    page = client.get("/account").get_data(as_text=True)
    found = re.search(r"<p>(\S+@\S+) ·", page)
    return found[1] if found else ""


# the way there and back


@pytest.fixture
def known(database: Database, people: People, provider: OpenIDProvider) -> User:
    """Alice, whose account is connected."""
    know(database, people.member_user, provider.url)
    return people.member_user


def test_who_is_connected_signs_in_and_lands_where_they_wanted_to_go(client: FlaskClient, known: User) -> None:
    page = client.get("/login?next=/company/people").get_data(as_text=True)
    link = re.search(r'href="(/login/oidc[^"]*)"[^>]*>.*?Mit Muster-Konto anmelden', page)
    assert link
    answer = visit(client, link[1])
    assert (answer.status_code, answer.location) == (303, "/company/people")
    assert who(client) == known.email


def test_the_provider_is_asked_with_code_flow_pkce_state_and_nonce(client: FlaskClient, known: User) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(to_provider(client)).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost/login/oidc/callback"
    assert asked["scope"] == "openid email profile"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    again = {name: values[0] for name, values in parse_qs(urlsplit(to_provider(client)).query).items()}
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_signing_in_gives_a_new_session(app: Flask, client: FlaskClient, known: User) -> None:
    back = way_back(to_provider(client))
    before = client.get_cookie("session")
    client.get(back)
    thief = app.test_client()
    assert before is not None
    thief.set_cookie("session", before.value)
    assert who(client) == known.email
    assert who(thief) == ""


def test_an_address_that_changed_there_changes_nothing_here(
    client: FlaskClient, known: User, provider: OpenIDProvider
) -> None:
    provider.person |= {"email": "bob@beispiel.example"}
    visit(client)
    assert who(client) == known.email


def test_a_provider_that_tells_the_address_elsewhere_is_asked_there(
    client: FlaskClient, people: People, provider: OpenIDProvider
) -> None:
    provider.wrong = {"email": None, "email_verified": None}
    visit(client)
    assert "alice@muster.example" in client.get("/login/oidc/first").get_data(as_text=True)
    assert "/userinfo" in provider.asked


def test_signing_out_ends_it_here_and_offers_it_there(
    client: FlaskClient, known: User, provider: OpenIDProvider
) -> None:
    visit(client)
    answer = post(client, "/logout", page="/account")
    assert answer.location == "/login/oidc/left"
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert f"{provider.url}/end?client_id={CLIENT}" in client.get("/login/oidc/left").get_data(as_text=True)
    assert who(client) == ""


def test_who_signed_in_with_a_password_is_not_sent_there(client: FlaskClient, known: User) -> None:
    sign_in(client, known)
    assert post(client, "/logout", page="/account").location == "/"


@pytest.mark.parametrize(("counted", "asked"), [((), True), (("mfa",), True), (("*",), False)])
@ON_SQLITE
def test_who_has_a_second_factor_is_asked_for_it_unless_the_provider_asks_for_one(
    app: Flask, client: FlaskClient, known: User, database: Database, counted: tuple[str, ...], asked: bool
) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], oidc_second_factor=counted)
    with database.write() as session:
        session.get_one(User, known.id).second_factor_at = utcnow()
    assert visit(client, "/login/oidc?next=/account").location == ("/login/code?next=/account" if asked else "/account")
    assert who(client) == ("" if asked else known.email)
    if asked:
        assert client.get("/login/code").status_code == 200


@pytest.mark.parametrize(("counted", "led"), [((), True), (("*",), False)])
@ON_SQLITE
def test_staff_need_no_second_factor_here_if_the_provider_asks_for_one(
    app: Flask,
    client: FlaskClient,
    people: People,
    provider: OpenIDProvider,
    database: Database,
    counted: tuple[str, ...],
    led: bool,
) -> None:
    know(database, people.curator_user, provider.url)
    changed = replace(app.extensions["settings"], oidc_second_factor=counted, second_factor="staff")
    app.extensions["settings"] = changed
    visit(client)
    assert client.get("/curation").location == ("/account/second-factor" if led else None)


# what is not believed


HOUR = 3600
WRONG = {
    "nonce": {"nonce": "another"}, "no nonce": {"nonce": None}, "issuer": {"iss": "https://evil.example"}, "issuer with slash": {"iss": "SLASH"},
    "audience": {"aud": "another-client"}, "more audiences": {"aud": [CLIENT, "another"], "azp": None}, "party": {"azp": "another-client"},
    "expired": {"exp": -HOUR}, "from the future": {"iat": HOUR, "exp": 2 * HOUR}, "not yet": {"nbf": HOUR}, "no end": {"exp": None},
    "no subject": {"sub": None}, "empty subject": {"sub": ""}, "long subject": {"sub": "x" * 256}, "number as subject": {"sub": 7},
    "hash of another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
@ON_SQLITE
def test_an_id_token_that_does_not_fit_signs_nobody_in(
    client: FlaskClient, known: User, provider: OpenIDProvider, case: str
) -> None:
    provider.wrong = dict(WRONG[case])
    if case == "issuer with slash":
        provider.wrong["iss"] = provider.url + "/"
    for name in {"exp", "iat", "nbf"} & set(provider.wrong):
        if provider.wrong[name] is not None:
            provider.wrong[name] += int(time.time())
    answer = visit(client)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "Sie sind nicht angemeldet" in page
    assert ("Uhr" in page) == (case in ("expired", "from the future", "not yet"))
    assert who(client) == ""


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
@ON_SQLITE
def test_only_signatures_of_the_provider_count(
    client: FlaskClient, known: User, provider: OpenIDProvider, algorithm: str
) -> None:
    provider.algorithm = algorithm
    assert visit(client).status_code == 400
    assert who(client) == ""


@ON_SQLITE
def test_a_key_that_is_not_the_providers_signs_nothing(
    client: FlaskClient, known: User, provider: OpenIDProvider
) -> None:
    provider.published = provider.keys()["keys"]
    forged = new_key().as_dict(private=True) | {"kid": provider.key.kid}  # the same name, another key
    provider.key = type(provider.key).import_key(forged)
    assert visit(client).status_code == 400
    assert who(client) == ""


@ON_SQLITE
def test_a_rotated_key_is_fetched(client: FlaskClient, known: User, provider: OpenIDProvider) -> None:
    visit(client)
    provider.key = new_key()
    post(client, "/logout", page="/account")
    assert visit(client).status_code == 303
    assert who(client) == known.email
    assert provider.asked.count("/keys") == 2, "asked once more when a key is unknown, remembered otherwise"


@ON_SQLITE
def test_a_code_works_once(app: Flask, client: FlaskClient, known: User) -> None:
    begun = to_provider(client)
    cookie = client.get_cookie("session")
    assert cookie is not None
    back = way_back(begun)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 400, "the state is used up"
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert thief.get(back).status_code == 400, "and so is the code, even with the state"
    assert who(thief) == ""


@ON_SQLITE
def test_the_answer_to_one_browser_is_worth_nothing_in_another(app: Flask, client: FlaskClient, known: User) -> None:
    other = app.test_client()
    theirs = way_back(to_provider(other))
    assert client.get(theirs).status_code == 400, "nothing was begun here"
    mine = to_provider(client)
    assert client.get(theirs).status_code == 400, "something else was begun here"
    assert who(client) == ""
    assert client.get(way_back(mine)).status_code == 303, "a foreign answer does not spoil what was begun here"


@ON_SQLITE
def test_a_code_without_its_verifier_is_refused(client: FlaskClient, known: User) -> None:
    back = way_back(to_provider(client))
    with client.session_transaction() as kept:
        kept["oidc"] = kept["oidc"] | {"verifier": "x" * 43}
    assert client.get(back).status_code == 400
    assert who(client) == ""


@pytest.mark.parametrize("sender", ["https://evil.example", None, ""])
@ON_SQLITE
def test_an_answer_of_another_provider_is_refused(
    client: FlaskClient, known: User, provider: OpenIDProvider, sender: str | None
) -> None:
    provider.answered = {"iss": sender}
    assert visit(client).status_code == 400
    assert "/token" not in provider.asked, "the code is not shown to anybody"


@ON_SQLITE
def test_what_another_issuer_calls_the_same_is_somebody_else(
    client: FlaskClient, people: People, database: Database, provider: OpenIDProvider
) -> None:
    know(database, people.member_user, "https://another.example")
    assert visit(client).location == "/login/oidc/first"
    assert who(client) == ""


@ON_SQLITE
def test_a_locked_account_stays_locked(client: FlaskClient, known: User, database: Database, people: People) -> None:
    with database.write() as session:
        accounts_of_people.deactivate(session, people.admin, session.get_one(User, known.id))
    assert "gesperrt" in visit(client).get_data(as_text=True)
    assert who(client) == ""


# what goes wrong


@pytest.mark.parametrize(
    ("answered", "status", "text"),
    [
        ({"code": None, "error": "access_denied"}, 400, "abgebrochen oder nicht erlaubt"),
        ({"code": None, "error": "temporarily_unavailable", "error_description": "<b>x</b>"}, 503, "antwortet dort gerade nicht"),
        ({"code": None}, 503, "antwortet dort gerade nicht"),
        ({"state": None}, 400, "nicht in diesem Browser begonnen"),
        ({"state": "x"}, 400, "nicht in diesem Browser begonnen"),
        ({"code": "made up"}, 400, "Beginnen Sie die Anmeldung noch einmal"),
    ],
)  # fmt: skip
@ON_SQLITE
def test_what_goes_wrong_ends_on_a_page_that_says_what_to_do(
    client: FlaskClient, known: User, provider: OpenIDProvider, answered: dict[str, str | None], status: int, text: str
) -> None:
    provider.answered = answered
    answer = visit(client)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert text in page
    assert 'href="/login/oidc"' in page
    assert "<b>x</b>" not in page


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
@ON_SQLITE
def test_a_provider_that_is_down_is_not_our_error(
    client: FlaskClient, known: User, provider: OpenIDProvider, database: Database, path: str
) -> None:
    provider.down = {path}
    answer = client.get(START) if "well-known" in path else visit(client)
    assert answer.status_code == 503
    assert "Passwort für den Modulkatalog" in answer.get_data(as_text=True)
    sign_in(client, known)


@ON_SQLITE
def test_a_provider_that_does_not_exist_any_more_is_not_our_error(app: Flask, client: FlaskClient) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], oidc_issuer="http://127.0.0.1:9")
    assert client.get(START).status_code == 503


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"authorization_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"}, {"padding": "x" * 300_000},
    ],
)  # fmt: skip
@ON_SQLITE
def test_a_description_that_cannot_be_trusted_is_not_followed(
    client: FlaskClient, provider: OpenIDProvider, described: dict[str, str | None]
) -> None:
    provider.described = described
    assert client.get(START).status_code == 503


@pytest.mark.parametrize("keys", [[], [{"kty": "oct", "k": "AAAA", "kid": "x"}], [{"kty": "RSA"}], ["text"], "text"])
@ON_SQLITE
def test_keys_that_are_none_are_not_our_error(
    client: FlaskClient, known: User, provider: OpenIDProvider, keys: list[dict[str, str]]
) -> None:
    provider.published = keys
    assert visit(client).status_code in (400, 503)
    assert who(client) == ""


# the first time


def of_alice(database: Database) -> list[Identity]:
    with database.read() as session:
        return list(session.scalars(select(Identity)))


def test_an_existing_account_is_connected_only_by_who_knows_its_password(
    client: FlaskClient, people: People, database: Database, provider: OpenIDProvider
) -> None:
    assert visit(client).location == "/login/oidc/first"
    assert "Sie haben schon ein Konto" in client.get("/login/oidc/first").get_data(as_text=True)
    assert post(client, "/login/oidc/first", {"name": "Eve"}).status_code != 200
    assert who(client) == ""
    assert of_alice(database) == []
    answer = post(
        client, "/login", {"email": "alice@muster.example", "password": PASSWORD, "next": "/login/oidc/first"}
    )
    assert answer.location == "/login/oidc/first"
    assert "Mit Muster-Konto verbinden?" in client.get("/login/oidc/first").get_data(as_text=True)
    assert of_alice(database) == [], "a click is needed"
    assert post(client, "/account/identities").status_code == 303
    assert [(one.user_id, one.subject) for one in of_alice(database)] == [(people.member_user.id, "s-1")]
    with database.read() as session:
        assert "auch mit Ihrem Firmenkonto" in session.scalars(select(OutboxMail.text)).one()
    post(client, "/logout", page="/account")
    visit(client)
    assert who(client) == "alice@muster.example"


@ON_SQLITE
def test_what_somebody_else_left_behind_in_the_browser_is_not_connected(
    client: FlaskClient, people: People, database: Database
) -> None:
    visit(client)
    sign_in(client, people.stranger_user)
    post(client, "/account/identities")
    assert of_alice(database) == []
    assert "andere" in client.get("/account").get_data(as_text=True)


@pytest.mark.parametrize(
    "said", [{"email_verified": False}, {"email_verified": None}, {"email": None}, {"email": "kein"}]
)
@ON_SQLITE
def test_an_address_that_nobody_verified_opens_nothing(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database, said: dict[str, object]
) -> None:
    provider.person |= said
    visit(client)
    assert "nicht bestätigt" in client.get("/login/oidc/first").get_data(as_text=True)
    post(client, "/login/oidc/first", {"name": "Eve", "company": "Muster AG"})
    with database.read() as session:
        assert session.scalars(select(Invitation)).all() == []
    assert of_alice(database) == []


def test_a_new_person_asks_and_the_domain_says_which_company_decides(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Company, people.company.id).email_domains = ["muster.example"]
    provider.person = {"sub": "s-2", "email": "neu@muster.example", "email_verified": True, "name": "Nina Neu"}
    visit(client)
    page = client.get("/login/oidc/first").get_data(as_text=True)
    assert 'value="Nina Neu"' in page
    assert 'value="Muster AG"' in page
    assert post(client, "/login/oidc/first", {"name": "", "company": "Muster AG"}).status_code == 422
    post(client, "/login/oidc/first", {"name": "Nina Neu", "company": "Muster AG"})
    with database.read() as session:
        request = session.scalars(select(Invitation)).one()
        told = session.scalars(select(OutboxMail.to)).all()
    assert (request.company_id, request.role, request.verified_at is not None) == (people.company.id, "member", True)
    assert told == ["anton@muster.example"]
    assert who(client) == "", "nobody is let in before somebody decides"
    assert "Ihre Anfrage liegt vor" in client.get("/login/oidc/first").get_data(as_text=True)
    post(client, "/login/oidc/first", {"name": "Nina Neu", "company": "Muster AG"})
    with database.read() as session:
        assert len(session.scalars(select(Invitation)).all()) == 1


@ON_SQLITE
def test_while_no_requests_are_taken_nobody_new_asks_that_way(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Company, people.company.id).email_domains = ["muster.example"]
        switches.close_requests(session, people.admin, "Bis Januar.")
    provider.person = {"sub": "s-2", "email": "neu@muster.example", "email_verified": True, "name": "Nina Neu"}
    visit(client)
    shown = client.get("/login/oidc/first")
    assert (shown.status_code, "Bis Januar." in shown.get_data(as_text=True)) == (200, True)
    assert post(client, "/login/oidc/first", {"name": "Nina Neu", "company": "Muster AG"}).status_code == 409
    with database.read() as session:
        assert session.scalars(select(Invitation)).all() == []


@ON_SQLITE
def test_staff_sign_in_that_way_in_maintenance(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database
) -> None:
    know(database, people.admin_user, provider.url)
    with database.write() as session:
        switches.set_mode(session, SYSTEM, Plan(Mode.MAINTENANCE, "Umzug."))
    assert client.get("/").status_code == 503
    assert visit(client).status_code == 303
    assert client.get("/").status_code == 200
    assert who(client) == people.admin_user.email


@ON_SQLITE
def test_nobody_gets_an_account_in_maintenance(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        company = session.get_one(Company, people.company.id)
        invitations.invite(session, settings, people.company_admin, company, InvitationInput("neu@muster.example"))
        switches.set_mode(session, SYSTEM, Plan(Mode.MAINTENANCE, "Umzug."))
    provider.person = {"sub": "s-2", "email": "neu@muster.example", "email_verified": True}
    visit(client)
    assert post(client, "/login/oidc/first", {"name": "Nina Neu"}).status_code == 503
    assert of_alice(database) == []


@ON_SQLITE
def test_who_is_invited_has_an_account_with_one_click_and_without_a_password(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        company = session.get_one(Company, people.company.id)
        invitations.invite(session, settings, people.company_admin, company, InvitationInput("neu@muster.example"))
    provider.person = {"sub": "s-2", "email": "Neu@Muster.example", "email_verified": True, "name": "Nina\nNeu"}
    visit(client)
    assert "Muster AG hat Sie eingeladen" in client.get("/login/oidc/first").get_data(as_text=True)
    assert post(client, "/login/oidc/first", {"name": "Nina Neu"}).status_code == 303
    assert who(client) == "neu@muster.example"
    with database.read() as session:
        user = session.scalars(select(User).where(User.email == "neu@muster.example")).one()
    assert (user.password_hash, user.network_role) == (None, None)
    assert post(client, f"/account/identities/{of_alice(database)[0].id}/remove").status_code == 303
    assert "Sonst kämen Sie nicht mehr hinein" in client.get("/account").get_data(as_text=True)
    assert len(of_alice(database)) == 1


@ON_SQLITE
def test_nobody_enters_the_network_office_that_way(
    client: FlaskClient, people: People, provider: OpenIDProvider, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        invitations.invite_staff(
            session, settings, people.admin, InvitationInput("chef@netz.example", role=NetworkRole.ADMIN.value)
        )
    provider.person = {"sub": "s-3", "email": "chef@netz.example", "email_verified": True, "roles": ["admin"]}
    visit(client)
    assert "Zugang anfragen" in client.get("/login/oidc/first").get_data(as_text=True)
    post(client, "/login/oidc/first", {"name": "Chef", "company": "Netz"})
    assert who(client) == ""


@ON_SQLITE
def test_what_was_proved_too_long_ago_is_worth_nothing(client: FlaskClient, people: People) -> None:
    visit(client)
    with client.session_transaction() as kept:
        kept["proof"] = kept["proof"] | {"proved_at": int(time.time()) - 700}
    assert "zu lange her" in client.get("/login/oidc/first").get_data(as_text=True)
    assert client.get("/login/oidc/first").status_code == 400
    sign_in(client, people.member_user)
    assert post(client, "/account/identities").status_code == 400


# the own account


@ON_SQLITE
def test_people_connect_and_disconnect_in_their_account(
    app: Flask, client: FlaskClient, people: People, provider: OpenIDProvider, database: Database
) -> None:
    provider.person |= {"email": "privat@anderswo.example", "email_verified": False}
    phone = app.test_client()
    for browser in (client, phone):
        sign_in(browser, people.member_user)
    assert 'href="/login/oidc"' in client.get("/account").get_data(as_text=True)
    assert visit(client).location == "/login/oidc/first"
    post(client, "/account/identities")
    assert "privat@anderswo.example" in client.get("/account").get_data(as_text=True)
    (made,) = of_alice(database)
    stranger = app.test_client()
    sign_in(stranger, people.stranger_user)
    assert post(stranger, f"/account/identities/{made.id}/remove").status_code == 404
    post(client, f"/account/identities/{made.id}/remove")
    assert of_alice(database) == []
    assert who(client) == "alice@muster.example"
    assert who(phone) == "", "all other sign-ins end"
    with database.read() as session:
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [action for action in actions if action.startswith("identity")] == [
        "identity.connected",
        "identity.disconnected",
    ]


@ON_SQLITE
def test_one_account_elsewhere_belongs_to_one_person(
    client: FlaskClient, people: People, known: User, database: Database
) -> None:
    sign_in(client, people.stranger_user)
    visit(client)
    post(client, "/account/identities")
    assert [one.user_id for one in of_alice(database)] == [known.id]
    assert "gehört schon zu einem anderen Konto" in client.get("/account").get_data(as_text=True)


def test_without_a_provider_there_is_no_such_page(made_app: Flask, settings: Settings, app: Flask) -> None:
    app.extensions["settings"] = replace(settings, oidc_issuer="")
    client = app.test_client()
    assert client.get(START).status_code == 404
    assert "/login/oidc" not in client.get("/login").get_data(as_text=True)


@pytest.mark.parametrize(
    ("said", "accepted"),
    [({"auth_time": 0}, True), ({"auth_time": -HOUR}, False), ({}, False), ({"sub": "s-9"}, False)],
)
@ON_SQLITE
def test_who_has_no_password_proves_there_that_they_still_sit_here(
    client: FlaskClient, known: User, provider: OpenIDProvider, database: Database, said: dict[str, int], accepted: bool
) -> None:
    visit(client)
    make_stale(database)
    provider.person |= said
    if "auth_time" in said:
        provider.person["auth_time"] += int(time.time())
    (made,) = of_alice(database)
    page = post(client, f"/account/identities/{made.id}/remove")
    assert page.status_code == 403
    link = re.search(r'href="(/login/oidc[^"]*again=1[^"]*)"', page.get_data(as_text=True))
    assert link
    begun = to_provider(client, link[1].replace("&amp;", "&"))
    assert "prompt=login" in begun
    assert "max_age=0" in begun
    assert client.get(way_back(begun)).status_code == (303 if accepted else 400)
    assert post(client, f"/account/identities/{made.id}/remove").status_code == (303 if accepted else 403)


# settings


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"oidc_issuer": "http://login.example"}, "https"), ({"oidc_client_id": ""}, "CATALOGUE_OIDC_CLIENT_ID"),
        ({"oidc_scopes": ("email",)}, "openid"),
    ],
)  # fmt: skip
@ON_SQLITE
def test_what_cannot_work_stops_the_start(settings: Settings, change: dict[str, object], text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        create_app(replace(settings, **change))


@ON_SQLITE
def test_missing_packages_stop_the_start_with_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = identities.importlib.util.find_spec
    monkeypatch.setattr(identities.importlib.util, "find_spec", lambda name: None if name == "authlib" else found(name))
    with pytest.raises(SettingsError, match=r"authlib: pip install 'modulkatalog\[oidc\]'"):
        create_app(settings)


@pytest.mark.parametrize(
    ("counted", "said", "expected"),
    [
        ((), {"acr": "mfa", "amr": ["mfa"]}, False), (("mfa",), {"amr": ["pwd", "mfa"]}, True), (("gold",), {"acr": "gold"}, True),
        (("gold",), {"acr": "silver", "amr": ["pwd"]}, False), (("*",), {}, True), (("mfa",), {"acr": ["mfa"], "amr": [None, 7]}, False),
    ],
)  # fmt: skip
@ON_SQLITE
def test_the_settings_say_what_counts_as_second_factor(
    settings: Settings, counted: tuple[str, ...], said: dict[str, object], expected: bool
) -> None:
    from catalogue.services.openid import Provider

    claims = {"sub": "s", "iat": 1, **said}
    proof: Proof = Provider(replace(settings, oidc_second_factor=counted))._proof(claims)
    assert proof.second_factor is expected


def test_the_libraries_are_loaded_only_with_a_provider() -> None:
    """They are an extra: only services/openid.py imports them, and nothing imports that before somebody signs in."""
    found = [path.name for path in (ROOT / "catalogue").rglob("*.py") if EXTRA.search(path.read_text(encoding="utf-8"))]
    assert found == ["openid.py"]
