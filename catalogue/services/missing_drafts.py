"""A module that is drafted because something is missing: begun from a wish or a search, and linked back to it."""

import uuid
from dataclasses import dataclass

from catalogue.db import Session
from catalogue.models import Confidentiality, Module, Wish
from catalogue.services import search_gaps, wish_answers, wishes
from catalogue.services.errors import NotFound
from catalogue.services.module_input import ModuleInput
from catalogue.services.permissions import Actor, require

__all__ = ["Source", "begun", "link"]


@dataclass(frozen=True)
class Source:
    """The id of a wish or the text of a search, as an address names it; both may be empty."""

    wish: str = ""
    gap: str = ""


def begun(session: Session, actor: Actor, source: Source) -> ModuleInput | None:
    """Return what a draft begins with, None if nothing is named. Raises NotFound for a wish that does not exist."""
    require(actor, "module.edit")
    if wish := _wish(session, actor, source):
        topics = {"topic": (wish.topic.code,)} if wish.topic else {}
        text = (
            wish.text if wish.confidentiality == Confidentiality.MEMBERS else ""
        )  # of others nobody shall read the words
        return ModuleInput(wish.title, description=text, languages=("de",), terms=topics)
    if text := search_gaps.wording(source.gap):
        return ModuleInput(text[:1].upper() + text[1:], languages=("de",))
    return None


def link(session: Session, actor: Actor, source: Source, module: Module) -> None:
    """Note at the wish that *module* is drafted for it; put the search away with the draft's title."""
    if wish := _wish(session, actor, source):
        wish_answers.link_draft(session, actor, wish, module)
    elif text := search_gaps.wording(source.gap):
        search_gaps.settle(session, actor, text, f"Entwurf: {module.title}")


def _wish(session: Session, actor: Actor, source: Source) -> Wish | None:
    if not source.wish:
        return None
    try:
        return wishes.get(session, actor, uuid.UUID(source.wish))
    except ValueError as error:
        raise NotFound from error
