"""The rows of an import as people read them: labels instead of keys, words struck and underlined, who edited what when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from catalogue.models import ImportRow, RowKind
from catalogue.services.module_batches import NEW_PROVIDER
from catalogue.services.module_columns import BY_KEY
from catalogue.services.module_history import Difference
from catalogue.texts import Text
from catalogue.web.curation.differences import Shown, differences
from catalogue.web.filters import moment
from catalogue.web.languages import show

__all__ = ["ShownChange", "ShownRow", "boxes", "shown_rows"]


@dataclass(frozen=True)
class ShownChange:
    """One field that a row changes; *box* is the name of its tick box, *note* says why it is not ticked by itself."""

    box: str
    field: str
    label: str
    cell: str
    difference: Shown
    selected: bool
    locked: bool
    note: str


@dataclass(frozen=True)
class ShownRow:
    """One row with its changes, what it says (new modules) or what is wrong with it: pairs of cell and sentence."""

    row: ImportRow
    changes: tuple[ShownChange, ...]
    says: tuple[Shown, ...]
    errors: tuple[tuple[str, str], ...]


def shown_rows(rows: list[ImportRow]) -> list[ShownRow]:
    """Return *rows* for a page."""
    found: list[Difference] = []
    for row in rows:
        found += _differences(row)
    readable = iter(_readable(found))
    return [_shown(row, [next(readable) for _ in _differences(row)]) for row in rows]


def _differences(row: ImportRow) -> list[Difference]:
    if row.kind == RowKind.CHANGED:
        return [Difference(one["field"], _plain(one["old"]), _plain(one["new"])) for one in row.changes]
    if row.kind == RowKind.NEW:
        told = [(key, row.values.get(key)) for key in BY_KEY if key not in ("title", "title_exact")]
        return [Difference(key, None, _plain(value)) for key, value in told if value not in (None, "", [])]
    return []


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(NEW_PROVIDER):
        return gettext("%(name)s (wird angelegt)", name=value.removeprefix(NEW_PROVIDER))
    return value


def _readable(found: list[Difference]) -> list[Shown]:
    return differences(found)


def _shown(row: ImportRow, told: list[Shown]) -> ShownRow:
    errors = tuple((one["cell"], _error(one)) for one in row.errors)
    if row.kind != RowKind.CHANGED:
        return ShownRow(row, (), tuple(told), errors)
    changes = tuple(_change(row, change, one) for change, one in zip(row.changes, told, strict=True))
    return ShownRow(row, changes, (), errors)


def _error(error: dict[str, Any]) -> str:
    sentence = show(Text(error["message"], error["params"]))
    column = BY_KEY.get(error["field"])
    return f"{show(column.label)}: {sentence}" if column else sentence


def _change(row: ImportRow, change: dict[str, Any], difference: Shown) -> ShownChange:
    return ShownChange(
        box=f"{row.number}:{change['field']}",
        field=change["field"],
        label=show(BY_KEY[change["field"]].label),
        cell=change["cell"],
        difference=difference,
        selected=change["selected"],
        locked=bool(change.get("locked")),
        note=_note(change),
    )


def _note(change: dict[str, Any]) -> str:
    if change.get("locked"):
        return str(gettext("vor Importen geschützt"))
    if edited := change.get("edited"):
        at = moment(datetime.fromisoformat(edited["at"]))
        return str(
            gettext("im Katalog am %(moment)s von %(who)s geändert", moment=at, who=edited["by"] or gettext("System"))
        )
    return str(gettext("leert das Feld")) if change.get("clears") else ""


def boxes(rows: list[ShownRow]) -> str:
    """Return the names of all tick boxes of a page, for the form to say what it showed."""
    names = [str(shown.row.number) for shown in rows if shown.row.kind == RowKind.NEW]
    return " ".join(names + [change.box for shown in rows for change in shown.changes if not change.locked])
