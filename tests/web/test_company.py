"""The company's page: what waits, what is new, our modules with filters and exports, what became of it."""

import io
from datetime import date, timedelta

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    AuditEvent,
    Company,
    Confidentiality,
    Decision,
    DecisionKind,
    Demand,
    DemandSource,
    FeedbackState,
    Module,
    Relevance,
    Run,
    User,
    Vocabulary,
    WishState,
    WorkflowState,
)
from catalogue.services import decisions, demand, feedback, feedback_desk, wish_answers, wishes
from catalogue.services.decisions import DecisionInput
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.feedback import FeedbackInput
from catalogue.services.feedback_desk import Reply
from catalogue.services.permissions import Actor
from catalogue.services.wish_answers import AnswerInput
from catalogue.services.wishes import WishInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


def page(client: FlaskClient, address: str = "/company") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def say(session: Session, who: Actor, title: str, **values: object) -> Module:
    module = factories.make_module(session, title)
    demand.mark(session, who, module, DemandInput(**values))  # type: ignore[arg-type]
    return module


def test_a_new_company_is_told_where_to_begin(member: FlaskClient) -> None:
    shown = page(member)
    assert "Noch nichts markiert" in shown
    assert "nichts offen" in shown


def test_only_members_have_a_company(client: FlaskClient, people: People) -> None:
    assert client.get("/company").headers["Location"].startswith("/login")
    sign_in(client, people.curator_user)
    assert client.get("/company").status_code == 403


def test_what_waits_can_be_done_here(member: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        told = OnBehalf(people.company.slug, DemandSource.CALL, date(2026, 9, 28))
        module = factories.make_module(session, "Transport von Batterien")
        demand.mark(session, people.curator, module, DemandInput(people=3), on_behalf=told)
        old = demand.mark(session, people.member, factories.make_module(session, "Batteriepass"), DemandInput(people=1))
        old.updated_at = utcnow() - timedelta(days=400)
        wish = wishes.get(session, people.curator, wishes.create(session, people.member, WishInput("Prüfstände")).id)
        wish_answers.answer(session, people.curator, wish, AnswerInput(WishState.QUESTION, "Welche Spannung?"))
    shown = page(member)
    for words in (
        "3 Punkte",
        "Netzwerkbüro, Telefonat 28.09.2026",
        "1 Angabe ist älter als 12 Monate.",
        "Welche Spannung?",
    ):
        assert words in shown
    assert (
        post(member, "/modules/transport-von-batterien/demand/confirm", {"next": "/company"}).headers["Location"]
        == "/company"
    )
    post(member, "/company/confirm")
    shown = page(member)
    assert "1 Punkt<" in shown
    assert "bitte bestätigen" not in shown.split("<tbody>")[1].split("</tbody>")[0]


def test_our_modules_are_filtered_sorted_and_summed_by_the_address(
    member: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        say(session, people.member, "Zellfertigung", relevance=Relevance.MUST, people=12, period="2027-Q2")
        say(session, people.member, "Alterung", relevance=Relevance.COULD, people=3)
        say(session, people.member, "Brandschutz", relevance=Relevance.NONE, people=50)
        theirs = factories.make_module(session, "Geheimes Thema der anderen")
        demand.mark(session, people.stranger, theirs, DemandInput(people=77))

    def titles(address: str) -> list[str]:
        body = page(member, address).split("<tbody>")[1].split("</tbody>")[0]
        return sorted(
            (name for name in ("Zellfertigung", "Alterung", "Brandschutz", "Geheimes") if name in body), key=body.index
        )

    assert titles("/company") == ["Zellfertigung", "Alterung", "Brandschutz"]
    assert titles("/company?sort=module") == ["Alterung", "Brandschutz", "Zellfertigung"]
    assert titles("/company?sort=-people") == ["Brandschutz", "Zellfertigung", "Alterung"]
    assert titles("/company?relevance=must&relevance=could") == ["Zellfertigung", "Alterung"]
    assert titles("/company?purpose=business") == []
    assert titles(f"/company?person={people.company_admin_user.id}") == []
    assert '<td class="num">15</td>' in page(member)  # 12 + 3; what is not relevant does not count


@pytest.mark.parametrize(
    "address", ["?sort=böse", "?relevance=x&purpose=y&person=z&status=w", "?person=%00", "?sort=&page=9"]
)
def test_broken_addresses_show_the_plain_list(member: FlaskClient, address: str) -> None:
    assert member.get("/company" + address).status_code in (200, 400)


def test_the_exports_hold_exactly_the_list(member: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        say(session, people.member, "Zellfertigung", relevance=Relevance.MUST, people=12, note="=1+1")
        say(session, people.member, "Alterung", relevance=Relevance.COULD, people=3)
    answer = member.get("/company/modules.csv?relevance=must")
    text = answer.get_data().decode("utf-8-sig")
    assert [line.split(";")[0] for line in text.splitlines()] == ["Modul", "Zellfertigung", "Summe"]
    assert "'=1+1" in text
    sheet = openpyxl.load_workbook(io.BytesIO(member.get("/company/modules.xlsx").get_data()), read_only=True)["Daten"]
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["Modul", "Zellfertigung", "Alterung", "Summe"]
    assert [row[4] for row in rows] == ["Personen", 12, 3, 15]
    assert member.get("/company/modules.pdf").status_code == 404
    with database.read() as session:
        assert session.scalars(select(AuditEvent.action).where(AuditEvent.action == "demand.exported")).all()


def test_planned_runs_show_in_the_list(member: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        module = say(session, people.member, "Zellfertigung", people=1)
        session.add(Run(module_id=module.id, starts_on=utcnow().date() + timedelta(days=30)))
    assert "Termin geplant" in page(member).split("<tbody>")[1]


def test_new_is_what_was_published_since_the_last_visit_on_our_topics(
    member: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        before = utcnow() - timedelta(days=10)
        user = session.get_one(User, people.member_user.id)
        user.previous_login_at = before
        safety = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        other = factories.make_term(session, Vocabulary.TOPIC, "zellen", "Zellen")
        old = {"updated_at": before - timedelta(days=9), "published_at": before - timedelta(days=9)}
        marked = factories.make_module(session, "Bekanntes", terms=[safety], **old)
        demand.mark(session, people.member, marked, DemandInput())
        factories.make_module(session, "Frisches", terms=[safety], published_at=utcnow())
        factories.make_module(session, "Geändertes", terms=[safety], published_at=before - timedelta(days=9))
        factories.make_module(session, "Fremdes", terms=[other], published_at=utcnow())
    shown = page(member).split('id="news-title"')[1].split("</section>")[0]
    assert "Frisches" in shown
    assert "passt zu Ihrem Thema „Sicherheit“" in shown
    assert "Geändertes" in shown
    assert "Bekanntes" not in shown
    assert "Fremdes" not in shown


def test_what_became_of_wishes_and_remarks_is_told(member: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        wish = wishes.get(session, people.curator, wishes.create(session, people.member, WishInput("Brandschutz")).id)
        module = factories.make_module(session, "Brandschutz im Lager")
        wish_answers.answer(
            session, people.curator, wish, AnswerInput(WishState.FULFILLED, "Modul ergänzt", module.slug)
        )
        given = feedback.give(session, people.member, FeedbackInput("question", "Wann wieder?"))  # type: ignore[arg-type]
        given = feedback.get(session, people.curator, given.id)
        feedback_desk.decide(session, people.curator, given, Reply(FeedbackState.DONE, "Im Herbst 2027"))
    shown = page(member)
    assert "Umgesetzt" in shown
    assert "Modul ergänzt" in shown
    assert "Im Herbst 2027" in shown


def test_no_word_of_another_company_is_on_the_page(member: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        module = factories.make_module(session, "Gemeinsames")
        secret = DemandInput(
            people=4711, note="Kanarienvogel", place="Kanarienort", confidentiality=Confidentiality.MEMBERS
        )
        demand.mark(session, people.stranger, module, secret)
        wishes.create(session, people.stranger, WishInput("Kanarienwunsch", confidentiality=Confidentiality.NETWORK))
        feedback.give(session, people.stranger, FeedbackInput("weakness", "Kanarientext"), module)  # type: ignore[arg-type]
        session.flush()
        assert session.scalars(select(Demand)).one()
    for address in ("/company", "/company/modules.csv", "/wishes", "/feedback", "/modules/gemeinsames", "/"):
        assert "Kanarien" not in page(member, address)
        assert "4711" not in page(member, address)


def test_admins_change_what_the_company_says_about_itself_and_never_meet_the_note(
    client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        company = session.get_one(Company, people.company.id)
        company.note = "Zahlt spät"
    sign_in(client, people.company_admin_user)
    page = "/company/profile"
    assert "Zahlt spät" not in client.get(page).get_data(as_text=True)
    given = {
        "place": "Jena",
        "website": "https://muster.example",
        "size_class": "small",
        "sector": "",
        "region": "",
        "version": "2",
    }
    forged = given | {"name": "Andere AG", "email_domains": "fremd.example", "note": "weg"}
    assert post(client, page, forged, page=page).status_code == 303
    stale = post(client, page, given | {"place": "Gera"}, page=page)
    assert stale.status_code == 409
    assert 'value="Gera"' in stale.get_data(as_text=True)
    wrong = post(client, page, given | {"version": "3", "website": "javascript:x"}, page=page)
    assert wrong.status_code == 422
    assert "website-error" in wrong.get_data(as_text=True)
    with database.read() as session:
        company = session.get_one(Company, people.company.id)
        assert (company.name, company.place, company.note, company.email_domains) == (
            "Muster AG",
            "Jena",
            "Zahlt spät",
            [],
        )


def test_members_read_the_profile_only(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    assert "Angaben speichern" not in client.get("/company/profile").get_data(as_text=True)
    assert post(client, "/company/profile", {"version": "1"}, page="/company").status_code == 403


def told(session: Session, people: People, module: Module, kind: DecisionKind, **more: object) -> Decision:
    """A decision with a sentence and with words that no company may read."""
    given = DecisionInput(kind, "Zwei Termine 2027.", "Kanarienbegründung", responsible="Kanariengremium", **more)  # type: ignore[arg-type]
    return decisions.decide(session, people.curator, module, given)


def test_decisions_are_told_to_who_said_something(client: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        module = say(session, people.member, "Zellfertigung", people=12)
        told(session, people, module, DecisionKind.CARRY_OUT, due_on=utcnow().date() + timedelta(days=60))
    sign_in(client, people.member_user)
    for address in ("/company", "/company/outcomes", "/modules/zellfertigung"):
        shown = page(client, address)
        assert "Zwei Termine 2027." in shown, address
        assert "erwartet bis" in shown
        assert "Kanarien" not in shown
    assert "entschieden</span>" in page(client).split("<tbody>")[1]
    assert "durchführen" in client.get("/company/modules.csv").get_data().decode("utf-8-sig")
    stranger = client.application.test_client()
    sign_in(stranger, people.stranger_user)
    for address in ("/company", "/company/outcomes", "/modules/zellfertigung"):
        assert "Zwei Termine 2027." not in page(stranger, address), address


def test_what_is_public_stands_on_the_page_for_all(client: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        told(session, people, factories.make_module(session, "Zellfertigung"), DecisionKind.WATCH, public=True)
    shown = page(client, "/modules/zellfertigung")
    assert "Zwei Termine 2027." in shown
    assert "Kanarien" not in shown
    sign_in(client, people.curator_user)
    assert "Kanariengremium" in page(client, "/modules/zellfertigung")


def test_each_record_says_where_it_stands(member: FlaskClient, people: People, database: Database) -> None:
    """One module per state: counted, decided but not told, told, done by a run that took place, planned, archived, not relevant."""
    with database.write() as session:
        made = {
            name: say(session, people.member, name)
            for name in ("Gezählt", "Still", "Gesagt", "Fertig", "Geplant", "Weg")
        }
        say(session, people.member, "Egal", relevance=Relevance.NONE)
        decisions.decide(session, people.curator, made["Still"], DecisionInput(DecisionKind.DROP))
        told(session, people, made["Gesagt"], DecisionKind.DROP)
        done = told(session, people, made["Fertig"], DecisionKind.CARRY_OUT)
        decisions.finish(session, people.curator, done, "")
        told(session, people, made["Geplant"], DecisionKind.CARRY_OUT)
        session.add(Run(module_id=made["Geplant"].id, starts_on=utcnow().date() + timedelta(days=30)))
        made["Weg"].state = WorkflowState.ARCHIVED
    rows = member.get("/company/modules.csv").get_data().decode("utf-8-sig").splitlines()
    column = rows[0].split(";").index("Stand im Netzwerk")
    assert {row.split(";")[0]: row.split(";")[column] for row in rows[1:-1]} == {
        "Gezählt": "gezählt", "Still": "in Prüfung", "Gesagt": "entschieden", "Fertig": "umgesetzt", "Geplant": "Termin geplant",
        "Weg": "Modul archiviert", "Egal": "zählt nicht",
    }  # fmt: skip
    assert "Gesagt" in page(member, "/company?status=decided").split("<tbody>")[1]
    assert "Still" not in page(member, "/company?status=decided").split("<tbody>")[1].split("</tbody>")[0]
