"""Two states of a module as people read them: labels instead of names, words struck and underlined."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext

from catalogue.models import OfferStatus, WorkflowState
from catalogue.services import programmes, providers, reviewers, terms
from catalogue.services.module_history import Difference
from catalogue.services.pending_merge import Clash
from catalogue.web.auth import current_actor
from catalogue.web.filters import day, label
from catalogue.web.forms.module import TERM_FIELDS, ModuleForm
from catalogue.web.requests import db_session

__all__ = ["Shown", "ShownClash", "clashes", "differences", "differences_of_many", "field_label"]

LONGEST = 4000  # characters; longer texts are shown whole, before and after


@dataclass(frozen=True)
class Shown:
    """One field that differs. ``parts`` are pieces of the text: kind "same", "out" or "in", and the words."""

    field: str
    label: str
    before: str
    after: str
    parts: tuple[tuple[str, str], ...]


def differences(found: list[Difference]) -> list[Shown]:
    """Return *found* with labels and marked words."""
    return differences_of_many([found])[0]


def differences_of_many(listed: Iterable[Iterable[Difference]]) -> list[list[Shown]]:
    """Return the differences of several things, with the names read once."""
    names: dict[tuple[str, str], str] = {}
    form = ModuleForm(formdata=None)
    many = []
    for found in listed:
        shown = []
        for one in found:
            names = names or _names()
            before, after = _text(one.field, one.before, names), _text(one.field, one.after, names)
            field = TERM_FIELDS.get(one.field, one.field)
            shown.append(Shown(field, field_label(form, one.field), before, after, tuple(_parts(before, after))))
        many.append(shown)
    return many


@dataclass(frozen=True)
class ShownClash:
    """One field that was changed on both sides: what it said, and what either side made of it."""

    field: str  # as in the snapshot: "terms.topic"
    label: str
    base: str
    live: str
    proposed: str


def clashes(found: Iterable[Clash]) -> list[ShownClash]:
    """Return *found* in words."""
    listed = list(found)
    names = _names() if listed else {}
    form = ModuleForm(formdata=None)
    return [
        ShownClash(
            one.field,
            field_label(form, one.field),
            *(_text(one.field, value, names) for value in (one.base, one.live, one.proposed)),
        )
        for one in listed
    ]


def field_label(form: ModuleForm, name: str) -> str:
    """Return what the form calls the field *name* of a snapshot."""
    if name == "terms":
        return str(gettext("Begriffe"))
    if name == "state":
        return str(gettext("Zustand"))
    if name == "reviewer":
        return str(gettext("Prüfen soll"))
    field = form._fields.get(TERM_FIELDS.get(name, name))
    return str(field.label.text) if field is not None else name


def _names() -> dict[tuple[str, str], str]:
    """Return what people read for slugs, codes and values: (kind, value) → label."""
    session = db_session()
    names = {("provider", one.provider.slug): one.provider.name for one in providers.listing(session)}
    names |= {("programme", one.programme.slug): one.programme.name for one in programmes.listing(session)}
    for vocabulary, listed in terms.offered(session, merged=True).items():
        names |= {(f"terms.{vocabulary}", term.code): label(term) for term in listed}
    names |= {("reviewer", str(user.id)): user.name for user in reviewers.offered(session, current_actor())}
    names |= {("state", state.value): label(state) for state in WorkflowState}
    return names | {("offer_status", status.value): label(status) for status in OfferStatus}


def _text(field: str, value: Any, names: dict[tuple[str, str], str]) -> str:
    if value is None or value == [] or value == "":
        return ""
    if isinstance(value, bool):
        return str(gettext("ja") if value else gettext("nein"))
    if isinstance(value, list):
        separator = ", " if field.startswith("terms.") or field == "languages" else "\n"
        return separator.join(names.get((field, str(entry)), str(entry)) for entry in value)
    if field == "as_of":
        return day(date.fromisoformat(str(value)))
    if field == "price_amount":
        return f"{value} €".replace(".", ",")
    return names.get((field, str(value)), str(value))


def _parts(before: str, after: str) -> list[tuple[str, str]]:
    if not before or not after or len(before) + len(after) > LONGEST:
        return [(kind, text) for kind, text in (("out", before), ("in", after)) if text]
    old, new = re.findall(r"\s+|[^\s]+", before), re.findall(r"\s+|[^\s]+", after)
    parts: list[tuple[str, str]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", "".join(old[a:b])))
            continue
        parts += [(mark, text) for mark, text in (("out", "".join(old[a:b])), ("in", "".join(new[c:d]))) if text]
    return parts
