"""The address of a company's calendar: shown once, read without signing in, ended by one click."""

import re
from dataclasses import replace
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from catalogue import create_app
from catalogue.db import Database
from catalogue.models import CompanyCalendar, Demand, Relevance, Run
from catalogue.services.reports import today
from catalogue.settings import Settings
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE


def test_an_admin_makes_an_address_a_program_reads_it_until_it_is_revoked(
    client: FlaskClient, app: Flask, database: Database, people: People
) -> None:
    with database.write() as session:
        module = factories.make_module(session, "Sicher lagern")
        session.add(Demand(company_id=people.company.id, module_id=module.id, relevance=Relevance.MUST))
        session.add(Run(module_id=module.id, starts_on=today() + timedelta(days=9), place="Jena"))
    sign_in(client, people.company_admin_user)
    assert post(client, "/company/calendars", {"name": ""}).status_code == 422
    made = post(client, "/company/calendars", {"name": "Outlook <b>"})
    page = made.get_data(as_text=True)
    address = re.search(r'<code id="new-address">http://127\.0\.0\.1:8000(/calendars/[\w-]+\.ics)</code>', page)
    assert (made.status_code, bool(address), "Outlook &lt;b&gt;" in page) == (200, True, True)
    assert address
    assert address[1] not in client.get("/company/calendars").get_data(as_text=True)
    program = app.test_client()
    answer = program.get(address[1])
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    assert [str(event["summary"]) for event in Calendar.from_ical(answer.data).events] == ["Sicher lagern"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert not answer.headers.getlist("Set-Cookie")
    again = program.get(address[1], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    with database.read() as session:
        (calendar_id,) = session.scalars(select(CompanyCalendar.id))
    ended = post(client, f"/company/calendars/{calendar_id}/revoke")
    assert (ended.status_code, ended.location) == (303, "/company/calendars")
    assert program.get(address[1]).status_code == 404


def test_members_see_the_list_and_no_buttons(app: Flask, database: Database, people: People) -> None:
    with database.write() as session:
        session.add(CompanyCalendar(company_id=people.company.id, name="Vertrieb", token_hash="0" * 64))
    member = app.test_client()
    sign_in(member, people.member_user)
    page = member.get("/company/calendars").get_data(as_text=True)
    main = page[page.index("<main") :]
    main = main[: main.index("</main>")]
    assert "Vertrieb" in main
    assert "<form" not in main
    assert post(member, "/company/calendars", {"name": "x"}).status_code == 403
    stranger = app.test_client()
    sign_in(stranger, people.stranger_user)
    assert "Vertrieb" not in stranger.get("/company/calendars").get_data(as_text=True)


def test_programs_that_ask_too_often_wait(settings: Settings) -> None:
    hasty = create_app(replace(settings, rate_limits=True)).test_client()
    answers = [hasty.get("/calendars/x.ics") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
