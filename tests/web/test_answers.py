"""Companies answer without an account: by a mailed link what staff entered, by the link on a sheet what they need."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Database, utcnow
from catalogue.models import (
    CompanyLink,
    Demand,
    DemandSource,
    LinkPurpose,
    Membership,
    Module,
    OutboxMail,
    Purpose,
    Relevance,
)
from catalogue.services import company_links, demand, demand_links
from catalogue.services import people as people_service
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.permissions import SYSTEM
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE
DAY = utcnow().date() - timedelta(days=1)


@pytest.fixture
def modules(database: Database, people: People) -> list[Module]:
    """Two modules that staff entered for the company, and one more."""
    with database.write() as session:
        made = [factories.make_module(session, title) for title in ("Zellprüfung", "Packmontage", "Recycling")]
        for module in made[:2]:
            said = OnBehalf(people.company.slug, DemandSource.VISIT, DAY)
            demand.mark(session, people.curator, module, DemandInput(Relevance.MUST, people=4), said)
        return made


@pytest.fixture
def mailed(app: Flask, modules: list[Module], database: Database, people: People) -> str:
    """The path of the link that was mailed to the company's admin."""
    with database.write() as session:
        to = demand_links.ask(session, app.extensions["settings"], people.curator, people.company)
        assert to == [people.company_admin_user.email]
    with database.read() as session:
        mail = session.scalars(select(OutboxMail)).one()
        link = session.scalars(select(CompanyLink)).one()
        token = company_links.token_of(app.extensions["settings"], link)
        assert f"/answer/{token}" in mail.text
        return f"/answer/{token}"


def sheet(app: Flask, database: Database, people: People, modules: list[Module]) -> str:
    with database.write() as session:
        ids = [module.id for module in modules]
        link = company_links.create(session, people.curator, people.company, LinkPurpose.SHEET, ids)
        return f"/answer/{company_links.token_of(app.extensions['settings'], link)}"


def stored(database: Database) -> dict[str, Demand]:
    with database.read() as session:
        rows = session.execute(select(Module.slug, Demand).join(Demand, Demand.module_id == Module.id))
        return {row[0]: row[1] for row in rows}


def test_a_company_confirms_and_refuses_by_mail_once(client: FlaskClient, mailed: str, database: Database) -> None:
    page = client.get(mailed)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Zellprüfung" in page.get_data(as_text=True)
    first, second = (stored(database)[slug] for slug in ("zellpruefung", "packmontage"))
    answers: dict[str, Any] = {f"answer-{first.id}": "confirm", f"answer-{second.id}": "refuse"}
    refused = post(client, mailed, answers)
    assert refused.status_code == 422
    assert "Schreiben Sie in einem Satz" in refused.get_data(as_text=True)
    answers |= {f"reason-{second.id}": "Das macht ein Dienstleister.", f"version-{first.id}": first.version}
    assert post(client, mailed, answers).headers["Location"].endswith("/answer/thanks")
    found = stored(database)
    assert found["zellpruefung"].confirmed_at is not None
    assert (found["packmontage"].refusal, found["packmontage"].withdrawn_at is not None) == (
        "Das macht ein Dienstleister.", True,
    )  # fmt: skip
    assert client.get(mailed).status_code == 410
    assert post(client, mailed, answers).status_code == 410


def test_everything_is_confirmed_with_one_click_or_later(client: FlaskClient, mailed: str, database: Database) -> None:
    assert post(client, mailed, {}).headers["Location"].endswith(mailed)
    post(client, mailed, {"all": "1"})
    assert all(one.confirmed_at for one in stored(database).values())


def test_what_changed_meanwhile_is_not_confirmed_unseen(client: FlaskClient, mailed: str, database: Database) -> None:
    answers = {
        f"{name}-{one.id}": value
        for one in stored(database).values()
        for name, value in (("answer", "confirm"), ("version", 77))
    }
    assert post(client, mailed, answers).status_code == 409
    assert not any(one.confirmed_at for one in stored(database).values())


def test_a_sheet_is_filled_in_without_account_and_shows_nothing_said_before(
    app: Flask, client: FlaskClient, database: Database, people: People, modules: list[Module]
) -> None:
    with database.write() as session:
        demand.mark(session, people.member, modules[2], DemandInput(Relevance.COULD, people=4711, note="geheim"))
    path = sheet(app, database, people, modules)
    page = client.get(path).get_data(as_text=True)
    assert "4711" not in page
    assert "geheim" not in page
    assert 'value="4"' not in page
    rows = {
        f"{slug}-{name}": value
        for slug in ("zellpruefung", "recycling")
        for name, value in (("relevance", "should"), ("people", "9"))
    }
    assert post(client, path, {"confidentiality": "anonymous", **rows}).status_code == 303
    found = stored(database)
    one = found["zellpruefung"]
    assert (one.relevance, one.people, one.source, one.confirmed_at, one.confidentiality) == (
        "should", 9, "survey", None, "anonymous",
    )  # fmt: skip
    assert (found["recycling"].people, found["packmontage"].people) == (4711, 4)
    assert (
        post(
            client, path, {"confidentiality": "network", "zellpruefung-relevance": "must", "zellpruefung-people": "0"}
        ).status_code
        == 422
    )
    assert post(client, path, {**rows}).status_code == 422


def test_a_sheet_keeps_what_it_does_not_ask_for(
    app: Flask, client: FlaskClient, database: Database, people: People, modules: list[Module]
) -> None:
    with database.write() as session:
        said = OnBehalf(people.company.slug, DemandSource.CALL, DAY)
        demand.mark(
            session, people.curator, modules[0], DemandInput(purposes=(Purpose.COOPERATION,), note="Labor"), said
        )
    path = sheet(app, database, people, modules)
    post(client, path, {"confidentiality": "network", "zellpruefung-relevance": "should", "zellpruefung-people": "9"})
    one = stored(database)["zellpruefung"]
    assert (one.relevance, one.people, one.purposes, one.note) == ("should", 9, ["cooperation"], "Labor")


def test_only_modules_of_the_sheet_can_be_answered(
    app: Flask, client: FlaskClient, database: Database, people: People, modules: list[Module]
) -> None:
    path = sheet(app, database, people, modules[:1])
    post(client, path, {"confidentiality": "network", "recycling-relevance": "must", "packmontage-relevance": "none"})
    assert stored(database)["packmontage"].relevance == "must"
    assert "recycling" not in stored(database)


def test_links_end_when_revoked_expired_forged_or_of_a_company_at_rest(
    app: Flask, client: FlaskClient, database: Database, people: People, modules: list[Module]
) -> None:
    path = sheet(app, database, people, modules)
    assert client.get(path).status_code == 200
    for forged in (
        path[:-2] + ("AA" if not path.endswith("AA") else "BB"),
        "/answer/x",
        "/answer/" + "A" * 43,
        f"{path}ä",
    ):
        assert client.get(forged).status_code == 410
    with database.write() as session:
        link = session.scalars(select(CompanyLink)).one()
        company_links.revoke(session, people.curator, people.company, link.id)
    assert client.get(path).status_code == 410
    other = sheet(app, database, people, modules)
    with database.write() as session:
        for link in session.scalars(select(CompanyLink)):
            link.expires_at = utcnow() - timedelta(seconds=1)
    assert client.get(other).status_code == 410
    third = sheet(app, database, people, modules)
    with database.write() as session:
        session.merge(people.company).active = False
    assert client.get(third).status_code == 410


def test_people_of_the_company_answer_after_signing_in(
    client: FlaskClient, database: Database, people: People, modules: list[Module]
) -> None:
    assert "/login" in client.get("/company/answers").headers["Location"]
    sign_in(client, people.member_user)
    page = client.get("/company/answers").get_data(as_text=True)
    assert "Zellprüfung" in page
    assert "Recycling" not in page
    rows = {"module": ["zellpruefung", "packmontage"], "zellpruefung-relevance": "must", "zellpruefung-people": "4",
            "zellpruefung-version": 1, "packmontage-relevance": "could", "packmontage-people": "2", "packmontage-version": 1}  # fmt: skip
    assert post(client, "/company/answers", rows).status_code == 303
    found = stored(database)
    assert (found["packmontage"].relevance, found["packmontage"].people, found["packmontage"].source) == (
        "could",
        2,
        "self",
    )
    assert (found["zellpruefung"].version, found["zellpruefung"].source) == (1, "visit")
    stale = post(client, "/company/answers", rows | {"packmontage-people": "3"})
    assert stale.status_code == 409
    page = stale.get_data(as_text=True)
    assert "Gespeichert ist jetzt: kann, 2 Personen" in page
    assert 'name="packmontage-version" type="hidden" value="2"' in page  # pressing again saves


def test_a_mailed_link_ends_when_its_reader_leaves_the_company(
    client: FlaskClient, database: Database, people: People, mailed: str
) -> None:
    assert client.get(mailed).status_code == 200
    with database.write() as session:
        mine = select(Membership).where(Membership.user_id == people.company_admin_user.id)
        member = session.scalars(mine.options(joinedload(Membership.user))).one()
        people_service.remove(session, SYSTEM, member)
    assert client.get(mailed).status_code == 410
    assert post(client, mailed, {"all": "1"}).status_code == 410
    assert all(one.confirmed_at is None for one in stored(database).values())
