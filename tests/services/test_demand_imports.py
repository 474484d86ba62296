"""Surveys: every answer is looked at first, newer words of a company stay, undo is the identity, reports of any day stay true."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select

from catalogue.db import Session, utcnow
from catalogue.models import AuditEvent, Demand, DemandEvent, DemandImport, DemandSource, Module, Purpose, Relevance
from catalogue.services import demand, demand_cells, demand_imports, demand_template, reports
from catalogue.services import demand_events as events
from catalogue.services.demand import DemandInput
from catalogue.services.demand_lists import AnswerKind
from catalogue.services.errors import Conflict, Invalid, NotAllowed
from catalogue.services.module_cells import Unreadable
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from catalogue.services.spreadsheets import open_sheet
from tests import factories
from tests.conftest import ON_SQLITE, People
from tests.services.lists import cells_of, workbook

TODAY = utcnow().date()
SURVEY = TODAY - timedelta(days=7)
HEAD = "Unternehmen;Modul;Dringlichkeit;Personen;Zeitraum;Zweck;Wer sieht das?;Anmerkung;Datum"


@pytest.fixture
def modules(session: Session) -> list[Module]:
    return [
        factories.make_module(session, "Zellprüfung", code="Z1"),
        factories.make_module(session, "Packmontage"),
        factories.make_module(session, "Recycling"),
    ]


def upload(session: Session, content: str | bytes, name: str = "umfrage.csv") -> DemandImport:
    data = content if isinstance(content, bytes) else content.encode()
    return demand_imports.upload(session, SYSTEM, name, open_sheet(name, data), SURVEY)


def survey(session: Session, *lines: str) -> DemandImport:
    return upload(session, "\r\n".join([HEAD, *lines]))


def kinds(session: Session, run: DemandImport) -> dict[str, int]:
    plan = demand_imports.plan_of(session, SYSTEM, run)
    return {kind.value: len(plan.of(kind)) for kind in AnswerKind if plan.of(kind)}


def apply(session: Session, run: DemandImport, replace: Sequence[str] = ()) -> int:
    fingerprint = demand_imports.plan_of(session, SYSTEM, run).fingerprint
    return demand_imports.apply(session, SYSTEM, run, fingerprint, replace)


def said(session: Session) -> dict[tuple[Any, Any], dict[str, Any]]:
    """What every live record says, without when it was written."""
    rows = session.scalars(select(Demand).where(Demand.withdrawn_at.is_(None)))
    return {(one.company_id, one.module_id): events.snapshot(one) for one in rows}


def test_a_survey_adds_what_companies_answered(session: Session, people: People, modules: list[Module]) -> None:
    name = people.company.name
    run = survey(
        session,
        f"{name};Z1;muss;6;1. Quartal 2027;Weiterbildung, Geschäftsidee;anonym in Summen;zwei Schichten;",
        f"{people.other_company.slug};packmontage;x;;Q3/2027;;;;{(SURVEY - timedelta(days=1)):%d.%m.%Y}",
        f"{name};Recycling;;;;;;;",
        ";Recycling;;;;;;;",
    )
    plan = demand_imports.plan_of(session, SYSTEM, run)
    assert (kinds(session, run), plan.empty) == ({"new": 2}, 2)
    assert apply(session, run) == 2
    first, second = (demand.find(session, people.curator, modules[n], slug) for n, slug in (
        (0, people.company.slug), (1, people.other_company.slug),
    ))  # fmt: skip
    assert first
    assert second
    assert (first.relevance, first.people, first.period, first.purposes, first.confidentiality, first.note) == (
        Relevance.MUST, 6, "2027-Q1", ["training", "business"], "anonymous", "zwei Schichten",
    )  # fmt: skip
    assert (first.source, first.source_date, first.confirmed_at) == (DemandSource.SURVEY, SURVEY, None)
    assert (second.relevance, second.period, second.source_date) == (
        Relevance.OPEN, "2027-Q3", SURVEY - timedelta(days=1),
    )  # fmt: skip
    assert demand.needs_confirmation(first)
    assert [one.action for one in events.of(session, first)] == ["marked"]
    assert session.scalars(select(AuditEvent).where(AuditEvent.action == "demand.imported")).one().details == {
        "number": 2
    }
    assert kinds(session, survey(session, f"{name};Zellprüfung;muss;6;2027-Q1;;;;")) == {"unchanged": 1}


def test_what_is_known_newer_stays_unless_chosen(session: Session, people: People, modules: list[Module]) -> None:
    """The company said 4 today; the survey of last week says 9 and is asked: kept by default, replaced where chosen."""
    for module in modules[:2]:
        demand.mark(session, people.member, module, DemandInput(Relevance.SHOULD, people=4))
    name = people.company.name
    run = survey(
        session, f"{name};Zellprüfung;muss;9;;;;;", f"{name};Packmontage;;9;;;;;", f"{name};Recycling;kann;;;;;;"
    )
    assert kinds(session, run) == {"conflict": 2, "new": 1}
    assert apply(session, run, replace=["3"]) == 2
    kept, replaced = (demand.find(session, people.member, module) for module in modules[:2])
    assert kept
    assert (kept.people, kept.relevance, kept.source) == (4, "should", "self")
    assert replaced
    assert (replaced.people, replaced.relevance, replaced.source) == (9, "should", "survey")


@ON_SQLITE
def test_an_older_statement_is_changed_and_empty_cells_change_nothing(
    session: Session, people: People, modules: list[Module]
) -> None:
    with time_machine.travel(utcnow() - timedelta(days=30)):
        given = DemandInput(Relevance.COULD, (Purpose.COOPERATION,), 4, "2027", "", "Jena", "alt")
        demand.mark(session, people.member, modules[0], given)
    run = survey(session, f"{people.company.name};zellpruefung;muss;;;;;;")
    row = demand_imports.plan_of(session, SYSTEM, run).of(AnswerKind.CHANGED)[0]
    assert [(one.field, one.before, one.after) for one in row.changes] == [("relevance", "could", "must")]
    apply(session, run)
    one = demand.find(session, people.member, modules[0])
    assert one
    assert (one.relevance, one.people, one.place, one.note, one.purposes) == (
        "must",
        4,
        "Jena",
        "alt",
        ["cooperation"],
    )


@ON_SQLITE
def test_what_a_company_took_back_or_refused_later_is_not_entered_again_unseen(
    session: Session, people: People, modules: list[Module]
) -> None:
    name = people.company.name
    run = survey(session, f"{name};Zellprüfung;muss;9;;;;;", f"{name};Packmontage;muss;9;;;;;")
    apply(session, run)
    demand.refuse(session, people.member, modules[0], "nicht wir")
    demand.withdraw(session, people.member, modules[1])
    again = survey(session, f"{name};Zellprüfung;muss;9;;;;;", f"{name};Packmontage;muss;9;;;;;")
    assert kinds(session, again) == {"conflict": 2}
    with pytest.raises(Conflict):
        apply(session, again)
    assert apply(session, again, replace=["2"]) == 1


@ON_SQLITE
def test_wrong_rows_say_where_and_what_to_write(session: Session, people: People, modules: list[Module]) -> None:
    factories.make_company(session, "Still GmbH", active=False)
    name = people.company.name
    run = survey(
        session,
        "Unbekannt AG;Zellprüfung;muss;;;;;;",
        f"{name};Gibt es nicht;muss;;;;;;",
        f"{name};Zellprüfung;dringend;viele;Frühling;Spaß;alle;;morgen",
        f"{name};Packmontage;muss;0;;;;;{TODAY + timedelta(days=2):%d.%m.%Y}",
        ";Zellprüfung;muss;;;;;;",
        f"{name};;muss;;;;;;",
        "Still GmbH;Zellprüfung;muss;;;;;;",
        f"{name};Recycling;muss;;;;;;",
        f"{name};recycling;soll;;;;;;",
    )
    plan = demand_imports.plan_of(session, SYSTEM, run)
    places = [cell for row in plan.of(AnswerKind.WRONG) for cell, _ in row.errors]
    assert places == ["A2", "B3", "C4", "D4", "E4", "F4", "G4", "I4", "I5", "D5", "A6", "B7", "A8", "B10"]
    assert len(plan.of(AnswerKind.NEW)) == 1


@ON_SQLITE
def test_companies_in_rows_and_modules_in_columns_are_read_too(
    session: Session, people: People, modules: list[Module]
) -> None:
    rows = [
        ["Unternehmen", "Zellprüfung", "packmontage", "Recycling", "Lieblingsfarbe"],
        [people.company.name, "muss", 6, "soll (12 Personen)", "rot"],
        [people.other_company.name, "", "kann", "vielleicht", "blau"],
    ]
    run = upload(session, workbook(rows), "tabelle.xlsx")
    plan = demand_imports.plan_of(session, SYSTEM, run)
    assert plan.ignored == ("Lieblingsfarbe",)
    assert [(row.key, row.errors[0][0]) for row in plan.of(AnswerKind.WRONG)] == [("D3", "D3")]
    assert apply(session, run) == 4
    own = {one.module_id: (one.relevance.value, one.people) for one in demand.own_list(session, people.member)}
    assert [own[module.id] for module in modules] == [("must", None), ("open", 6), ("should", 12)]


@ON_SQLITE
def test_many_answers_in_few_rows_are_refused_before_they_keep_everybody_waiting(
    session: Session, people: People, modules: list[Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demand_imports, "MOST_ANSWERS", 3)
    head, name = "Unternehmen;Zellprüfung;Packmontage;Recycling;Lieblingsfarbe", people.company.name
    assert upload(session, f"{head}\n{name};muss;;soll;rot\n{people.other_company.name};;kann;;blau").lines
    with pytest.raises(Invalid, match="mehr als 3 Antworten"):
        upload(session, f"{head}\n{name};muss;kann;soll;rot\n{people.other_company.name};;kann;;blau")


@ON_SQLITE
def test_reports_count_a_survey_from_its_day_of_entry_until_it_is_undone(
    session: Session, people: People, modules: list[Module]
) -> None:
    """Own word 30 days ago: 1 company, 4 people. Survey applied 10 days ago: 6 + 3 = 2 companies, 9 people. Undone today: 1 and 4 again."""
    ago = lambda days: utcnow() - timedelta(days=days)  # noqa: E731
    with time_machine.travel(ago(30)):
        demand.mark(session, people.member, modules[0], DemandInput(Relevance.MUST, people=4))
    with time_machine.travel(ago(10)):
        day = (ago(11)).date()
        lines = [f"{people.company.name};Zellprüfung;muss;6;;;;;{day:%d.%m.%Y}",
                 f"{people.other_company.name};Zellprüfung;soll;3;;;;;{day:%d.%m.%Y}"]  # fmt: skip
        content = "\r\n".join([HEAD, *lines]).encode()
        run = demand_imports.upload(session, SYSTEM, "u.csv", open_sheet("u.csv", content), day)
        apply(session, run)
    demand_imports.undo(session, SYSTEM, run)

    def counted(days: int | None) -> tuple[int, int]:
        as_of = None if days is None else ago(days).date()
        total = reports.interest(session, SYSTEM, ReportQuery(as_of=as_of)).total
        return total.companies, total.people

    assert [counted(days) for days in (31, 20, 5, None)] == [(0, 0), (1, 4), (2, 9), (1, 4)]


def test_undoing_leaves_what_was_answered_since(session: Session, people: People, modules: list[Module]) -> None:
    name = people.company.name
    run = survey(session, f"{name};Zellprüfung;muss;6;;;;;", f"{name};Packmontage;soll;2;;;;;")
    apply(session, run)
    demand.confirm(session, people.member, modules[0])
    assert demand_imports.undo(session, SYSTEM, run) == [f"{name}: Zellprüfung"]
    assert {one.module_id for one in demand.own_list(session, people.member)} == {modules[0].id}
    with pytest.raises(Conflict):
        demand_imports.undo(session, SYSTEM, run)


@ON_SQLITE
def test_what_changed_after_the_preview_is_looked_at_again(
    session: Session, people: People, modules: list[Module]
) -> None:
    run = survey(session, f"{people.company.name};Zellprüfung;muss;6;;;;;")
    fingerprint = demand_imports.plan_of(session, SYSTEM, run).fingerprint
    demand.mark(session, people.member, modules[0], DemandInput(people=1))
    with pytest.raises(Conflict):
        demand_imports.apply(session, SYSTEM, run, fingerprint)


@ON_SQLITE
def test_only_staff_import_and_lists_without_answers_are_refused(session: Session, people: People) -> None:
    factories.make_module(session, "Zellprüfung")
    for head in ("Modul;Dringlichkeit", "Unternehmen;Modul", "Unternehmen;Farbe", "Unternehmen;Firma;Modul;Personen"):
        with pytest.raises(Invalid):
            upload(session, f"{head}\r\nA;B;C;D")
    with pytest.raises(NotAllowed):
        demand_imports.listing(session, people.company_admin)
    sheet = open_sheet("u.csv", f"{HEAD}\r\nA;B;C".encode())
    with pytest.raises(Invalid):
        demand_imports.upload(session, SYSTEM, "u.csv", sheet, TODAY + timedelta(days=3))


@ON_SQLITE
def test_the_template_says_nothing_until_it_is_filled_in(
    session: Session, people: People, modules: list[Module]
) -> None:
    content = demand_template.workbook(session, SYSTEM, people.company)
    rows = cells_of(content)
    assert [row[:3] for row in rows[1:]] == [
        [people.company.name, slug, title]
        for slug, title in (("packmontage", "Packmontage"), ("recycling", "Recycling"), ("zellpruefung", "Zellprüfung"))
    ]
    run = upload(session, content, "vorlage.xlsx")
    plan = demand_imports.plan_of(session, SYSTEM, run)
    assert (plan.rows, plan.empty, plan.ignored) == ((), 3, ())
    rows[1][3], rows[1][4] = "muss", 6
    assert kinds(session, upload(session, workbook(rows), "vorlage.xlsx")) == {"new": 1}


@pytest.mark.parametrize(
    ("text", "period"),
    [("2027", "2027"), ("2027-Q1", "2027-Q1"), ("Q1/2027", "2027-Q1"), ("1. Quartal 2027", "2027-Q1"), ("2. Halbjahr 2027", "2027-H2"),
     ("2027/H2", "2027-H2"), ("h1 2027", "2027-H1"), ("offen", None), ("", None)],
)  # fmt: skip
def test_periods_are_read_as_people_write_them(text: str, period: str | None) -> None:
    assert demand_cells.read_period(text) == period


@pytest.mark.parametrize("text", ["3. Halbjahr 2027", "5. Quartal 2027", "Frühling", "1999", "Q1"])
def test_other_periods_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        demand_cells.read_period(text)


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["muster", "andere"]), st.integers(0, 2),
        st.sampled_from(["muss", "soll", "kann", "nicht relevant", ""]), st.one_of(st.none(), st.integers(1, 99)),
    ),
    max_size=6, unique_by=lambda row: (row[0], row[1]),
)  # fmt: skip


@ON_SQLITE
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ANSWERS, answers=ANSWERS)
def test_undo_is_the_identity_and_events_only_grow(
    session: Session, people: People, modules: list[Module], before: list[Any], answers: list[Any]
) -> None:
    point = session.begin_nested()
    names = {"muster": people.company, "andere": people.other_company}
    who = {"muster": people.member, "andere": people.stranger}
    with time_machine.travel(utcnow() - timedelta(days=20)):
        for company, module, word, number in before:
            relevance = demand_cells.read_relevance(word) or Relevance.OPEN
            demand.mark(session, who[company], modules[module], DemandInput(relevance, people=number))
    lines = [f"{names[c].name};{modules[m].slug};{word};{n or ''};;;;;" for c, m, word, n in answers]
    known, counted = said(session), session.scalar(select(func.count()).select_from(DemandEvent))
    if lines:
        run = survey(session, *lines)
        if {"new", "changed"} & set(kinds(session, run)):
            apply(session, run)
            assert kinds(session, survey(session, *lines)).keys() <= {"unchanged"}
            demand_imports.undo(session, SYSTEM, run)
    assert said(session) == known
    assert (session.scalar(select(func.count()).select_from(DemandEvent)) or 0) >= (counted or 0)
    point.rollback()
