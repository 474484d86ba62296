"""Invented companies, people and demand from ``data/demo``, for trying the catalogue out. Never loaded by a production start."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import (
    Company,
    CompanyRole,
    Confidentiality,
    Demand,
    DemandEvent,
    DemandSource,
    Feedback,
    FeedbackAction,
    FeedbackKind,
    FeedbackState,
    FeedbackStep,
    FeedbackVisibility,
    Membership,
    Module,
    NetworkRole,
    Relevance,
    Run,
    RunState,
    SizeClass,
    User,
    Vocabulary,
    Wish,
    WishState,
    WishSupport,
)  # fmt: skip
from catalogue.paths import resources
from catalogue.services import (
    demand_events,
    demo_cooperation,
    demo_decisions,
    demo_reports,
    demo_retreats,
    demo_runs,
    demo_swot,
    vocabularies,
)
from catalogue.services.disclosure import STEP
from catalogue.services.secrets import hash_password
from catalogue.services.sorting import slugify, sort_key

__all__ = ["LOGINS", "PASSWORD", "load"]

PASSWORD = "Blaue-Kirschen-42"  # noqa: S105 - published, for invented people only
LOGINS = (
    ("mitglied@muster.example", "Unternehmen, Mitglied"),
    ("firma@muster.example", "Unternehmen, Admin"),
    ("pflege@muster.example", "Netzwerk, Pflege und Planung"),
    ("netzwerk@muster.example", "Netzwerk, Admin"),
)


def load(session: Session, now: datetime | None = None) -> bool:
    """Add the invented world with dates that lead up to *now*; False and nothing done if there is any company or person yet."""
    if session.scalar(select(Company.id).limit(1)) or session.scalar(select(User.id).limit(1)):
        return False
    data = json.loads((resources("data/demo") / "demo.json").read_text(encoding="utf-8"))
    _Demo(session, now or utcnow()).add(data)
    session.flush()
    demo_retreats.add(session, now or utcnow(), STEP)
    demo_reports.add(session, now or utcnow(), STEP)
    return True


class _Demo:
    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self.companies: dict[str, Company] = {}
        self.people: dict[str, User] = {}
        self.staff: User | None = None
        self.regions = vocabularies.by_code(session, Vocabulary.REGION)
        self.sectors = vocabularies.by_code(session, Vocabulary.SECTOR)
        self.topics = vocabularies.by_code(session, Vocabulary.TOPIC)
        self.modules = {module.slug: module.id for module in session.scalars(select(Module))}

    def add(self, data: dict[str, Any]) -> None:
        for row in data["companies"]:
            self._company(row)
        password_hash = hash_password(PASSWORD)
        for row in data["people"]:
            self._person(row, password_hash)
        self.session.flush()
        self._demand([row for row in data["demand"] if row["module"] in self.modules])
        for row in data["wishes"]:
            self._wish(row)
        for row in data["feedback"]:
            self._feedback(row)
        demo_swot.add(self.session, data["swot"], self.staff)
        for row in data["runs"]:
            self._run(row)
        self.session.flush()
        demo_runs.add(self.session, self.now)
        demo_decisions.add(self.session, data["decisions"], self.modules, self.staff, self._ago)
        demo_cooperation.add(self.session, self.companies, self.people, self._ago, self._quarter)

    def _ago(self, days: int) -> datetime:
        # a working hour that differs from row to row, never later than now
        hour = 8 + days * 7 % 9
        return min(self.now, (self.now - timedelta(days=days)).replace(hour=hour, minute=days * 13 % 60))

    def _quarter(self, ahead: int | None) -> str:
        if ahead is None:
            return ""
        quarter = self.now.year * 4 + (self.now.month - 1) // 3 + ahead
        return f"{quarter // 4}-Q{quarter % 4 + 1}"

    def _company(self, row: dict[str, Any]) -> None:
        made = self._ago(240)
        self.companies[row["key"]] = company = Company(
            id=uuid.uuid4(), slug=slugify(row["name"]), name=row["name"], sort_name=sort_key(row["name"])[:200],
            size_class=SizeClass(row["size"]), sector=self.sectors.get(row["sector"]), place=row["place"],
            region=self.regions.get(row["region"]), email_domains=[f"{row['key']}.muster.example"],
            created_at=made, updated_at=made,
        )  # fmt: skip
        self.session.add(company)

    def _person(self, row: dict[str, Any], password_hash: str) -> None:
        role = row.get("network_role")
        user = User(
            id=uuid.uuid4(), email=row["email"], name=row["name"], password_hash=password_hash,
            network_role=NetworkRole(role) if role else None, created_at=self._ago(239), updated_at=self._ago(239),
        )  # fmt: skip
        if "company" in row:
            user.membership = Membership(company=self.companies[row["company"]], role=CompanyRole(row["role"]))
            self.people.setdefault(row["company"], user)
        elif role == NetworkRole.CURATOR:
            self.staff = user
        self.session.add(user)

    def _demand(self, rows: list[dict[str, Any]]) -> None:
        said: list[tuple[datetime, DemandEvent]] = []
        for row in rows:
            demand = Demand(
                id=uuid.uuid4(), company_id=self.companies[row["company"]].id, module_id=self.modules[row["module"]],
                relevance=Relevance.OPEN, purposes=[], confidentiality=Confidentiality.NETWORK, source=DemandSource.SELF,
                period="", place="", note="", format_code="",
            )  # fmt: skip
            for number, event in enumerate(row["events"]):
                said.append(self._event(demand, self.people[row["company"]], event, number))
            self.session.add(demand)
        self.session.flush()
        self.session.add_all(event for _, event in sorted(said, key=lambda pair: pair[0]))

    def _event(self, demand: Demand, member: User, row: dict[str, Any], number: int) -> tuple[datetime, DemandEvent]:
        at = self._ago(row["days_ago"])
        if row.get("withdrawn"):
            action, demand.withdrawn_at = demand_events.WITHDRAWN, at
        elif row.get("refused"):
            action, demand.withdrawn_at, demand.refused_at = demand_events.REFUSED, at, at
            demand.refusal = row["refused"]
        else:
            action = demand_events.CHANGED if number else demand_events.MARKED
            self._say(demand, row)
        by = self.staff if "source" in row and self.staff else member
        demand.updated_by_id, demand.updated_at = by.id, at
        demand.created_at = demand.created_at or at
        return at, DemandEvent(
            demand_id=demand.id, company_id=demand.company_id, module_id=demand.module_id, at=at, user_id=by.id,
            user_label=by.name, action=action, snapshot=demand_events.snapshot(demand),
        )  # fmt: skip

    def _say(self, demand: Demand, row: dict[str, Any]) -> None:
        demand.relevance = Relevance(row["relevance"])
        demand.purposes = list(row.get("purposes", ()))
        demand.people = row.get("people")
        demand.period = self._quarter(row.get("quarter"))
        demand.note = row.get("note", "")
        demand.confidentiality = Confidentiality(row["confidentiality"])
        if "source" in row:
            demand.source = DemandSource(row["source"])
            demand.source_date = self._ago(row["source_days_ago"]).date()

    def _wish(self, row: dict[str, Any]) -> None:
        at, state = self._ago(row["days_ago"]), WishState(row["state"])
        answered = self._ago(max(1, row["days_ago"] - 10)) if row.get("answer") else None
        wish = Wish(
            id=uuid.uuid4(), company_id=self.companies[row["company"]].id, user_id=self.people[row["company"]].id,
            title=row["title"], text=row["text"], topic_id=self.topics[row["topic"]].id, people=row.get("people"),
            period=self._quarter(row.get("quarter")), confidentiality=Confidentiality(row["confidentiality"]), state=state,
            answer=row.get("answer", ""), answered_at=answered,
            answered_by_id=self.staff.id if answered and self.staff else None,
            decided_at=answered if state == WishState.PLANNED else None, created_at=at, updated_at=answered or at,
        )  # fmt: skip
        wish.supports = [
            WishSupport(
                company_id=self.companies[key].id, user_id=self.people[key].id, at=self._ago(row["days_ago"] // 2)
            )
            for key in row["support"]
        ]
        self.session.add(wish)

    def _feedback(self, row: dict[str, Any]) -> None:
        at = self._ago(row["days_ago"])
        answered = self._ago(max(1, row["days_ago"] - 7)) if row.get("answer") else None
        self.session.add(
            Feedback(
                id=uuid.uuid4(), module_id=self.modules.get(row["module"]), company_id=self.companies[row["company"]].id,
                user_id=self.people[row["company"]].id, kind=FeedbackKind(row["kind"]), text=row["text"],
                visibility=FeedbackVisibility(row["visibility"]), state=FeedbackState(row["state"]),
                answer=row.get("answer", ""), answered_at=answered,
                answered_by_id=self.staff.id if answered and self.staff else None, created_at=at, updated_at=answered or at,
                steps=self._steps(row, answered),
            )
        )  # fmt: skip

    def _steps(self, row: dict[str, Any], answered: datetime | None) -> list[FeedbackStep]:
        if row["state"] == FeedbackState.NEW:
            return []
        at, by = answered or self._ago(row["days_ago"] // 2), self.staff.id if self.staff else None
        return [FeedbackStep(at=at, action=FeedbackAction(row["state"]), text=row.get("answer", ""), user_id=by)]

    def _run(self, row: dict[str, Any]) -> None:
        if row["module"] not in self.modules:
            return
        today = self.now.date()
        starts = today + timedelta(days=row["in_days"])
        starts += timedelta(days=max(0, starts.weekday() - 4) and 7 - starts.weekday())  # no run starts on a weekend
        decide = row.get("decide_in_days")
        self.session.add(
            Run(
                id=uuid.uuid4(), module_id=self.modules[row["module"]], starts_on=starts,
                ends_on=starts + timedelta(days=row["days"] - 1) if row["days"] > 1 else None,
                times_text=row.get("times", ""), place=row["place"], online=row.get("online", False),
                region=self.regions.get(row["region"]), min_participants=row["min"], max_participants=row["max"],
                decide_by=today + timedelta(days=decide) if decide is not None else None, state=RunState(row["state"]),
                note="Erfundener Termin zum Ausprobieren", told=f"{row['state']} {starts.isoformat()}",
            )
        )  # fmt: skip
