"""How long things about people are kept, as the code does it: the privacy page, docs and ``catalogue privacy`` are made from this table.

Every period has one function that deletes what is over. Each runs in a transaction of its own: interrupting is harmless, repeating
does nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete

from catalogue.db import Database, Session, utcnow
from catalogue.models import Invitation
from catalogue.services import (
    access_requests,
    audit,
    company_imports,
    company_links,
    confirmations,
    demand_imports,
    erased,
    imports,
    inactivity,
    links,
    outbox,
    person_copies,
    retreats,
    search_gaps,
    sessions,
    source_runs,
    throttle,
)
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["Period", "periods", "preview", "run"]

INVITATIONS = timedelta(days=90)
ROUTINE = {
    "sessions",
    "login_attempts",
    "one_time_links",
}  # end every few minutes; a proof of each would fill the record


@dataclass(frozen=True)
class Period:
    """*days* after *since* (German words) everything *about* is deleted by *prune*, which returns how many rows."""

    key: str
    about: str
    days: int
    since: str
    prune: Callable[[Session], int]


def periods(settings: Settings) -> tuple[Period, ...]:
    """Return all periods, with the figures of this installation."""
    return (
        Period("sessions", N_("Anmeldungen (Browser, Netz ohne Gerät, Zeiten)"), settings.session_max_days, N_("nach der Anmeldung"), lambda s: sessions.prune(s, settings)),
        Period("login_attempts", N_("Fehlversuche beim Anmelden, nur als Prüfwert"), throttle.KEEP.days, N_("nach dem Versuch"), throttle.prune),
        Period("one_time_links", N_("Links für ein Passwort"), 1, N_("nach dem Ende des Links"), links.prune),
        Period("requests", N_("abgelehnte Anfragen nach einem Zugang"), access_requests.KEEP_DECLINED.days, N_("nach der Ablehnung"), access_requests.prune),
        Period("invitations", N_("Einladungen"), INVITATIONS.days, N_("nach dem Ende der Einladung"), _prune_invitations),
        Period("mails", N_("Empfänger und Betreff verschickter Mails; der Text endet mit dem Versand"), outbox.KEEP.days, N_("nach dem Versand"), outbox.prune),
        Period("uploads", N_("hochgeladene Listen, die niemand übernommen hat"), imports.KEPT_FOR.days, N_("nach dem Hochladen"), _prune_uploads),
        Period("company_links", N_("Links ohne Konto"), company_links.KEPT.days, N_("nach dem Ende des Links"), company_links.prune),
        Period("confirmations", N_("Bitten an Anbieter, ein Modul zu bestätigen"), confirmations.KEEP.days, N_("nach der Bitte"), confirmations.prune),
        Period("source_runs", N_("Berichte über Läufe von Quellen"), source_runs.KEPT_FOR.days, N_("nach dem Lauf"), source_runs.prune),
        Period("search_gaps", N_("Suchen, die wenig fanden: Text und Anzahl, ohne Person"), search_gaps.KEPT_DAYS, N_("nach dem Tag der Suche"), search_gaps.prune),
        Period("retreats", N_("Telefone und Namen einer Klausur, spätestens"), retreats.FORGOTTEN.days, N_("nach ihrem Tag"), retreats.prune),
        Period("person_copies", N_("Kopien, die Personen von ihren Daten angefordert haben"), person_copies.KEEP.days, N_("nach der Anforderung"), person_copies.prune),
        Period("audit", N_("Protokoll"), settings.audit_days, N_("nach dem Ereignis"), lambda s: audit.prune(s, settings.audit_days)),
        Period("inactive", N_("Konten, die niemand benutzt, nach zwei Mails"), settings.account_inactive_days, N_("nach der letzten Anmeldung"), lambda s: inactivity.run(s, settings)),
        Period("erased_accounts", N_("Liste der Löschungen, nur als Prüfwert"), erased.KEEP.days, N_("nach der Löschung"), erased.prune),
    )  # fmt: skip


def _prune_uploads(session: Session) -> int:
    return imports.prune(session) + company_imports.prune(session) + demand_imports.prune(session)


def _prune_invitations(session: Session) -> int:
    """Delete invitations some months after they ended, whatever became of them; an account tells who came."""
    over = Invitation.requested_at.is_(None) | Invitation.approved_at.is_not(None)
    old = over & (Invitation.expires_at < utcnow() - INVITATIONS)
    return session.execute(delete(Invitation).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]


def run(database: Database, settings: Settings) -> dict[str, int]:
    """Delete what is over; return how many rows by key. What is not routine leaves one event in the record as proof."""
    done = {}
    for period in periods(settings):
        with database.write() as session:
            done[period.key] = period.prune(session)
            if done[period.key] and period.key not in ROUTINE:
                audit.record(
                    session, SYSTEM, "retention.done", label=period.about, rows=done[period.key], days=period.days
                )
    return done


def preview(database: Database, settings: Settings) -> dict[str, int]:
    """Return what :func:`run` would delete now, by doing it and taking it back."""
    done = {}
    for period in periods(settings):
        with database.session(write=True) as session:
            done[period.key] = period.prune(session)
            session.rollback()
    return done
