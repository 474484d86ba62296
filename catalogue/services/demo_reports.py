"""Two frozen reports for trying things out: of a day two months ago and of now, so that there is something to compare."""

from datetime import datetime, timedelta

from catalogue.db import Session
from catalogue.services import frozen_reports
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from catalogue.services.report_records import BERLIN

__all__ = ["add"]

TWO_MONTHS = timedelta(days=61)
PURPOSE = "Grundlage für die **Klausur** des Netzwerks: Was wollen die Unternehmen, und wo fehlen Plätze?"


def add(session: Session, now: datetime, k: int) -> None:
    """Freeze both."""
    earlier = (now - TWO_MONTHS).astimezone(BERLIN).date()
    frozen_reports.freeze(session, SYSTEM, FreezeInput("Zwischenstand", "", ReportQuery(as_of=earlier)), k)
    frozen_reports.freeze(session, SYSTEM, FreezeInput("Bericht zur Klausur", PURPOSE, ReportQuery()), k)
