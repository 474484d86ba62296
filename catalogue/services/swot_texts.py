"""The short texts that staff write to the fields of a SWOT: versions, history, published for members or not."""

from dataclasses import dataclass

import sqlalchemy as sa

from catalogue.db import IntegrityError, Session
from catalogue.models import FeedbackKind, SwotText, SwotVersion
from catalogue.services import audit
from catalogue.services.errors import Stale
from catalogue.services.findings import Findings, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.swot_subjects import Subject
from catalogue.texts import N_

__all__ = ["TextInput", "get", "history", "save"]

TEXT_LENGTH = 1200  # a field has to fit on a quarter of a printed page


@dataclass(frozen=True)
class TextInput:
    """What stands in a field (Markdown) and whether members read it. ``version``: 0 if there was none yet."""

    text: str
    published: bool = False
    version: int = 0


def get(session: Session, actor: Actor, subject: Subject, kind: FeedbackKind) -> SwotText | None:
    """Return the text of one field, None if nobody wrote one."""
    require(actor, "swot.edit")
    wanted = (SwotText.scope == subject.scope, SwotText.reference == subject.reference, SwotText.field == kind)
    return session.scalar(sa.select(SwotText).where(*wanted))


def save(session: Session, actor: Actor, subject: Subject, kind: FeedbackKind, given: TextInput) -> SwotText | None:
    """Write the text of one field; each change is kept. Raises Stale if somebody else saved first, and Invalid."""
    require(actor, "swot.edit")
    text = plain_text(given.text)
    findings = Findings()
    findings.length("text", text, TEXT_LENGTH)
    if given.published:
        findings.required("text", text, N_("Schreiben Sie erst einen Text, bevor Mitglieder ihn lesen."))
    findings.raise_any()
    found = get(session, actor, subject, kind)
    if found is None and not text:
        return None
    if found is None:
        found = _create(session, actor, subject, kind, TextInput(text, given.published))
    else:
        claim(session, found, given.version, given)
        if (found.text, found.published) == (text, given.published):
            return found
        found.text, found.published, found.edited_by = text, given.published, actor.label
    session.flush()
    session.add(
        SwotVersion(
            swot_text_id=found.id, number=found.version, text=text, published=given.published, user_label=actor.label
        )
    )
    session.flush()
    label = f"{subject.label}: {kind.label}"
    audit.record(session, actor, "swot.saved", found, label=label, published=given.published)
    return found


def _create(session: Session, actor: Actor, subject: Subject, kind: FeedbackKind, given: TextInput) -> SwotText:
    """Add the row; whoever was first wins."""
    place = {"scope": subject.scope, "reference": subject.reference, "field": kind}
    try:
        with session.begin_nested():
            made = SwotText(**place, text=given.text, published=given.published, edited_by=actor.label)
            session.add(made)
            session.flush()
    except IntegrityError:
        raise Stale(get(session, actor, subject, kind), given) from None
    return made


def history(session: Session, actor: Actor, text: SwotText) -> list[SwotVersion]:
    """Return what the text said, newest first."""
    require(actor, "swot.edit")
    wanted = sa.select(SwotVersion).where(SwotVersion.swot_text_id == text.id)
    return list(session.scalars(wanted.order_by(SwotVersion.number.desc())))
