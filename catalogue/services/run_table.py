"""A list of runs as a table to take away."""

from collections.abc import Iterable, Sequence
from typing import Any

from catalogue.models import Run, Vocabulary
from catalogue.services.exports import Column, Kind, Table

__all__ = ["public_table", "staff_table"]

COLUMNS = (
    Column("starts_on", "Beginn", Kind.DATE),
    Column("ends_on", "Ende", Kind.DATE),
    Column("times", "Uhrzeiten"),
    Column("module", "Modul"),
    Column("provider", "Anbieter"),
    Column("topics", "Themen"),
    Column("place", "Ort"),
    Column("online", "Online"),
    Column("region", "Region"),
    Column("state", "Stand"),
    Column("cancel_reason", "Grund der Absage"),
    Column("least", "Teilnehmende mindestens", Kind.NUMBER),
    Column("most", "Teilnehmende höchstens", Kind.NUMBER),
    Column("decide_by", "Entscheidung bis", Kind.DATE),
    Column("price", "Kosten"),
    Column("booking", "Anmeldung", Kind.URL),
    Column("address", "Adresse im Katalog", Kind.URL),
)
STAFF = (
    Column("booked", "Belegte Plätze", Kind.NUMBER),
    Column("free", "Freie Plätze", Kind.NUMBER),
    Column("module_state", "Zustand des Moduls"),
    Column("note", "Anmerkung"),
    Column("changed", "Geändert", Kind.MOMENT),
)


def public_table(runs: Iterable[Run], base_url: str, notes: Sequence[tuple[str, str]] = ()) -> Table:
    """Return what everybody may know of *runs*; *base_url* begins the addresses."""
    return Table("Termine", COLUMNS, [_row(run, base_url) for run in runs], notes)


def staff_table(runs: Iterable[Run], base_url: str, notes: Sequence[tuple[str, str]] = ()) -> Table:
    """Return all about *runs*, with seats and remarks."""
    rows = [_row(run, base_url) | _staff(run) for run in runs]
    return Table("Termine (Pflege)", (*COLUMNS, *STAFF), rows, notes)


def _row(run: Run, base_url: str) -> dict[str, Any]:
    module = run.module
    return {
        "starts_on": run.starts_on,
        "ends_on": run.ends_on,
        "times": run.times_text,
        "module": module.title,
        "provider": module.provider.name if module.provider else module.provider_text,
        "topics": ", ".join(term.label() for term in module.terms_of(Vocabulary.TOPIC)),
        "place": run.place,
        "online": "ja" if run.online else "nein",
        "region": run.region.label() if run.region else "",
        "state": run.state,
        "cancel_reason": run.cancel_reason,
        "least": run.min_participants,
        "most": run.max_participants,
        "decide_by": run.decide_by,
        "price": run.price_text,
        "booking": run.booking_url,
        "address": f"{base_url.rstrip('/')}/modules/{module.slug}",
    }


def _staff(run: Run) -> dict[str, Any]:
    return {
        "booked": run.booked,
        "free": run.free_seats,
        "module_state": run.module.state,
        "note": run.note,
        "changed": run.updated_at,
    }
