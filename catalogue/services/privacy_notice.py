"""What the pages about privacy, accessibility and the imprint say: facts from the settings and the code, never written by hand twice."""

from dataclasses import dataclass

from catalogue.db import Session
from catalogue.models import NoticeShown, User
from catalogue.services import backup, passwords
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = ["BACKUP_DAYS", "COOKIES", "VERSION", "Call", "Cookie", "calls", "lines", "measures", "missing", "show_new"]

VERSION = (
    "2026-11-22"  # of the notice on privacy and the rules of use; a new one is shown to everybody once after signing in
)
BACKUP_DAYS = backup.DAYS


@dataclass(frozen=True)
class Cookie:
    """One cookie (over https its name may begin with ``__Host-``), all of them necessary (§ 25 (2) TDDDG)."""

    name: str
    purpose: str
    lasts: str


COOKIES = (
    Cookie("session", N_("Anmeldung und Schutz der Formulare"), N_("bis zum Abmelden, höchstens so lange wie eine Anmeldung gilt")),
    Cookie("language", N_("die Sprache, die Sie wählen"), N_("ein Jahr")),
    Cookie("theme", N_("die Darstellung, die Sie wählen"), N_("ein Jahr")),
    Cookie("draft", N_("was Sie gerade schrieben, als Ihre Anmeldung endete"), N_("eine Stunde")),
    Cookie("klausur", N_("dass dieses Telefon an einer Klausur teilnimmt, ohne Namen"), N_("drei Tage")),
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """What the servers ask of other hosts by themselves; browsers of visitors ask nobody else."""

    what: str
    to: str


def calls(settings: Settings) -> tuple[Call, ...]:
    """Return the connections that this installation makes to the outside."""
    found = []
    if settings.smtp_host:
        found.append(Call(N_("Mails an Personen mit Konto, Eingeladene und Anbieter"), settings.smtp_host))
    if settings.link_checks:
        found.append(Call(N_("Einmal in der Woche wird geprüft, ob die Quellen der Module noch antworten; ohne Angaben über Personen"), N_("Seiten der Anbieter")))  # fmt: skip
    found.append(Call(N_("Eingetragene Quellen werden abgerufen, um Module zu importieren; ohne Angaben über Personen"), N_("Seiten der Quellen")))  # fmt: skip
    if issuer := getattr(settings, "oidc_issuer", ""):
        found.append(Call(N_("Anmeldung über das Konto Ihres Unternehmens, wenn Sie sie wählen"), issuer))
    return tuple(found)


def lines(address: str) -> list[str]:
    """Return the lines of a postal address."""
    return [part.strip() for part in address.split(",") if part.strip()]


def missing(settings: Settings) -> list[str]:
    """Return the settings that law asks of an operator and that are not set; none for a demonstration."""
    wanted = ("operator_name", "operator_address", "operator_representative", "operator_email", "supervisory_authority")
    return [] if settings.demo else [f"CATALOGUE_{name.upper()}" for name in wanted if not getattr(settings, name)]


def show_new(session: Session, user: User) -> bool:
    """Return whether *user* has not been shown this version of the notice yet, and note that they are shown it now."""
    if session.get(NoticeShown, (user.id, VERSION)) is not None:
        return False
    session.add(NoticeShown(user_id=user.id, version=VERSION))
    session.flush()
    return True


def measures(settings: Settings) -> tuple[Text, ...]:
    """Return the technical and organisational measures (Art. 32 DSGVO) that hold in this installation."""
    tls = N_("Übertragung nur verschlüsselt (https); Cookies mit __Host-, Secure, HttpOnly und SameSite")
    open_ = N_("ACHTUNG: CATALOGUE_BASE_URL ist kein https; die Übertragung ist nicht geschützt")
    hours, days = settings.session_idle_hours, settings.session_max_days
    return (
        Text(tls if settings.secure else open_),
        Text(N_("Passwörter ab %(least)s Zeichen, geprüft gegen häufige, gespeichert als Argon2id"), {"least": passwords.SHORTEST}),
        Text(N_("Anmeldungen enden nach %(hours)s Stunden ohne Nutzung und nach %(days)s Tagen; Raten wird in der Datenbank begrenzt"), {"hours": hours, "days": days}),
        Text(N_("Rollen und Rechte in einer Tabelle, ohne Eintrag verboten; Angaben anderer Unternehmen gibt es nicht")),
        Text(N_("Zahlen über andere erst ab %(k)s Unternehmen, auf Fünferschritte abgerundet"), {"k": max(5, settings.k_anonymity)}),
        Text(N_("Gefährliches fragt nach 15 Minuten noch einmal nach dem Passwort")),
        Text(N_("Protokoll, das die Datenbank nicht ändern lässt, %(days)s Tage"), {"days": settings.audit_days}),
        Text(N_("Fristen werden durch den Hintergrunddienst durchgesetzt; Löschungen gelten auch nach dem Zurückspielen einer Sicherung")),
        Text(N_("Sicherungen höchstens %(days)s Tage; wie sie verschlüsselt und wo sie aufbewahrt werden, regelt der Betreiber"), {"days": BACKUP_DAYS}),
        Text(N_("Mails nur mit geprüftem Zertifikat (%(way)s)"), {"way": settings.smtp_security}) if settings.smtp_host and settings.smtp_security != "none" else Text(N_("Mails verlassen den Server nicht oder ohne Verschlüsselung")),
    )  # fmt: skip
