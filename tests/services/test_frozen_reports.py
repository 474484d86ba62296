"""Frozen reports: figures by hand, that nothing changes them, what rose and fell, why a recount differs, what outsiders see."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from catalogue.db import Database, Session
from catalogue.models import AuditEvent, Confidentiality, FrozenReport, Module, Purpose, Relevance, RunState
from catalogue.models.run import Run
from catalogue.services import (
    demand,
    frozen_reports,
    report_board,
    report_changes,
    report_links,
    report_recount,
    reports,
)
from catalogue.services.demand import DemandInput
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.permissions import SYSTEM, VISITOR
from catalogue.services.report_changes import Direction
from catalogue.services.report_query import By, ReportQuery
from tests import factories
from tests.conftest import ON_SQLITE, People
from tests.services.test_reports import ACTS, GOLDEN, NOON, TOTAL, Golden, figures, golden, replay

__all__ = ["golden"]

TRAINING = Purpose.TRAINING
DAY = NOON.date()
K = 5


def frozen(session: Session, title: str = "Bericht", day: date | None = DAY, k: int = K, **values: Any) -> FrozenReport:
    report = frozen_reports.freeze(session, SYSTEM, FreezeInput(title, "", ReportQuery(as_of=day, **values)), k)
    session.commit()
    session.expire_all()
    return frozen_reports.get(session, SYSTEM, report.id)


def later(days: int) -> Any:
    return time_machine.travel(NOON + timedelta(days), tick=False)


def test_a_frozen_report_holds_every_figure_computed_by_hand(session: Session, golden: Golden) -> None:
    # seats: 12 for Sicherheit (Sicherheit and Recht, Basis); law has none, so twelve people at Recht, Fokus find no seat: one gap
    session.add(
        Run(
            module_id=golden.safety.id,
            starts_on=DAY + timedelta(30),
            min_participants=8,
            max_participants=12,
            created_at=NOON,
        )
    )
    session.flush()
    report = frozen(session, "  Bericht   zur Klausur ")
    found = frozen_reports.figures(report)
    assert report.title == "Bericht zur Klausur"
    assert {by: {row.key: figures(row) for row in found.by[by]} for by in By} == GOLDEN
    assert figures(found.total) == TOTAL
    assert report.summary == found.summary == {
        "members": 3, "companies": 3, "people": 18, "records": 5, "seats": 12, "gaps": 1,
    }  # fmt: skip
    assert [column.code for column in found.matrix.columns] == ["basis", "fokus", "none"]
    assert {line.topic.code: [(cell.people, cell.seats) for cell in (*line.cells, line.total)] for line in found.matrix.rows} == {
        "recht": [(6, 12), (12, 0), (0, 0), (18, 12)], "sicherheit": [(6, 12), (0, 0), (0, 0), (6, 12)],
        "none": [(0, 0), (0, 0), (0, 0), (0, 0)],
    }  # fmt: skip
    assert [(point.month, point.people) for point in found.trend[-2:]] == [
        (date(2026, 10, 1), 0),
        (date(2026, 11, 1), 18),
    ]
    # on 2 December: Anna's 6 said "2027-Q1", Berg's statement "2027": nobody fits
    assert [(run.title, run.needed, run.seats, run.people, run.missing) for run in found.runs] == [
        ("Sicherheit", 8, 12, 0, 8)
    ]
    assert report.method["k"] == K
    assert report.method["statements"] == 5
    assert [
        report.method["definitions"][1][0], report.method["definitions"][1][1][:33],
    ] == ["Unternehmen", "Verschiedene Mitgliedsunternehmen"]  # fmt: skip


def test_later_changes_do_not_alter_a_report_and_its_day_can_be_counted_again(session: Session, golden: Golden) -> None:
    with later(0):
        session.flush()
    before = frozen(session)
    with later(3):
        golden.say(session, golden.anna, golden.safety, Relevance.COULD, (TRAINING,), 40)
        demand.withdraw(session, golden.cell, golden.law)
        session.commit()
        after = frozen_reports.get(session, SYSTEM, before.id)
        assert frozen_reports.figures(after) == frozen_reports.figures(before)
        found = report_recount.recount(session, SYSTEM, after)
    assert (found.same, found.intact, found.reasons) == (True, True, ())


def test_todays_report_speaks_of_its_moment(session: Session, golden: Golden) -> None:
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        report = frozen(session, day=None)
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        golden.say(session, golden.anna, golden.safety, Relevance.MUST, (TRAINING,), 7)
        session.commit()
        assert report_recount.recount(session, SYSTEM, report).same
        assert frozen(session, day=None).summary["people"] == 19
    assert (report.as_of, report.summary["people"]) == (DAY, 18)


def test_a_recount_says_which_figures_differ_and_why(session: Session, golden: Golden) -> None:
    run = Run(module_id=golden.safety.id, starts_on=DAY + timedelta(30), max_participants=12, created_at=NOON)
    session.add(run)
    session.flush()
    report = frozen(session)
    law = session.scalars(select(Module).where(Module.slug == "law").options(selectinload(Module.terms))).one()
    law.terms = [golden.terms["sicherheit"], golden.terms["fokus"]]
    company = session.get_one(factories.Company, golden.berg.company_id)
    company.active = False
    run.state = RunState.CANCELLED
    session.commit()
    found = report_recount.recount(session, SYSTEM, report)
    assert found.intact
    assert not found.same
    changed = {(one.table, one.label, one.figure): (one.then, one.now) for one in found.differences}
    assert changed["total", "Summe", "companies"] == (3, 2)
    # Sicherheit has Anna's 6 and now the law's 2 + 10; Recht keeps Anna's 6 only
    assert changed["topic", "Sicherheit", "people"] == (6, 18)
    assert changed["topic", "Recht", "people"] == (18, 6)
    assert changed["matrix", "Recht, Fokus", "people"] == (12, 0)
    assert {str(reason) for reason in found.reasons} == {
        "„Recht“ hatte als Thema: Recht. Jetzt: Sicherheit.",
        "„Berg AG“ ist nicht mehr Mitglied.",
        "„Ohne alles“: Dazu zählt keine Angabe mehr.",
        "Der Termin „Sicherheit“ am 02.12.2026 zählt nicht mehr: abgesagt, ausgebucht oder verlegt.",
    }


def test_a_comparison_says_what_rose_fell_is_new_and_gone(session: Session, golden: Golden) -> None:
    earlier = frozen(session)
    with later(10):
        golden.say(session, golden.anna, golden.safety, Relevance.MUST, (TRAINING,), 16)  # Sicherheit: 6 → 16
        golden.say(session, golden.cell, golden.law, Relevance.MUST, (TRAINING,), 4)  # Recht: 12 → 6
        demand.withdraw(session, golden.berg, golden.plain)  # gone
        new = factories.make_module(session, "Neu", slug="new", terms=[golden.terms["recht"]])
        golden.say(session, golden.berg, new, Relevance.COULD, (), 3)
    with later(11):
        report = frozen(session, day=DAY + timedelta(10))
    found = report_changes.compare(report, earlier)
    assert (found.earlier.id, found.later.id, found.alike) == (earlier.id, report.id, True)
    rows = [(one.key, one.direction, one.companies, one.people) for one in found.by[By.MODULE]]
    assert rows == [
        ("safety", Direction.ROSE, 0, 10), ("law", Direction.FELL, 0, -6), ("new", Direction.NEW, 1, 3),
        ("plain", Direction.GONE, -1, 0),
    ]  # fmt: skip
    assert found.total.people == 7
    assert found.count(By.MODULE, Direction.NEW) == 1
    # Recht at Basis 6 → 16, at Fokus 12 → 6, without level 0 → 3; Sicherheit at Basis 6 → 16
    assert {(one.topic.code, one.level.code): one.people for one in found.cells} == {
        ("recht", "basis"): 10, ("recht", "fokus"): -6, ("recht", "none"): 3, ("sicherheit", "basis"): 10,
    }  # fmt: skip
    assert frozen_reports.previous(session, SYSTEM, report) == earlier
    assert frozen_reports.previous(session, SYSTEM, earlier) is None
    other = frozen(session, relevances=("must",))
    assert not report_changes.compare(other, report).alike
    assert frozen_reports.previous(session, SYSTEM, other) is None


def test_only_the_title_of_a_report_can_be_corrected(session: Session, people: People, golden: Golden) -> None:
    report = frozen(session)
    renamed = frozen_reports.rename(session, people.curator, report.id, "Klausur", report.version)
    assert renamed.title == "Klausur"
    event = session.query(AuditEvent).filter_by(action="report.renamed").one()
    assert (event.thing_label, event.details["before"]) == ("Klausur", "Bericht")
    with pytest.raises(Stale):
        frozen_reports.rename(session, SYSTEM, report.id, "Anders", report.version - 1)
    with pytest.raises(Invalid):
        frozen_reports.rename(session, SYSTEM, report.id, " ", report.version)
    session.commit()
    report.purpose = "anders"
    with pytest.raises(ValueError, match="does not change: purpose"):
        session.flush()
    session.rollback()


def test_what_is_altered_in_the_database_is_noticed(session: Session, golden: Golden) -> None:
    report = frozen(session)
    table = FrozenReport.__table__
    session.execute(table.update().values(figures={**report.figures, "members": 99}))
    session.commit()
    session.expire_all()
    assert not frozen_reports.intact(frozen_reports.get(session, SYSTEM, report.id))


def test_an_archived_report_is_kept_but_no_longer_listed(session: Session, golden: Golden) -> None:
    report = frozen(session)
    frozen_reports.archive(session, SYSTEM, report.id)
    assert frozen_reports.listed(session, SYSTEM).total == 0
    assert [one.id for one in frozen_reports.listed(session, SYSTEM, archived=True).reports] == [report.id]
    frozen_reports.restore(session, SYSTEM, report.id)
    assert frozen_reports.listed(session, SYSTEM).total == 1


@ON_SQLITE
def test_only_staff_freeze_see_and_share_reports(session: Session, people: People, golden: Golden) -> None:
    report = frozen(session)
    given = FreezeInput("x", "", ReportQuery())
    for actor in (VISITOR, people.member, people.company_admin):
        for act in (
            lambda actor=actor: frozen_reports.freeze(session, actor, given, K),
            lambda actor=actor: frozen_reports.get(session, actor, report.id),
            lambda actor=actor: frozen_reports.listed(session, actor),
            lambda actor=actor: frozen_reports.archive(session, actor, report.id),
            lambda actor=actor: report_links.create(session, actor, report.id, "Vorstand", 30, K),
        ):
            with pytest.raises(NotAllowed):
                act()


@ON_SQLITE
def test_a_day_that_has_not_come_is_refused(session: Session) -> None:
    with pytest.raises(Invalid):
        frozen(session, day=reports.today() + timedelta(1))


# eight companies; anonymous unless said otherwise: A to G say 3 people each about "wide", A to E about "narrow"
def crowd(session: Session, golden: Golden) -> list[Any]:
    members = [golden.member(session, f"Firma {letter}") for letter in "ABCDEFGH"]
    for place, member in enumerate(members[:7]):
        shy = Confidentiality.ANONYMOUS
        demand.mark(session, member, golden.safety, DemandInput(Relevance.MUST, (), 3, confidentiality=shy))
        if place < 5:
            demand.mark(session, member, golden.law, DemandInput(Relevance.MUST, (), 3, confidentiality=shy))
    office = DemandInput(Relevance.MUST, (), 777, confidentiality=Confidentiality.NETWORK)
    demand.mark(session, members[7], golden.safety, office)
    session.flush()
    return members


def test_outsiders_see_rounded_figures_of_enough_companies_only(session: Session, golden: Golden) -> None:
    # seven anonymous companies with 21 people: shown as 5 and 20. Of law only five speak anonymously: for an unknown viewer one too few
    with later(0):
        crowd(session, golden)
        session.commit()
    report = frozen(session)
    found = report_board.board_of(report.disclosed)
    assert found.shareable
    assert [(one["title"], one["companies"], one["people"]) for one in found.modules] == [("Sicherheit", 5, 20)]
    assert "777" not in str(report.disclosed)
    assert "Firma" not in str(report.disclosed)
    cells = {row["topic"]["code"]: [cell["companies"] for cell in row["cells"]] for row in report.disclosed["rows"]}
    assert cells["recht"][:2] == [5, None]
    assert cells["sicherheit"][:2] == [5, None]
    assert report_board.board_of(frozen(session, filters={"topic": ("recht",)}).disclosed).rows == ()
    assert not report_board.board_of(frozen(session, companies=("firma-a",)).disclosed).shareable


def test_who_became_more_careful_does_not_count_for_outsiders_any_more(session: Session, golden: Golden) -> None:
    with later(0):
        members = crowd(session, golden)
    with later(2):
        for member in members[:2]:
            office = DemandInput(Relevance.MUST, (), 3, confidentiality=Confidentiality.NETWORK)
            demand.mark(session, member, golden.safety, office)
        session.commit()
    assert report_board.board_of(frozen(session).disclosed).modules == ()


def test_a_link_opens_the_report_until_it_ends(session: Session, golden: Golden) -> None:
    report = frozen(session)
    link, token = report_links.create(session, SYSTEM, report.id, " Vorstand ", 30, K)
    assert (link.name, token in (link.token_hash, str(link.__dict__))) == ("Vorstand", False)
    assert report_links.open_link(session, token, K)[1].id == report.id
    report_links.note_use(session, link.id)
    assert link.used_at is not None
    for wrong in ("", "x", token[:-1], "\udcff"):
        with pytest.raises(NotFound):
            report_links.open_link(session, wrong, K)
    with pytest.raises(NotFound):
        report_links.open_link(session, token, K + 1)  # a stricter rule came since
    with time_machine.travel(datetime.now(UTC) + timedelta(31)), pytest.raises(NotFound):
        report_links.open_link(session, token, K)
    frozen_reports.archive(session, SYSTEM, report.id)
    with pytest.raises(NotFound):
        report_links.open_link(session, token, K)
    frozen_reports.restore(session, SYSTEM, report.id)
    report_links.revoke(session, SYSTEM, report.id, link.id)
    with pytest.raises(NotFound):
        report_links.open_link(session, token, K)
    actions = {event.action for event in session.query(AuditEvent)}
    assert {"report.frozen", "report.shared", "report.read_by_link", "report.link_revoked"} <= actions


@ON_SQLITE
def test_links_have_a_name_and_an_end_and_only_whole_reports_are_shared(session: Session, golden: Golden) -> None:
    report = frozen(session)
    for name, days in (("", 30), ("x" * 121, 30), ("Vorstand", 0), ("Vorstand", 366)):
        with pytest.raises(Invalid):
            report_links.create(session, SYSTEM, report.id, name, days, K)
    part = frozen(session, sources=("self",))
    with pytest.raises(Conflict):
        report_links.create(session, SYSTEM, part.id, "Vorstand", 30, K)
    with pytest.raises(Conflict):
        report_links.create(session, SYSTEM, report.id, "Vorstand", 30, K + 1)
    link, _ = report_links.create(session, SYSTEM, report.id, "Vorstand", 30, K)
    with pytest.raises(NotFound):
        report_links.revoke(session, SYSTEM, part.id, link.id)


@pytest.mark.slow
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, more=ACTS)
def test_whatever_is_said_later_a_report_stays_and_counts_again_the_same(
    sqlite_template: Path, tmp_path: Path, acts: list[Any], more: list[Any]
) -> None:
    path = tmp_path / "frozen.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.session(write=True) as session:
        golden = Golden(session)
        replay(session, golden, acts)
        report = frozen(session, day=None)
        kept = frozen_reports.figures(report)
        replay(session, golden, more)
        session.commit()
        session.expire_all()
        again = frozen_reports.get(session, SYSTEM, report.id)
        assert frozen_reports.figures(again) == kept
        assert report_recount.recount(session, SYSTEM, again).same
        by_company = replace(frozen_reports.question(again), by=By.COMPANY)
        rows = reports.interest(session, SYSTEM, by_company).rows
        assert sorted(rows, key=lambda row: row.key) == sorted(kept.by[By.COMPANY], key=lambda row: row.key)
    database.dispose()
