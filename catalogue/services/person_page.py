"""The page in the copy that a person gets: the same as the JSON beside it, to read. One file that loads nothing."""

from html import escape
from typing import Any

from catalogue.services.audit_words import sentence
from catalogue.services.personal_tables import HOLDINGS

__all__ = ["render"]

HEADINGS = {
    "confirmed_at": "zuletzt bewiesen am", "second_factor_at": "zweiter Faktor benutzt am",
    "action": "Vorgang", "active": "aktiv", "address": "Netz", "answer": "Antwort", "answered_at": "beantwortet am",
    "accepted_at": "angenommen am", "as_of": "Stand", "asked_at": "angefordert am", "at": "Zeitpunkt", "booked": "gebucht",
    "browser": "Browser", "by_yourself": "von Ihnen selbst", "capacity": "Umfang", "company": "Unternehmen",
    "company_text": "Unternehmen, wie Sie es schrieben", "confidentiality": "Wer sieht das?", "contact": "Kontakt",
    "contact_email": "E-Mail-Adresse", "contact_name": "Name", "contact_phone": "Telefon", "created_at": "angelegt am",
    "decided_on": "entschieden am", "direction": "bietet oder sucht", "due_on": "bis", "email": "E-Mail-Adresse",
    "ended_at": "beendet am", "expires_at": "gilt bis", "format_code": "Format", "frequency": "wie oft", "issuer": "Anmeldedienst", "kind": "Art",
    "known": "Konto bekannt", "language": "Sprache", "last_login_at": "zuletzt angemeldet", "last_sent_at": "zuletzt verschickt",
    "made_at": "erstellt am", "module": "Modul", "name": "Name", "network_role": "Rolle im Netzwerkbüro", "note": "Anmerkung",
    "people": "Personen", "period": "Zeitraum", "place": "Ort", "previous_login_at": "davor angemeldet", "purpose": "Zweck",
    "purposes": "wofür", "question": "Suche", "relevance": "wie wichtig", "reminded_at": "erinnert am", "requested_at": "angefragt am",
    "revoked_at": "beendet am", "role": "Rolle", "run": "Termin", "scope": "Umfang", "seen_at": "zuletzt benutzt", "sent_at": "verschickt am",
    "shown_at": "gezeigt am", "snapshot": "was danach galt", "state": "Stand", "subject": "Betreff oder Kennung", "text": "Text", "thing": "Sache",
    "title": "Titel", "to": "an", "updated_at": "geändert am", "used_at": "benutzt am", "verified_at": "bestätigt am",
    "version": "Fassung", "visibility": "Wer sieht das?", "warned_at": "gewarnt am", "wish": "Wunsch", "withdrawn_at": "zurückgezogen am",
}  # fmt: skip
ABOUT = "Protokoll: was mit Ihrem Konto geschah"
STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "h2{margin-top:2rem}"
)


def render(collected: dict[str, Any]) -> str:
    """Return the page for what ``person_copies.collect`` gave. All values are escaped."""
    about = {holding.key: holding.about for holding in HOLDINGS.values()} | {"record_about_you": ABOUT}
    filled = {key: rows for key, rows in collected["data"].items() if rows}
    empty = [about[key] for key, rows in collected["data"].items() if not rows]
    parts = [
        '<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Ihre Daten im Modulkatalog</title><style>{STYLE}</style></head><body><main>",
        f"<h1>Ihre Daten im Modulkatalog BatterieMD</h1><p>Erstellt am {escape(collected['made_at'])} (UTC). Dasselbe steht für Programme in daten.json.</p>",
        *(_table(about[key], rows) for key, rows in filled.items()),
        f"<h2>Nichts gespeichert zu</h2><p>{escape(', '.join(empty))}</p></main></body></html>",
    ]
    return "".join(parts)


def _table(title: str, rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f'<th scope="col">{escape(HEADINGS.get(name, name))}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(name, row.get(name))}</td>" for name in columns) + "</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(name: str, value: Any) -> str:
    if isinstance(value, dict):
        value = (
            value["name"]
            if set(value) == {"id", "name"}
            else "; ".join(f"{key}: {one}" for key, one in value.items() if one)
        )
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        value = "ja" if value else "nein"
    if name == "action":
        value = sentence(str(value))
    return escape("" if value is None else str(value))
