"""Links by which people without an account read one report, as far as outsiders may: hashed, expiring, revocable."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import undefer_group

from catalogue.db import Session, utcnow
from catalogue.models import FrozenReport, ReportLink
from catalogue.services import audit, frozen_reports
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.permissions import VISITOR, Actor, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.texts import N_

__all__ = ["DAYS", "LONGEST_DAYS", "create", "is_live", "listed", "note_use", "open_link", "revoke"]

DAYS = 30
LONGEST_DAYS = 365
MOST = 20  # live links of one report
LONGEST_NAME = 120
NOTED_EVERY = timedelta(minutes=5)
ENDED = N_("Dieser Link ist abgelaufen, widerrufen oder unvollständig. Fragen Sie das Netzwerkbüro nach einem neuen.")


def create(
    session: Session, actor: Actor, report_id: uuid.UUID, name: str, days: int, k: int
) -> tuple[ReportLink, str]:
    """Make a link and return it with its token, which nobody can read again.

    *k*: how many companies a shown figure must have now; a report that was frozen under a weaker rule is not shared.
    """
    require(actor, "report.share")
    report = frozen_reports.get(session, actor, report_id)
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(
            "name", N_("Schreiben Sie, für wen der Link ist, zum Beispiel „Vorstand“ (höchstens 120 Zeichen).")
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("days", N_("Wählen Sie zwischen 1 und %(most)s Tagen."), most=LONGEST_DAYS)
    if report.archived_at is not None:
        raise Conflict(N_("Dieser Bericht liegt im Archiv und kann nicht geteilt werden."))
    if not report.disclosed.get("shareable"):
        raise Conflict(
            N_(
                "Dieser Bericht zählt nur einen Teil der Unternehmen oder Angaben. Geteilt werden nur Berichte über alle."
            )
        )
    if not _strict_enough(report, k):
        raise Conflict(
            N_(
                "Seit dem Festschreiben gilt eine strengere Regel für kleine Zahlen. Schreiben Sie den Bericht neu fest."
            )
        )
    if sum(is_live(link) for link in listed(session, actor, report_id)) >= MOST:
        raise Invalid("name", N_("Dieser Bericht hat schon %(most)s Links. Widerrufen Sie zuerst einen."), most=MOST)
    token, now = make_token(), utcnow()
    link = ReportLink(
        report_id=report.id, name=name, token_hash=hash_token(token), created_at=now,
        created_by_id=actor.user_id, created_by_label=actor.label, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    session.add(link)
    session.flush()
    audit.record(session, actor, "report.shared", report, link=str(link.id), name=name, days=days)
    return link, token


def listed(session: Session, actor: Actor, report_id: uuid.UUID) -> list[ReportLink]:
    """Return all links of a report, the newest first."""
    require(actor, "report.see")
    links = select(ReportLink).where(ReportLink.report_id == report_id).order_by(ReportLink.created_at.desc())
    return list(session.scalars(links))


def revoke(session: Session, actor: Actor, report_id: uuid.UUID, link_id: uuid.UUID) -> None:
    """End a link at once."""
    require(actor, "report.share")
    link = session.get(ReportLink, link_id)
    if link is None or link.report_id != report_id:
        raise NotFound()
    if link.revoked_at is None:
        link.revoked_at = utcnow()
        session.flush()
        report = session.get_one(FrozenReport, report_id)
        audit.record(session, actor, "report.link_revoked", report, link=str(link.id), name=link.name)


def open_link(session: Session, token: str, k: int) -> tuple[ReportLink, FrozenReport]:
    """Return the link and the report with what outsiders may see of it; NotFound with one sentence for every reason."""
    link = session.scalar(select(ReportLink).where(ReportLink.token_hash == hash_token(token)))
    if link is None or not is_live(link):
        raise NotFound(ENDED)
    kept = select(FrozenReport).where(FrozenReport.id == link.report_id, FrozenReport.archived_at.is_(None))
    report = session.scalar(kept.options(undefer_group("kept")))
    if report is None or not _strict_enough(report, k):
        raise NotFound(ENDED)
    return link, report


def is_live(link: ReportLink, now: datetime | None = None) -> bool:
    """Whether the link has neither expired nor been revoked."""
    return link.revoked_at is None and link.expires_at > (now or utcnow())


def note_use(session: Session, link_id: uuid.UUID) -> None:
    """Note that somebody read the report now; at most every five minutes."""
    link, now = session.get(ReportLink, link_id), utcnow()
    if link is not None and (link.used_at is None or now - link.used_at > NOTED_EVERY):
        link.used_at = now
        report = session.get_one(FrozenReport, link.report_id)
        audit.record(session, VISITOR, "report.read_by_link", report, link=str(link.id), name=link.name)


def _strict_enough(report: FrozenReport, k: int) -> bool:
    return int(report.disclosed.get("k", 0)) >= k
