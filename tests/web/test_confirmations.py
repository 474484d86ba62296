"""The provider's link: one answer without a login, nothing live but the confirmation, nothing changed by looking."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import Confirmation, ConfirmationAnswer, Module, OutboxMail, PendingVersion, WorkflowState
from catalogue.services import confirmations, modules
from catalogue.services.errors import NotAllowed
from catalogue.settings import Settings
from tests import factories
from tests.browsing import csrf_token, post, sign_in
from tests.conftest import People
from tests.web.test_curation import TAG, hidden

LINK = re.compile(r"/confirm/([\w-]{43})")
SLUG = "lager-und-recht"


@pytest.fixture
def token(database: Database, settings: Settings, people: People) -> str:
    """What the provider of a published module got by mail."""
    with database.write() as session:
        provider = factories.make_provider(
            session, "SLV Halle", contact_email="kurs@slv.example", contact_name="Eva Kurs"
        )
        factories.make_module(
            session, f"Lager {TAG}", slug=SLUG, provider=provider, summary="Alt.", price_text="10 €", runs=[]
        )
    return ask(database, settings, people)


def ask(database: Database, settings: Settings, people: People) -> str:
    with database.write() as session:
        module = modules.get(session, people.curator, SLUG)
        asked = confirmations.ask(session, settings, people.curator, [module])
        assert asked.sent == (module,)
        mail = session.scalars(select(OutboxMail).order_by(OutboxMail.created_at.desc())).first()
        assert mail is not None
        found = LINK.search(mail.text)
        assert found
        return found[1]


def stored(database: Database) -> Module:
    with database.read() as session:
        return session.scalars(select(Module)).one()


def waiting(database: Database) -> PendingVersion | None:
    with database.read() as session:
        return session.scalars(select(PendingVersion)).one_or_none()


def answer(client: FlaskClient, token: str, verb: str, values: dict[str, Any] | None = None) -> Any:
    return post(client, f"/confirm/{token}/{verb}", values, page=f"/confirm/{token}")


def test_the_mail_names_module_and_way_and_only_a_hash_is_kept(database: Database, token: str) -> None:
    with database.read() as session:
        mail = session.scalars(select(OutboxMail)).one()
        question = session.scalars(select(Confirmation)).one()
    assert mail.to == "kurs@slv.example"
    assert "Guten Tag Eva Kurs" in mail.text
    assert token not in question.token_hash
    assert question.asked_by == "Clara Netz"


def test_looking_changes_nothing_and_everything_is_escaped(client: FlaskClient, database: Database, token: str) -> None:
    before = stored(database).version
    for path in (f"/confirm/{token}", f"/confirm/{token}/change"):
        for _ in range(2):
            found = client.get(path)
            page = found.get_data(as_text=True)
            assert found.status_code == 200
            assert TAG not in page
            assert "Lager &lt;script&gt;" in page
            assert found.headers["Cache-Control"] == "no-store"
            assert found.headers["X-Robots-Tag"] == "noindex"
    assert client.get(f"/confirm/{token}/still").status_code == 405
    assert client.get(f"/confirm/{token}/gone").status_code == 405
    assert client.post(f"/confirm/{token}/still").status_code == 400
    assert stored(database).version == before
    assert stored(database).confirmed_at is None


def test_still_right_is_noted_at_once_and_only_once(client: FlaskClient, database: Database, token: str) -> None:
    done = answer(client, token, "still")
    assert done.status_code == 303
    assert "heute bestätigt" in client.get(done.headers["Location"]).get_data(as_text=True)
    module = stored(database)
    assert (module.confirmed_at is not None, module.confirmed_by) == (True, "SLV Halle")
    again = client.get(f"/confirm/{token}")
    assert again.status_code == 410
    assert "schon beantwortet" in again.get_data(as_text=True)
    assert post(client, f"/confirm/{token}/gone").status_code == 410
    assert waiting(database) is None


def test_a_change_waits_for_staff_with_the_provider_as_author(
    app: Flask, client: FlaskClient, database: Database, people: People, token: str
) -> None:
    page = client.get(f"/confirm/{token}/change").get_data(as_text=True)
    sent = {
        "title": f"Lager {TAG}", "summary": f"Neu {TAG}", "price_text": "20 €", "note": "Im Mai neu.",
        "version": hidden(page, "version"), "state": "archived", "provider": "x",
    }  # fmt: skip
    assert answer(client, token, "change", sent).status_code == 303
    module = stored(database)
    assert (module.summary, module.price_text, module.state) == ("Alt.", "10 €", WorkflowState.PUBLISHED)
    found = waiting(database)
    assert found is not None
    assert (found.user_label, found.note, found.archive_wanted) == ("kurs@slv.example", "Im Mai neu.", False)
    staff = app.test_client()
    sign_in(staff, people.curator_user)
    shown = staff.get(f"/curation/modules/{SLUG}/pending").get_data(as_text=True)
    assert "kurs@slv.example" in shown
    assert "<ins>20</ins>" in shown
    assert TAG not in shown
    buttons = {name: hidden(shown, name) for name in ("version", "waiting")}
    assert post(staff, f"/curation/modules/{SLUG}/pending/accept", buttons).status_code == 303
    assert stored(database).price_text == "20 €"
    assert client.get(f"/confirm/{token}/change").status_code == 410


def test_gone_waits_for_staff_who_archive(
    app: Flask, client: FlaskClient, database: Database, people: People, token: str
) -> None:
    assert answer(client, token, "gone", {"note": "x" * 2001}).status_code == 422
    assert answer(client, token, "gone", {"note": "Eingestellt."}).status_code == 303
    assert stored(database).state == WorkflowState.PUBLISHED
    staff = app.test_client()
    sign_in(staff, people.curator_user)
    assert "gibt es nicht mehr" in staff.get("/curation/pending").get_data(as_text=True)
    shown = staff.get(f"/curation/modules/{SLUG}/pending").get_data(as_text=True)
    assert "Eingestellt." in shown
    buttons = {name: hidden(shown, name) for name in ("version", "waiting")}
    assert post(staff, f"/curation/modules/{SLUG}/pending/archive", buttons).status_code == 303
    assert stored(database).state == WorkflowState.ARCHIVED


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"expires_at": utcnow() - timedelta(seconds=1)}, "abgelaufen"),
        ({"revoked_at": utcnow()}, "neueren geschickt"),
        ({"used_at": utcnow(), "answer": ConfirmationAnswer.GONE}, "schon beantwortet"),
        ({}, "Diesen Link gibt es nicht"),
    ],
)
def test_links_that_ended_say_why(
    client: FlaskClient, database: Database, token: str, change: dict[str, Any], text: str
) -> None:
    with database.write() as session:
        question = session.scalars(select(Confirmation)).one()
        for name, value in change.items():
            setattr(question, name, value)
    tried = token if change else "x" * 43
    for path in (f"/confirm/{tried}", f"/confirm/{tried}/change"):
        found = client.get(path)
        assert (found.status_code, text in found.get_data(as_text=True)) == (410, True)
    for verb in ("still", "gone", "change"):
        assert post(client, f"/confirm/{tried}/{verb}", {"title": "Neu"}).status_code == 410
    assert stored(database).confirmed_at is None
    assert waiting(database) is None


def test_a_new_question_ends_the_old_link_and_an_archived_module_asks_nothing(
    client: FlaskClient, database: Database, settings: Settings, people: People, token: str
) -> None:
    with database.write() as session:
        module = modules.get(session, people.curator, SLUG)
        assert confirmations.ask(session, settings, people.curator, [module]).asked_before == (module,)
        session.scalars(select(Confirmation)).one().created_at = utcnow() - timedelta(days=8)
    fresh = ask(database, settings, people)
    assert client.get(f"/confirm/{token}").status_code == 410
    assert client.get(f"/confirm/{fresh}").status_code == 200
    with database.write() as session:
        session.scalars(select(Module)).one().state = WorkflowState.ARCHIVED
    assert "nicht mehr im Katalog" in client.get(f"/confirm/{fresh}").get_data(as_text=True)


def test_odd_changes_are_refused_and_the_link_still_works(client: FlaskClient, database: Database, token: str) -> None:
    version = hidden(client.get(f"/confirm/{token}/change").get_data(as_text=True), "version")
    same = {"title": f"Lager {TAG}", "summary": "Alt.", "price_text": "10 €", "version": version}
    for odd in (
        {}, {"title": ""}, {"title": "x" * 301}, {"summary": "x" * 2001}, {"source_url": "javascript:alert(1)"},
        {"note": "x" * 2001}, {"contents": "\n".join("x" * 101)}, {"contents": "x" * 1001},
    ):  # fmt: skip
        assert answer(client, token, "change", same | odd).status_code == 422, odd
    assert answer(client, token, "change", same | {"summary": "\0"}).status_code == 400
    stale = answer(client, token, "change", same | {"summary": "Neu.", "version": "99"})
    assert stale.status_code == 409
    assert "Neu." in stale.get_data(as_text=True)
    assert "Jetzt im Katalog: Alt." in stale.get_data(as_text=True)
    assert waiting(database) is None
    assert client.get(f"/confirm/{token}").status_code == 200


def test_only_staff_ask_and_confirm(database: Database, settings: Settings, people: People, token: str) -> None:
    with database.write() as session:
        module = modules.get(session, people.curator, SLUG)
        for actor in (people.visitor, people.member, people.company_admin):
            with pytest.raises(NotAllowed):
                confirmations.ask(session, settings, actor, [module])
            with pytest.raises(NotAllowed):
                confirmations.confirm(session, actor, module, None)


def test_staff_see_what_is_stale_ask_for_a_selection_and_confirm(
    app: Flask, database: Database, people: People, token: str
) -> None:
    with database.write() as session:
        provider = factories.make_provider(session, "Akademie", contact_email="post@akademie.example")
        for title in ("Erstes", "Zweites"):
            factories.make_module(session, title, provider=provider, summary="Satz.")
        factories.make_module(session, "Ohne Anbieter")
    staff = app.test_client()
    sign_in(staff, people.curator_user)
    page = staff.get("/curation/stale").get_data(as_text=True)
    assert page.count('name="module"') == 3
    assert "gefragt am" in page
    assert "Anbieter nicht zugeordnet" in page
    asked = post(staff, "/curation/stale/ask", {"module": ["erstes", "zweites", "ohne-anbieter", "x", SLUG]})
    page = staff.get(asked.headers["Location"]).get_data(as_text=True)
    assert "Die Anbieter von 2 Modulen sind gefragt." in page
    assert "schon gefragt" in page
    with database.read() as session:
        mails = session.scalars(select(OutboxMail).where(OutboxMail.to == "post@akademie.example")).all()
    assert [len(LINK.findall(mail.text)) for mail in mails] == [2]
    for query, number in (("asked=yes", 3), ("asked=silent", 3), ("asked=no", 0), ("asked=x&page=-1&sort=y", 3)):
        assert staff.get(f"/curation/stale?{query}").get_data(as_text=True).count('name="module"') == number, query
    form = staff.get("/curation/modules/erstes").get_data(as_text=True)
    assert "Noch nie bestätigt." in form
    assert post(staff, "/curation/modules/erstes/confirm", {"version": "99"}).status_code == 409
    assert post(staff, "/curation/modules/erstes/confirm", {"version": hidden(form, "version")}).status_code == 303
    assert "von Netzwerkbüro" in staff.get("/curation/modules/erstes").get_data(as_text=True)
    assert "Erstes" not in staff.get("/curation/stale").get_data(as_text=True)
    assert "bestätigt" in staff.get("/curation/modules/erstes/history").get_data(as_text=True)
    assert post(staff, "/curation/stale/ask").status_code == 303
    assert post(staff, f"/curation/modules/{SLUG}/ask").status_code == 303


def test_the_table_sorts_by_how_complete_modules_are(app: Flask, database: Database, people: People) -> None:
    with database.write() as session:
        factories.make_module(session, "Leer")
        factories.make_module(session, "Voll", summary="Satz.", contents=["Zelle"], place_text="Jena")
    staff = app.test_client()
    sign_in(staff, people.curator_user)
    page = staff.get("/curation/modules?sort=complete").get_data(as_text=True)
    assert page.index("Leer</a>") < page.index("Voll</a>")
    assert "0 von 15" in page
    assert "3 von 15" in page
    page = staff.get("/curation/modules?sort=-complete").get_data(as_text=True)
    assert page.index("Voll</a>") < page.index("Leer</a>")


def test_two_answers_at_once_count_once(app: Flask, database: Database, token: str) -> None:
    browsers = [app.test_client() for _ in range(4)]
    tokens = [csrf_token(browser, f"/confirm/{token}") for browser in browsers]

    def press(number: int) -> int:
        verb = ("still", "gone")[number % 2]
        return browsers[number].post(f"/confirm/{token}/{verb}", data={"csrf_token": tokens[number]}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(press, range(4))) == [303, 410, 410, 410]
    assert (stored(database).confirmed_at is None) == (waiting(database) is not None)
