"""Which company an e-mail address belongs to, as far as its domain can tell."""

import re

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company
from catalogue.services.errors import Invalid
from catalogue.texts import N_

__all__ = ["FREE", "checked", "company_of"]

DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
# mail for everybody: such an address says nothing about where somebody works
FREE = frozenset(
    [
        "gmx.de",
        "gmx.net",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.org",
        "gmx.eu",
        "web.de",
        "email.de",
        "freenet.de",
        "t-online.de",
        "online.de",
        "magenta.de",
        "arcor.de",
        "aol.com",
        "aol.de",
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "outlook.de",
        "hotmail.com",
        "hotmail.de",
        "live.com",
        "live.de",
        "msn.com",
        "yahoo.com",
        "yahoo.de",
        "ymail.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "posteo.de",
        "posteo.net",
        "mailbox.org",
        "proton.me",
        "protonmail.com",
        "protonmail.ch",
        "pm.me",
        "tutanota.com",
        "tutanota.de",
        "tutamail.com",
        "tuta.io",
        "tuta.com",
        "mail.de",
        "mail.com",
        "mail.ru",
        "yandex.com",
        "zoho.com",
        "fastmail.com",
        "hey.com",
        "kabelmail.de",
        "vodafone.de",
        "vodafonemail.de",
        "unitybox.de",
        "o2mail.de",
        "o2online.de",
        "1und1.de",
        "smart-mail.de",
        "gmx-topmail.de",
        "zohomail.eu",
        "mailinator.com",
    ]
)


def checked(text: str) -> str:
    """Return a domain as it is stored; raises Invalid("email_domains") for what is none, or is everybody's."""
    domain = text.strip().lower().removeprefix("@")
    if not DOMAIN.fullmatch(domain):
        raise Invalid("email_domains", N_("„%(domain)s“ ist keine Domäne wie firma.de."), domain=text)
    if domain in FREE:
        raise Invalid(
            "email_domains",
            N_("Adressen mit %(domain)s hat jede Person. Nehmen Sie nur eigene Domänen."),
            domain=domain,
        )
    return domain


def company_of(session: Session, email: str) -> Company | None:
    """Return the one active company with the domain of *email*; None if there is none or several, or anybody can have one."""
    domain = email.rpartition("@")[2].lower()
    if domain in FREE:
        return None
    active = session.scalars(select(Company).where(Company.active.is_(True)))
    found = [company for company in active if domain in company.email_domains]
    return found[0] if len(found) == 1 else None
