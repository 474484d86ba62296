"""What the invented companies offer each other and seek, from ``data/demo/cooperation.json``."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from catalogue.db import Session
from catalogue.models import (
    Company,
    Confidentiality,
    CooperationDirection,
    CooperationEntry,
    CooperationKind,
    User,
    Vocabulary,
)
from catalogue.paths import resources
from catalogue.services import vocabularies

__all__ = ["add"]


def add(
    session: Session,
    companies: Mapping[str, Company],
    people: Mapping[str, User],
    ago: Callable[[int], datetime],
    quarter: Callable[[int | None], str],
) -> None:
    """Add the entries; *ago* and *quarter* turn days before and quarters after now into moments and periods."""
    topics, regions = (vocabularies.by_code(session, name) for name in (Vocabulary.TOPIC, Vocabulary.REGION))
    for row in json.loads((resources("data/demo") / "cooperation.json").read_text(encoding="utf-8")):
        at = ago(row["days_ago"])
        session.add(
            CooperationEntry(
                id=uuid.uuid4(), company=companies[row["company"]], user_id=people[row["company"]].id,
                direction=CooperationDirection(row["direction"]), kind=CooperationKind(row["kind"]), text=row["text"],
                topic=topics.get(row.get("topic", "")), region=regions.get(row.get("region", "")), place=row.get("place", ""),
                capacity=row.get("capacity", ""), period=quarter(row.get("quarter")), contact=row.get("contact", ""),
                confidentiality=Confidentiality(row["confidentiality"]), created_at=at, updated_at=at,
            )
        )  # fmt: skip
