"""Which column of a list holds what: guessed from the headings, remembered for lists with the same ones."""

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import ImportRun, ImportState
from catalogue.services.errors import Invalid
from catalogue.services.module_cells import fold
from catalogue.services.module_columns import BY_KEY, COLUMNS, SLUG
from catalogue.texts import N_

__all__ = ["ERROR_HEADING", "by_headings", "checked", "guess", "headings_key", "remembered"]

ERROR_HEADING = N_("Fehler")  # the column that is added to a download of wrong rows


def headings_key(headings: Sequence[str]) -> str:
    """Return what is equal for lists with the same headings in the same order; the column of errors does not count."""
    folded = [fold(heading) for heading in headings if fold(heading) != fold(ERROR_HEADING)]
    return hashlib.sha256(json.dumps(folded).encode()).hexdigest()


def guess(headings: Sequence[str]) -> list[str]:
    """Return for each heading the key of the column that it most likely names, "" for none; each key at most once."""
    wanted = [fold(heading) for heading in headings]
    keys = [""] * len(wanted)
    for words in (
        {fold(column.label): column.key for column in COLUMNS},
        {a: c.key for c in COLUMNS for a in (c.key, *c.aliases)},
    ):
        for place, heading in enumerate(wanted):
            key = words.get(heading, "")
            if key and not keys[place] and key not in keys:
                keys[place] = key
    return keys


def remembered(session: Session, headings: Sequence[str]) -> ImportRun | None:
    """Return the last import of a list with the same headings whose mapping somebody confirmed."""
    return session.scalar(
        select(ImportRun)
        .where(
            ImportRun.headings_key == headings_key(headings),
            ImportRun.state != ImportState.UPLOADED,
            ImportRun.source_id.is_(None),
        )
        .order_by(ImportRun.created_at.desc(), ImportRun.id)
        .limit(1)
    )


def by_headings(headings: Sequence[str], known: ImportRun) -> list[str]:
    """Return the mapping of *known*, place by place; a column of errors in one of both is left out."""
    kept = [
        key for heading, key in zip(known.headings, known.mapping, strict=False) if fold(heading) != fold(ERROR_HEADING)
    ]
    keys = iter(kept)
    return ["" if fold(heading) == fold(ERROR_HEADING) else next(keys, "") for heading in headings]


def checked(headings: Sequence[str], mapping: Sequence[str]) -> list[str]:
    """Return *mapping* with one key per heading; raises Invalid ("columns-3" for the fourth column)."""
    keys = [*mapping, *[""] * len(headings)][: len(headings)]
    for place, key in enumerate(keys):
        if key and key not in BY_KEY:
            raise Invalid(f"columns-{place}", N_("Wählen Sie ein Feld aus der Liste."))
        if key and key in keys[:place]:
            raise Invalid(
                f"columns-{place}",
                N_("„%(label)s“ ist schon einer anderen Spalte zugeordnet."),
                label=BY_KEY[key].label,
            )
    if not {"title", "code", SLUG} & set(keys):
        raise Invalid("columns", N_("Ordnen Sie mindestens eine Spalte dem Titel, dem Kürzel oder der Kennung zu."))
    return keys
