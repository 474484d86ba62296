"""The record of processing activities and the list of measures, as a German text for the files of the operator."""

from collections.abc import Iterable, Iterator

from catalogue.services import privacy_notice, retention
from catalogue.services.personal_tables import HOLDINGS
from catalogue.settings import Settings

__all__ = ["render"]

OPEN = "(nicht eingetragen)"


def render(settings: Settings) -> str:
    """Return the report as Markdown. It holds facts of the installation, nothing about persons."""
    return "\n".join(_lines(settings)) + "\n"


def _lines(settings: Settings) -> Iterator[str]:
    yield "# Verzeichnis von Verarbeitungstätigkeiten und Maßnahmen: Modulkatalog"
    yield ""
    yield f"Aus den Einstellungen erzeugt, Fassung der Datenschutzhinweise {privacy_notice.VERSION}. Keine Rechtsberatung."
    yield from _section("Verantwortlicher (Art. 30 Abs. 1 a)", [
        settings.operator_name or OPEN, ", ".join(privacy_notice.lines(settings.operator_address)) or OPEN,
        f"vertreten durch {settings.operator_representative or OPEN}", f"E-Mail: {settings.operator_email or OPEN}",
        f"Datenschutzbeauftragte: {settings.privacy_officer or OPEN}", f"Aufsicht: {settings.supervisory_authority or OPEN}",
    ])  # fmt: skip
    yield from _section("Zwecke und Rechtsgrundlagen", [
        "Bedarf an Weiterbildung der Mitgliedsunternehmen ermitteln und Angebote planen (Art. 6 Abs. 1 b und f DSGVO)",
        "Konten verwalten und schützen, Missbrauch nachweisen (Art. 6 Abs. 1 f, Art. 32 DSGVO)",
    ])  # fmt: skip
    yield from _section("Betroffene", [
        "Beschäftigte der Mitgliedsunternehmen mit Konto", "Beschäftigte des Netzwerkbüros", "Eingeladene und Anfragende",
        "Ansprechpersonen von Anbietern", "Teilnehmende einer Klausur ohne Konto",
    ])  # fmt: skip
    yield from _section("Daten (aus der Erklärung, die auch Auskunft und Löschung steuert)", [
        f"{holding.about}: {holding.kept.label}{f' [{holding.period}]' if holding.period else ''}" for holding in HOLDINGS.values()
    ])  # fmt: skip
    yield from _section("Empfänger und Verbindungen nach außen", [
        f"Auftragsverarbeiter (Art. 28): {settings.hosting or OPEN}", *(f"{call.to}: {call.what}" for call in privacy_notice.calls(settings)),
        "Übermittlung in Drittländer: durch die Anwendung keine; Mailserver und Betrieb prüft der Betreiber",
    ])  # fmt: skip
    yield from _section("Löschfristen", [_period(period) for period in retention.periods(settings)])
    yield from _section("Cookies (§ 25 Abs. 2 TDDDG, alle notwendig)", [
        f"{cookie.name}: {cookie.purpose} ({cookie.lasts})" for cookie in privacy_notice.COOKIES
    ])  # fmt: skip
    yield from _section(
        "Technische und organisatorische Maßnahmen (Art. 32)", map(str, privacy_notice.measures(settings))
    )
    if missing := privacy_notice.missing(settings):
        yield from _section("Noch einzutragen", missing)


def _period(period: retention.Period) -> str:
    return f"{period.about}: {f'{period.days} Tage {period.since}' if period.days else 'nicht begrenzt (abgeschaltet)'} [{period.key}]"


def _section(title: str, entries: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from (f"- {entry}" for entry in entries)
