"""Links in digests on the web: looking at one changes nothing, no sign-in is needed, one click ends the mails."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import Demand, DemandSource, Digest, Frequency, Wish, WishState
from catalogue.services import demand, digest_choices, mail_links, wish_answers, wishes
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.wish_answers import AnswerInput
from catalogue.services.wishes import WishInput
from catalogue.settings import Settings
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People


@pytest.fixture
def paths(database: Database, settings: Settings, people: People) -> dict[str, str]:
    """Addresses of Alice's links."""
    with database.write() as session:
        module = factories.make_module(session, "Lagerung")
        said = OnBehalf(people.company.slug, DemandSource.CALL, utcnow().date())
        entered = demand.mark(session, people.curator, module, DemandInput(people=3), on_behalf=said)
        wish = wishes.get(session, people.curator, wishes.create(session, people.member, WishInput("Brand")).id)
        wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.QUESTION, "Welche Anlage?"))
        session.flush()
        user, site = people.member_user, settings.base_url.rstrip("/")
        found = {
            "confirm": mail_links.make(settings, mail_links.CONFIRM, user, entered),
            "answer": mail_links.make(settings, mail_links.ANSWER, user, wish),
            "unsubscribe": digest_choices.link_of(settings, user.id),
        }
    return {name: address.removeprefix(site) for name, address in found.items()}


def test_looking_at_a_link_changes_nothing_its_button_does_once(
    client: FlaskClient, database: Database, paths: dict[str, str]
) -> None:
    for _ in range(2):
        page = client.get(paths["confirm"])
        assert page.status_code == 200
        assert "Lagerung" in page.get_data(as_text=True)
        assert page.headers["Cache-Control"] == "no-store"
    with database.read() as session:
        assert session.scalars(select(Demand)).one().confirmed_at is None
    assert client.post(paths["confirm"]).status_code == 400, "only from the page"
    assert post(client, paths["confirm"]).headers["Location"] == "/mail/thanks"
    assert client.get("/mail/thanks").status_code == 200
    assert post(client, paths["confirm"]).status_code == 410
    assert "schon erledigt" in client.get(paths["confirm"]).get_data(as_text=True)
    with database.read() as session:
        assert session.scalars(select(Demand)).one().confirmed_at is not None


def test_an_answer_is_written_without_signing_in(
    client: FlaskClient, database: Database, paths: dict[str, str]
) -> None:
    assert "Welche Anlage?" in client.get(paths["answer"]).get_data(as_text=True)
    assert post(client, paths["answer"], {"text": " "}).status_code == 422
    assert post(client, paths["answer"], {"text": "Halle 2"}).status_code == 303
    assert post(client, paths["answer"], {"text": "Halle 3"}).status_code == 410
    with database.read() as session:
        assert "Halle 2" in session.scalars(select(Wish)).one().text


@pytest.mark.parametrize(
    "path", ["/mail/confirm/x", "/mail/answer/ü", "/mail/confirm/" + "A" * 102, "/mail/answer/%00"]
)
def test_links_that_never_were_say_so(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in {400, 410}
    assert post(client, path).status_code in {400, 410}


def test_one_click_ends_the_mails_and_the_account_page_brings_them_back(
    client: FlaskClient, database: Database, people: People, paths: dict[str, str]
) -> None:
    assert "Mails abbestellen?" in client.get(paths["unsubscribe"]).get_data(as_text=True)
    with database.read() as session:
        assert session.get(Digest, people.member_user.id) is None
    ended = client.post(paths["unsubscribe"], data={"List-Unsubscribe": "One-Click"})
    assert (ended.status_code, "Abbestellt" in ended.get_data(as_text=True)) == (200, True)
    assert client.post(paths["unsubscribe"][:-1] + "x").status_code == 410
    sign_in(client, people.member_user)
    assert 'value="off" checked' in client.get("/account").get_data(as_text=True)
    assert post(client, "/account/digest", {"frequency": "monthly"}).status_code == 303
    assert post(client, "/account/digest", {"frequency": "daily"}).status_code == 422
    with database.read() as session:
        assert session.get_one(Digest, people.member_user.id).frequency == Frequency.MONTHLY
