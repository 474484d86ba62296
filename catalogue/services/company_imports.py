"""Importing lists of companies: uploaded, looked at, applied in one transaction, undone. A list never deletes a company."""

import uuid
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, select

from catalogue.db import Session, utcnow
from catalogue.models import (
    Company,
    CompanyImport,
    Demand,
    Feedback,
    Invitation,
    Membership,
    RowKind,
    SizeClass,
    Wish,
    WishSupport,
)
from catalogue.services import audit, companies, company_lists
from catalogue.services.companies import CompanyInput
from catalogue.services.company_lists import ListRow, Plan
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.permissions import Actor, require
from catalogue.services.spreadsheets import Sheet, as_text
from catalogue.texts import N_

__all__ = ["apply", "discard", "get", "listing", "plan_of", "prune", "undo", "upload"]

MOST = 1000
KEPT_FOR = timedelta(days=14)


def upload(session: Session, actor: Actor, name: str, sheet: Sheet) -> CompanyImport:
    """Keep a list that could be opened; raises Invalid("file") if it has no names or too many rows."""
    require(actor, "company.create")
    company_lists.keys_of(sheet.headings)
    lines = [[line.number, *(as_text(cell) for cell in line.cells)] for line in sheet.lines()]
    if not lines:
        raise Invalid("file", N_("Unter den Überschriften steht keine Zeile."))
    if len(lines) > MOST:
        raise Invalid("file", N_("Die Liste hat mehr als %(most)s Zeilen. Teilen Sie sie."), most=MOST)
    run = CompanyImport(
        id=uuid.uuid4(), user_id=actor.user_id, user_label=actor.label, file_name=name[-200:], about=sheet.about[:300],
        headings=list(sheet.headings), lines=lines,
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run


def listing(session: Session, actor: Actor) -> list[CompanyImport]:
    """Return the last fifty imports, the newest first."""
    require(actor, "company.create")
    return list(
        session.scalars(select(CompanyImport).order_by(CompanyImport.created_at.desc(), CompanyImport.id).limit(50))
    )


def get(session: Session, actor: Actor, import_id: uuid.UUID) -> CompanyImport:
    """Return one import; raises NotFound."""
    require(actor, "company.create")
    run = session.get(CompanyImport, import_id, with_for_update=True)
    if run is None:
        raise NotFound(N_("Diesen Import gibt es nicht."))
    return run


def plan_of(session: Session, actor: Actor, run: CompanyImport) -> Plan:
    """Return what applying the list would do now."""
    require(actor, "company.create")
    return company_lists.plan(session, actor, run.headings, run.lines)


def apply(session: Session, actor: Actor, run: CompanyImport, fingerprint: str | None) -> int:
    """Write all new and changed companies, or nothing; return how many. Wrong rows are left out.

    Raises Conflict if the companies changed since the *fingerprint* was shown (None: whatever was shown).
    """
    plan = plan_of(session, actor, run)
    if run.applied_at is not None:
        raise Conflict(N_("Diese Liste ist schon übernommen."))
    if fingerprint is not None and fingerprint != plan.fingerprint:
        raise Conflict(
            N_("Inzwischen hat sich bei den Unternehmen etwas geändert. Sehen Sie die Vorschau noch einmal an.")
        )
    rows = [*plan.of(RowKind.NEW), *plan.of(RowKind.CHANGED)]
    if not rows:
        raise Conflict(N_("In der Liste steht nichts, was zu übernehmen wäre."))
    run.changes = [_write(session, actor, row) for row in rows]
    run.applied_at, run.applied_by = utcnow(), actor.label[:200]
    session.flush()
    audit.record(session, actor, "companies.imported", run, label=run.file_name, number=len(rows))
    return len(rows)


def _write(session: Session, actor: Actor, row: ListRow) -> dict[str, Any]:
    assert row.wanted is not None  # noqa: S101 - rows that are not wrong want something
    try:
        if row.company is None:
            company, old = companies.create(session, actor, row.wanted, row.slug), None
        else:
            company, old = row.company, companies.values_of(row.company)
            companies.update(session, actor, company, row.wanted, None)
    except Invalid as error:
        sentence = next(iter(error.fields.values()))
        raise Conflict(
            N_("Zeile %(number)s: %(sentence)s Es ist nichts übernommen."), number=row.number, sentence=sentence
        ) from error
    new = _plain(companies.values_of(company))
    before = _plain(old) if old else None
    if before is not None:
        new = {key: value for key, value in new.items() if value != before[key]}
        before = {key: before[key] for key in new}
    return {"id": str(company.id), "slug": company.slug, "name": company.name, "old": before, "new": new}


def _plain(values: CompanyInput) -> dict[str, Any]:
    plain = asdict(values)
    size = values.size_class
    return plain | {"email_domains": list(values.email_domains), "size_class": size.value if size else None}


def _input(base: CompanyInput, plain: dict[str, Any]) -> CompanyInput:
    changes = dict(plain)
    if "email_domains" in changes:
        changes["email_domains"] = tuple(changes["email_domains"])
    if changes.get("size_class"):
        changes["size_class"] = SizeClass(changes["size_class"])
    return replace(base, **changes)


def discard(session: Session, actor: Actor, run: CompanyImport) -> None:
    """Forget a list that was not applied."""
    require(actor, "company.create")
    if run.applied_at is not None:
        raise Conflict(N_("Diese Liste ist schon übernommen."))
    session.delete(run)
    session.flush()


def undo(session: Session, actor: Actor, run: CompanyImport) -> list[str]:
    """Take an import back and return the names of the companies that were changed or used since: what was done there stays."""
    require(actor, "company.create")
    if run.applied_at is None or run.undone_at is not None:
        raise Conflict(N_("In diesem Zustand ist das nicht möglich. Laden Sie die Seite neu."))
    run.conflicts = [change["name"] for change in reversed(run.changes) if not _take_back(session, actor, change)]
    run.undone_at, run.undone_by = utcnow(), actor.label[:200]
    session.flush()
    audit.record(session, actor, "companies.import_undone", run, label=run.file_name, kept=len(run.conflicts))
    return run.conflicts


def _take_back(session: Session, actor: Actor, change: dict[str, Any]) -> bool:
    """Return whether nothing had to be left alone."""
    company = companies.by_slug(session, actor, change["slug"])
    if company is None or str(company.id) != change["id"]:
        return True
    now = _plain(companies.values_of(company))
    same = [key for key, value in change["new"].items() if now[key] == value]
    if change["old"] is not None:
        back = {key: change["old"][key] for key in same}
        companies.update(session, actor, company, _input(companies.values_of(company), back), None)
        return len(same) == len(change["new"])
    if len(same) < len(change["new"]) or _is_used(session, company):
        return False
    audit.record(session, actor, "company.deleted", company)
    session.delete(company)
    session.flush()
    return True


def _is_used(session: Session, company: Company) -> bool:
    return any(
        session.scalar(select(exists().where(kind.company_id == company.id)))
        for kind in (Membership, Invitation, Demand, Feedback, Wish, WishSupport)
    )


def prune(session: Session) -> int:
    """Forget lists that nobody applied in two weeks; return how many."""
    old = CompanyImport.applied_at.is_(None) & (CompanyImport.created_at < utcnow() - KEPT_FOR)
    return session.execute(delete(CompanyImport).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]
