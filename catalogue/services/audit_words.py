"""The record in words: what happened, to what kind of thing, and its details from → to, as a person reads them."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.texts import N_

__all__ = ["NOUNS", "VERBS", "details", "parts", "printable", "sentence", "thing"]

NOUNS = {
    "access": N_("Zugriff"), "action": N_("Aufgabe"), "audit": N_("Protokoll"), "bulk": N_("Sammeländerung"), "calendar": N_("Kalender des Unternehmens"), "catalogue": N_("Katalog"),
    "companies": N_("Unternehmen"), "company": N_("Unternehmen"), "confirmation": N_("Erneute Bestätigung"),
    "cooperation": N_("Zusammenarbeit"), "data": N_("Kopie der eigenen Daten"), "decision": N_("Entscheidung"), "demand": N_("Bedarf"),
    "factor": N_("Zweiter Faktor"), "feedback": N_("Rückmeldung"), "identity": N_("Anmeldung über das Unternehmen"),
    "import": N_("Import"), "interest": N_("Interesse im Netzwerk"), "invitation": N_("Einladung"), "link": N_("Link für ein Passwort"),
    "login": N_("Anmeldung"), "logout": N_("Abmeldung"), "mail": N_("Mail"), "measure": N_("Maßnahme"), "member": N_("Person im Unternehmen"),
    "module": N_("Modul"), "modules": N_("Module"), "notice": N_("Datenschutzhinweise"), "operation": N_("Betrieb"),
    "password": N_("Passwort"), "recovery": N_("Ersatzcodes"), "report": N_("Bericht"), "request": N_("Anfrage nach Zugang"),
    "requests": N_("Anfragen nach Zugang"), "retention": N_("Löschfrist"), "retreat": N_("Klausur"), "reviews": N_("Prüfungen"),
    "role": N_("Rolle"), "run": N_("Termin"), "runs": N_("Termine"), "second_factor": N_("Zweiter Faktor"), "sessions": N_("Anmeldungen"), "source": N_("Quelle"),
    "swot": N_("Stärken und Schwächen"), "synonym": N_("Synonym"), "term": N_("Begriff"), "token": N_("Schlüssel für Programme"),
    "user": N_("Konto"), "users": N_("Konten"), "wish": N_("Wunsch"),
}  # fmt: skip
VERBS = {
    "accepted": N_("angenommen"), "activated": N_("freigegeben"), "add": N_("angelegt"), "added": N_("angelegt"),
    "agenda": N_("Tagesordnung geändert"), "answered": N_("beantwortet"), "answered_by_mail": N_("aus der Mail beantwortet"),
    "applied": N_("übernommen"), "approved": N_("zugelassen"), "archive": N_("archiviert"), "archive_proposed": N_("Archivieren vorgeschlagen"),
    "archive_refused": N_("Archivieren zum Termin nicht möglich"), "archived": N_("abgelegt"), "asked": N_("gefragt"),
    "asked_again": N_("noch einmal gefragt"), "cancel": N_("abgesagt"), "change": N_("geändert"), "change_proposed": N_("Änderung vorgeschlagen"),
    "changed": N_("geändert"), "closed": N_("geschlossen"), "code_failed": N_("falscher Code"), "password": N_("Passwort stimmt, der zweite Faktor steht noch aus"), "recovery_used": N_("Ersatzcode benutzt"), "code_rotated": N_("neuer Code"), "confirmed": N_("bestätigt"),
    "confirmed_by_mail": N_("aus der Mail bestätigt"), "create": N_("angelegt"), "created": N_("angelegt"), "deactivated": N_("gesperrt"),
    "declined": N_("abgelehnt"), "delete": N_("gelöscht"), "deleted": N_("gelöscht"), "discarded": N_("verworfen"), "done": N_("erledigt"),
    "drafted": N_("Entwurf angelegt"), "ended": N_("beendet"), "erased": N_("gelöscht, Person vergessen"), "export": N_("ausgegeben"),
    "exported": N_("ausgegeben"), "failed": N_("fehlgeschlagen"), "frozen": N_("festgehalten"), "handed_over": N_("übergeben"),
    "hidden": N_("ausgeblendet"), "import_undone": N_("Import zurückgenommen"), "imported": N_("importiert"), "introduced": N_("vermittelt"),
    "link_made": N_("Link ausgegeben"), "link_revoked": N_("Link beendet"), "load": N_("geladen"), "locked": N_("Felder gesperrt"), "connected": N_("verbunden"), "disconnected": N_("getrennt"), "elsewhere": N_("anderswo bestätigt"), "made": N_("getroffen"),
    "merge": N_("zusammengeführt"), "merge_undone": N_("Zusammenführung zurückgenommen"), "merged": N_("zusammengeführt"),
    "move": N_("verschoben"), "moved": N_("anders eingeordnet"), "off": N_("ausgeschaltet"), "on": N_("eingeschaltet"),
    "on_behalf": N_("für ein Unternehmen eingetragen"), "opened": N_("geöffnet"), "participant_removed": N_("Telefon entfernt"),
    "pending_accepted": N_("Fassung angenommen"), "pending_discarded": N_("Fassung verworfen"), "planned": N_("zum Termin vorgemerkt"),
    "publish": N_("veröffentlicht"), "publish_refused": N_("Veröffentlichen zum Termin nicht möglich"), "read_by_link": N_("über einen Link gelesen"),
    "recount": N_("nachgerechnet"), "refused": N_("verweigert"), "removed": N_("entfernt"), "renamed": N_("umbenannt"),
    "reopen": N_("wieder geöffnet"), "reopened": N_("wieder geöffnet"), "resent": N_("noch einmal verschickt"), "restored": N_("wiederhergestellt"),
    "revoked": N_("widerrufen"), "rows": N_("Angaben hinter einer Zahl angesehen"), "saved": N_("gespeichert"), "sent": N_("verschickt"),
    "set": N_("gesetzt"), "shared": N_("Link ausgegeben"), "shown": N_("gezeigt"), "state": N_("Stand geändert"), "template": N_("Vorlage ausgegeben"),
    "told_apart": N_("kein Duplikat"), "undone": N_("zurückgenommen"), "unmerged": N_("Zusammenführung zurückgenommen"), "used": N_("benutzt"),
    "maintenance": N_("Wartung"), "normal": N_("Normalbetrieb"),
    "read_only": N_("nur Lesen"), "requests_closed": N_("keine neuen Anfragen nach Zugang"),
    "requests_opened": N_("Anfragen nach Zugang wieder möglich"), "view": N_("angesehen"), "viewed": N_("angesehen"), "voting": N_("Abstimmung geändert"), "withdraw": N_("zurückgezogen"),
    "withdrawn": N_("zurückgezogen"),
}  # fmt: skip
THINGS = {
    "action": N_("Aufgabe"), "api_token": N_("Schlüssel"), "bulk_change": N_("Sammeländerung"), "company": N_("Unternehmen"),
    "company_import": N_("Liste von Unternehmen"), "company_calendar": N_("Kalenderadresse"), "company_link": N_("Link ohne Konto"), "cooperation_entry": N_("Angebot oder Gesuch"),
    "decision": N_("Entscheidung"), "demand": N_("Bedarf"), "demand_import": N_("Umfrage"), "feedback": N_("Rückmeldung"),
    "frozen_report": N_("Bericht"), "identity": N_("Anmeldung über das Unternehmen"), "import_run": N_("Import"), "introduction": N_("Vermittlung"), "invitation": N_("Einladung"),
    "measure": N_("Maßnahme"), "membership": N_("Person im Unternehmen"), "module": N_("Modul"), "outbox_mail": N_("Mail"),
    "retreat": N_("Klausur"), "run": N_("Termin"), "source": N_("Quelle"), "swot_text": N_("Stärken und Schwächen"),
    "synonym_rule": N_("Synonym"), "term": N_("Begriff"), "user": N_("Konto"), "wish": N_("Wunsch"),
}  # fmt: skip
DETAILS = {
    "added": N_("neu"), "after": N_("nachher"), "as_of": N_("Stand"), "author": N_("von"), "before": N_("vorher"), "by": N_("nach"),
    "changed": N_("geändert"), "checksum": N_("Prüfsumme"), "company": N_("Unternehmen"), "conflicts": N_("Konflikte"), "days": N_("Tage"), "fields": N_("Felder"), "format": N_("Format"), "from": N_("ab"),
    "way": N_("Weg"), "into": N_("in"), "kind": N_("Art"), "known": N_("Konto bekannt"), "mentions": N_("Name steht noch in Texten anderer"),
    "module": N_("Modul"), "modules": N_("Module"), "name": N_("Name"), "network_role": N_("Rolle im Netzwerkbüro"), "new": N_("neu"), "number": N_("Anzahl"),
    "other": N_("anderes Modul"), "page": N_("Seite"), "purpose": N_("Zweck"), "reason": N_("Grund"), "removed": N_("entfernt"),
    "role": N_("Rolle"), "rows": N_("Zeilen"), "scope": N_("Umfang"), "skipped": N_("übergangen"), "source": N_("Quelle"), "state": N_("Stand"),
    "tasks": N_("Aufgaben"), "title": N_("Titel"), "to": N_("an"), "until": N_("voraussichtlich bis"), "url": N_("Adresse"), "version": N_("Fassung"),
}  # fmt: skip
NOTHING = N_("nichts")


def parts(action: str) -> tuple[str, str]:
    """Return noun and verb of the action, to be translated: ("Rolle", "geändert"); unknown ones as they are."""
    noun, _, verb = action.partition(".")
    return NOUNS.get(noun, noun), VERBS.get(verb, verb)


def sentence(action: str) -> str:
    """Return the action in German: "Rolle: geändert"."""
    return ": ".join(part for part in parts(action) if part)


def thing(table: str) -> str:
    """Return what kind of thing it is, in German."""
    return THINGS.get(table, table)


def details(event_details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return name and value of each detail, in German; a pair of values is read as from → to."""
    for name, value in event_details.items():
        if name == "changes" and isinstance(value, list):
            yield from (_change(one) for one in value)
        elif value not in (None, "", [], {}):
            yield DETAILS.get(name, name), _value(value)


def _change(change: Mapping[str, Any]) -> tuple[str, str]:
    name = str(change.get("field", ""))
    return DETAILS.get(name, name), f"{_one(change.get('before'))} → {_one(change.get('after'))}"


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2 and not all(isinstance(one, list | dict) for one in value):
        return f"{_one(value[0])} → {_one(value[1])}"
    return _one(value)


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, list):
        return ", ".join(_one(one) for one in value) or NOTHING
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_one(one)}" for name, one in value.items()) or NOTHING
    return NOTHING if value in (None, "") else printable(str(value))


def printable(text: str) -> str:
    """Return *text* with line breaks, escapes for terminals and signs that turn the direction of reading made visible."""
    return "".join(
        sign if sign.isprintable() else f"\\x{ord(sign):02x}" if ord(sign) < 256 else f"\\u{ord(sign):04x}"
        for sign in text
    )
