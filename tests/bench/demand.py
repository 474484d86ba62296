"""Synthetic companies and what they say about modules, change by change. The same for the same seed."""

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from catalogue.db import Database, Session
from catalogue.models import (
    Company,
    CooperationDirection,
    CooperationEntry,
    CooperationKind,
    Demand,
    DemandEvent,
    Membership,
    Module,
    NetworkRole,
    Run,
    RunState,
    SizeClass,
    Term,
    Vocabulary,
)
from tests import factories

__all__ = ["DAY", "fill_cooperation", "fill_demand"]

DAY = date(2026, 11, 20)  # everything was said before
DAYS = 700  # over so many days
CHANGES = 1.4  # events a record has on average
RUNS = 600
PERIODS = ("", "2027", "2027-H1", "2027-Q1", "2027-Q2", "2027-Q3", "2028")


def fill_demand(database: Database, companies: int, events: int) -> None:
    """Let *companies* companies (added here) say something about the modules that are there, in *events* changes."""
    chance = random.Random(7)
    with database.write() as session:
        factories.make_user(session, "clara@netz.example", network_role=NetworkRole.CURATOR)
        company_ids = _companies(session, chance, companies)
        user = factories.make_user(session, "eva@firma.example")
        session.add(Membership(user_id=user.id, company_id=company_ids[0]))
        module_ids = list(session.scalars(select(Module.id).order_by(Module.position)))
        _say(session, chance, company_ids, module_ids, events)
        _runs(session, chance, module_ids)


def fill_cooperation(database: Database) -> None:
    """Let each company that is there offer or seek two things."""
    chance = random.Random(9)
    with database.write() as session:
        topics, regions = (
            list(session.scalars(select(Term.id).where(Term.vocabulary == name)))
            for name in (Vocabulary.TOPIC, Vocabulary.REGION)
        )
        made = [
            CooperationEntry(
                company_id=company, direction=chance.choice(list(CooperationDirection)), kind=chance.choice(list(CooperationKind)),
                topic_id=chance.choice([None, *topics]), region_id=chance.choice([None, *regions]), period=chance.choice(PERIODS),
                text="Wir haben einen Raum und suchen jemanden dafür.",
            )
            for company in session.scalars(select(Company.id).order_by(Company.slug))
            for _ in range(2)
        ]  # fmt: skip
        session.add_all(made)


def _companies(session: Session, chance: random.Random, count: int) -> list[uuid.UUID]:
    terms = {
        name: list(session.scalars(select(Term.id).where(Term.vocabulary == name)))
        for name in (Vocabulary.SECTOR, Vocabulary.REGION)
    }
    made = [
        {
            "id": uuid.UUID(int=chance.getrandbits(128), version=4), "slug": f"firma-{n}", "name": f"Firma {n:03} GmbH",
            "sort_name": f"firma {n:03}", "size_class": chance.choice(list(SizeClass)),
            "sector_id": chance.choice(terms[Vocabulary.SECTOR]), "region_id": chance.choice(terms[Vocabulary.REGION]),
            "email_domains": [], "active": True,
        }
        for n in range(count)
    ]  # fmt: skip
    session.execute(insert(Company), made)
    return [row["id"] for row in made]


def _said(chance: random.Random) -> dict[str, Any]:
    return {
        "relevance": chance.choice(["must", "should", "could", "open", "none"]),
        "purposes": chance.sample(["training", "cooperation", "business"], chance.choice([0, 1, 1, 2])),
        "people": chance.choice([None, 1, 2, 3, 4, 6, 8, 12, 20]), "period": chance.choice(PERIODS), "format": "",
        "place": "", "note": "Wir brauchen das vor Ort." if chance.random() < 0.2 else "",
        "confidentiality": chance.choice(["network", "anonymous", "members"]), "source": "self", "source_date": None,
        "confirmed_at": None, "withdrawn": chance.random() < 0.05,
    }  # fmt: skip


def _say(
    session: Session, chance: random.Random, companies: list[uuid.UUID], modules: list[uuid.UUID], events: int
) -> None:
    records = min(int(events / CHANGES), len(companies) * len(modules) // 2)
    pairs = chance.sample(range(len(companies) * len(modules)), records)
    # interest is uneven: a few modules are wanted by many
    found = {
        (companies[pair % len(companies)], modules[int(len(modules) * (pair / (len(companies) * len(modules))) ** 2)])
        for pair in pairs
    }
    keys = [(uuid.UUID(int=chance.getrandbits(128), version=4), *pair) for pair in sorted(found)]
    moments = sorted(chance.randrange(DAYS * 24 * 60) for _ in range(events))
    begin = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) - timedelta(days=DAYS)
    last: dict[uuid.UUID, dict[str, Any]] = {}
    log = []
    for number, minutes in enumerate(moments):
        demand, company, module = keys[number] if number < len(keys) else chance.choice(keys)
        action = "changed" if demand in last else "marked"
        at = begin + timedelta(minutes=minutes)
        last[demand] = said = _said(chance) | {"at": at}
        snapshot = {name: value for name, value in said.items() if name != "at"}
        log.append({"demand_id": demand, "company_id": company, "module_id": module, "at": at, "action": action, "user_label": "Eva", "snapshot": snapshot})  # fmt: skip
    session.execute(insert(Demand), [_demand(key, last[key[0]]) for key in keys if key[0] in last])
    session.execute(insert(DemandEvent), log)


def _demand(key: tuple[uuid.UUID, uuid.UUID, uuid.UUID], said: dict[str, Any]) -> dict[str, Any]:
    names = ("relevance", "purposes", "people", "period", "place", "note", "confidentiality", "source")
    return {
        "id": key[0], "company_id": key[1], "module_id": key[2], "format_code": said["format"], "version": 1,
        "withdrawn_at": said["at"] if said["withdrawn"] else None, "created_at": said["at"], "updated_at": said["at"],
        **{name: said[name] for name in names},
    }  # fmt: skip


def _runs(session: Session, chance: random.Random, modules: list[uuid.UUID]) -> None:
    regions = list(session.scalars(select(Term.id).where(Term.vocabulary == Vocabulary.REGION)))
    made = [
        {
            "id": uuid.UUID(int=chance.getrandbits(128), version=4), "module_id": chance.choice(modules),
            "starts_on": DAY + timedelta(days=chance.randrange(20, 360)), "place": "Erfurt", "region_id": chance.choice(regions),
            "min_participants": chance.choice([None, 6, 8, 10]), "max_participants": chance.choice([None, 12, 16, 20]),
            "state": RunState.PLANNED, "online": False, "version": 1,
        }
        for _ in range(RUNS)
    ]  # fmt: skip
    session.execute(insert(Run), made)
