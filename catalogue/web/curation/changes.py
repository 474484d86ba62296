"""The record of one thing as people read it: verbs, the names of fields, days and labels instead of stored values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from wtforms import Form

from catalogue.models import RunState
from catalogue.services.thing_history import Entry
from catalogue.web.filters import day, label

__all__ = ["ShownChange", "ShownEntry", "shown"]

DAYS = {"starts_on", "ends_on", "decide_by"}


@dataclass(frozen=True)
class ShownChange:
    """One field before and after, in words; "" is shown as empty."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownEntry:
    """One change: when, by whom, what."""

    at: datetime
    who: str
    action: str
    thing: str
    changes: tuple[ShownChange, ...]


def shown(
    entries: Iterable[Entry], form: Form, names: Mapping[str, str], things: Mapping[str, str] | None = None
) -> list[ShownEntry]:
    """Return *entries* in words; *form* names the fields, *names* are labels of stored codes and slugs, *things* those of ids."""
    return [
        ShownEntry(
            entry.at,
            entry.user_label or gettext("System"),
            _actions().get(entry.action.partition(".")[2], entry.action),
            (things or {}).get(entry.thing_id, ""),
            tuple(
                ShownChange(
                    str(form[change.field].label.text) if change.field in form else change.field,
                    _text(change.field, change.before, names),
                    _text(change.field, change.after, names),
                )
                for change in entry.changes
            ),
        )
        for entry in entries
    ]


def _actions() -> dict[str, str]:
    return {
        "add": gettext("angelegt"),
        "create": gettext("angelegt"),
        "change": gettext("geändert"),
        "cancel": gettext("abgesagt"),
        "publish": gettext("veröffentlicht"),
        "withdraw": gettext("zurückgenommen"),
        "archive": gettext("archiviert"),
        "reopen": gettext("als Entwurf wiederhergestellt"),
    }


def _text(field: str, value: Any, names: Mapping[str, str]) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return str(gettext("ja") if value else gettext("nein"))
    if field == "parts":
        return "\n".join(_part(number, part, names) for number, part in enumerate(value, start=1))
    if field == "state":
        return label(RunState(value))
    if field in DAYS:
        return day(date.fromisoformat(value))
    return names.get(str(value), str(value))


def _part(number: int, part: Mapping[str, Any], names: Mapping[str, str]) -> str:
    words = [f"{number}. {names.get(part['module'], part['module'])}"]
    if part["choice"]:
        words.append(gettext("Alternative %(letter)s", letter=part["choice"]))
    elif not part["required"]:
        words.append(gettext("Wahl"))
    if part["after"]:
        after = ", ".join(names.get(slug, slug) for slug in part["after"])
        words.append(gettext("setzt voraus: %(names)s", names=after))
    return ", ".join(words)
