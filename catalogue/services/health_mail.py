"""The mail server: whether it can be reached as the settings say, and whether it takes a mail."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

from catalogue.logs import describe
from catalogue.services import mail
from catalogue.services.finding import Finding, error, ok, warning
from catalogue.settings import Settings

__all__ = ["server"]


def server(settings: Settings, send_to: str = "") -> Iterator[Finding]:
    """Connect, encrypt and sign in; with *send_to* also hand over a mail to that address."""
    if not settings.smtp_host:
        yield warning(
            "No mail server (CATALOGUE_SMTP_HOST): mails stay in the outbox.",
            "Set it, or hand mails over from /admin/outbox.",
        )
        return
    if settings.smtp_security == "none" and settings.smtp_user:
        yield error(
            "CATALOGUE_SMTP_SECURITY is none: the mail password would be sent unprotected.", "Take starttls or tls."
        )
        return
    if settings.mail_from.endswith("@localhost"):
        yield warning(
            "CATALOGUE_MAIL_FROM is still the default.", "Set an address of your domain; other servers refuse this one."
        )
    where = f"{settings.smtp_host}:{settings.smtp_port} ({settings.smtp_security})"
    try:
        with mail.smtp(settings) as connection:
            if send_to:
                connection.send_message(_test(settings, send_to))
    except (OSError, smtplib.SMTPException, ValueError) as failed:
        yield error(
            f"The mail server {where} cannot be used: {describe(failed)}.", "Look at the CATALOGUE_SMTP_ settings."
        )
    else:
        yield ok(f"Mails go to {where}{f'; it took one for {send_to}' if send_to else ''}.")


def _test(settings: Settings, to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, to
    message["Subject"] = "Modulkatalog BatterieMD: Probe"
    message.set_content(f"Diese Mail wurde von `catalogue doctor --send-test` geschickt.\n\n{settings.base_url}\n")
    return message
