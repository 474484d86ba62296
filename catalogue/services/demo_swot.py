"""Texts of the SWOT for the demonstration."""

from collections.abc import Iterable, Mapping
from typing import Any

from catalogue.db import Session
from catalogue.models import FeedbackKind, SwotScope, SwotText, SwotVersion, User

__all__ = ["add"]


def add(session: Session, rows: Iterable[Mapping[str, Any]], staff: User | None) -> None:
    """Add what staff wrote to fields of the SWOT of the whole offer."""
    by = staff.name if staff else ""
    for row in rows:
        words = {"text": row["text"], "published": row["published"]}
        written = SwotText(scope=SwotScope.ALL, field=FeedbackKind(row["field"]), edited_by=by, **words)
        session.add(written)
        session.flush()
        session.add(SwotVersion(swot_text_id=written.id, number=written.version, user_label=by, **words))
