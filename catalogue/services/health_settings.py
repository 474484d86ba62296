"""Settings that do not fit together, and the key that signs everything."""

import os
import stat
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from catalogue.services import privacy_notice
from catalogue.services.finding import Finding, error, ok, warning
from catalogue.settings import Settings

__all__ = ["fit", "key"]

KEY_LENGTH, KEY_VARIETY = 32, 8
KEY_DAYS = 730
TOKEN_LENGTH = 16


def fit(settings: Settings) -> Iterator[Finding]:
    """Look at combinations of settings."""
    found = [*_address(settings), *(_public(settings) if settings.secure else ()), *_other(settings)]
    yield from found or [ok("The settings fit together.")]


def _address(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.base_url).hostname or ""
    if not settings.secure:
        yield warning(
            f"CATALOGUE_BASE_URL is {settings.base_url}: without https cookies are not protected on the way.",
            "Put a proxy with TLS in front and name its https address, unless you only try things out.",
        )
    if settings.trusted_hosts and not any(_matches(host, trusted) for trusted in settings.trusted_hosts):
        yield error(
            f"CATALOGUE_TRUSTED_HOSTS does not name {host}: every request to the public address is refused.",
            f"Add {host} to CATALOGUE_TRUSTED_HOSTS.",
        )


def _matches(host: str, trusted: str) -> bool:
    name = trusted.partition(":")[0]
    return host == name or (name.startswith(".") and (host.endswith(name) or host == name[1:]))


def _public(settings: Settings) -> Iterator[Finding]:
    """What is dangerous where others come in."""
    if not settings.trusted_hosts:
        yield warning("Any host name is accepted.", "Set CATALOGUE_TRUSTED_HOSTS to the host of CATALOGUE_BASE_URL.")
    if not settings.proxies:
        yield warning(
            "The address is https, but no proxy is trusted: limits and records would all name the proxy.",
            "Set CATALOGUE_PROXIES to the number of proxies in front, usually 1.",
        )
    if settings.demo:
        yield error("CATALOGUE_DEMO is on.", "Turn it off, and look whether the database holds invented companies.")
    if os.environ.get("FLASK_DEBUG", "") not in ("", "0", "false"):
        yield error("FLASK_DEBUG is set: the server refuses to start.", "Remove it from the environment.")
    for name in ("link_check_private", "source_private"):
        if getattr(settings, name):
            yield warning(
                f"CATALOGUE_{name.upper()} is on: staff can make the server ask machines inside.", "Turn it off."
            )
    if not settings.rate_limits:
        yield warning("CATALOGUE_RATE_LIMITS is off.", "Turn it on; one visitor could keep all others waiting.")
    if missing := privacy_notice.missing(settings):
        yield warning("Imprint and privacy page are incomplete.", f"Set {', '.join(missing)}.")
    if settings.second_factor == "optional":
        yield warning(
            "Nobody must have a second factor.", "Leave CATALOGUE_SECOND_FACTOR empty: staff must have one then."
        )


def _other(settings: Settings) -> Iterator[Finding]:
    if settings.database_url.startswith("postgresql") and not settings.secret_key:
        yield warning(
            "The secret key lies in the state folder of this machine: another node on this PostgreSQL knows none of its sign-ins.",
            "With several nodes set the same CATALOGUE_SECRET_KEY on each, see docs/operation.md.",
        )
    if settings.session_idle_hours > settings.session_max_days * 24:
        yield warning(
            "CATALOGUE_SESSION_IDLE_HOURS is longer than CATALOGUE_SESSION_MAX_DAYS and does nothing.",
            "Lower one of them.",
        )
    if settings.metrics_token and len(settings.metrics_token) < TOKEN_LENGTH:
        yield warning("CATALOGUE_METRICS_TOKEN can be guessed.", f"Take at least {TOKEN_LENGTH} random characters.")
    if not settings.inline_indexing:
        yield warning(
            "CATALOGUE_INLINE_INDEXING is off: changes are found when the worker has seen them.", "Turn it on."
        )


def key(settings: Settings) -> Finding:
    """Look at length, variety, rights and age of the secret key."""
    path = settings.state / "secret_key"
    value, age = settings.secret_key, 0
    if not value:
        if not path.exists():
            return ok("The secret key will be made at the first start.")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return error(f"Others may read {path}.", f"Run `chmod 600 {path}`.")
        value, age = path.read_text(encoding="ascii", errors="replace").strip(), _days(path.stat().st_mtime)
    if len(value) < KEY_LENGTH:
        return error(f"CATALOGUE_SECRET_KEY is shorter than {KEY_LENGTH} characters.", "Make a random one.")
    if len(set(value)) < KEY_VARIETY:
        return error("The secret key repeats a few characters.", "Make a random one: `openssl rand -hex 32`.")
    if age > KEY_DAYS:
        return warning(
            f"The secret key is {age} days old.",
            "Make a new one and put the old one into CATALOGUE_SECRET_KEY_FALLBACKS: sign-ins and links go on working.",
        )
    return ok(f"The secret key is long enough and private{f', {age} days old' if age else ''}.")


def _days(since: float) -> int:
    return max(0, int((time.time() - since) / 86400))
