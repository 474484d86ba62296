"""All settings of the catalogue: one frozen dataclass, filled from ``CATALOGUE_*`` variables.

Every field says its type, default and help; ``docs/settings.md`` is held to this list by ``tests/test_docs.py``.
Secrets may also come from a file named in ``CATALOGUE_<NAME>_FILE``.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "CATALOGUE_"
TEST_PREFIX = "CATALOGUE_TEST_"


class SettingsError(ValueError):
    """A setting is unknown or has a value that cannot be used; the message names the variable."""


def setting(
    default: Any, help: str, *, secret: bool = False, choices: tuple[str, ...] = (), at_least: int | None = None
) -> Any:
    """Declare one setting with its default and its help text."""
    return field(default=default, metadata={"help": help, "secret": secret, "choices": choices, "at_least": at_least})


@dataclass(frozen=True)
class Settings:
    """What an installation may decide. Unset means the default; nothing needs to be set to start."""

    state: Path = setting(Path("instance"), "Folder for live state: database, index, uploads, generated secret.")
    database: str = setting(
        "", "SQLAlchemy URL; empty: SQLite file catalogue.sqlite3 in the state folder.", secret=True
    )
    secret_key: str = setting(
        "", "Signs cookies and links; empty: made once in the state folder, mode 0600.", secret=True
    )
    secret_key_fallbacks: tuple[str, ...] = setting(
        (), "Older keys that are still accepted, separated by commas.", secret=True
    )
    base_url: str = setting("http://127.0.0.1:8000", "Public address, used for links in mails and feeds.")
    trusted_hosts: tuple[str, ...] = setting(
        (), "Host names that requests may name; empty: any (behind a proxy set this)."
    )
    proxies: int = setting(0, "Number of trusted reverse proxies in front of the server.", at_least=0)
    demo: bool = setting(False, "Show the banner that says companies and demand are invented.")
    rate_limits: bool = setting(True, "General rate limits (not those of signing in, which cannot be switched off).")
    inline_indexing: bool = setting(True, "Update the search index right after each change; off: the worker does it.")
    k_anonymity: int = setting(5, "Members see a sum only if at least so many other companies are in it.", at_least=3)
    session_idle_hours: int = setting(8, "Sign-in ends after so many hours without a request.", at_least=1)
    session_max_days: int = setting(14, "Sign-in ends after so many days in any case.", at_least=1)
    second_factor: str = setting(
        "",
        "Who must have one: optional, staff, company-admins (and staff) or all; empty: staff where the address is https.",
        choices=("", "optional", "staff", "company-admins", "all"),
    )
    session_staff_hours: int = setting(
        12, "Sign-in of people of the network office ends after so many hours in any case.", at_least=1
    )
    invitation_days: int = setting(7, "Invitations can be accepted for so many days.", at_least=1)
    max_upload_mb: int = setting(10, "Largest request body in megabytes.", at_least=1)
    mail_from: str = setting("modulkatalog@localhost", "Sender address of all mails.")
    smtp_host: str = setting("", "Mail server; empty: mails stay in the outbox and are shown to network staff.")
    smtp_port: int = setting(587, "Port of the mail server.", at_least=1)
    smtp_user: str = setting("", "User name at the mail server.")
    smtp_password: str = setting("", "Password at the mail server.", secret=True)
    smtp_security: str = setting(
        "starttls", "starttls, tls or none; certificates are always verified.", choices=("starttls", "tls", "none")
    )
    embed_hosts: tuple[str, ...] = setting(
        (),
        "Sites that may show /embed/modules in a frame, such as https://www.example.org; * for any; empty: only the catalogue itself.",
    )
    oidc_issuer: str = setting(
        "", "Issuer of the OpenID provider people may sign in with, exactly as it names itself; empty: none."
    )
    oidc_client_id: str = setting("", "Our client id at the OpenID provider.")
    oidc_client_secret: str = setting(
        "", "Our client secret at the OpenID provider; empty: public client, with PKCE alone.", secret=True
    )
    oidc_label: str = setting("Firmenkonto", "What the OpenID provider is called on pages: Mit … anmelden.")
    oidc_scopes: tuple[str, ...] = setting(("openid", "email", "profile"), "What is asked of the OpenID provider.")
    oidc_second_factor: tuple[str, ...] = setting(
        (), "Values of acr or amr that count as second factor, * for any sign-in there; empty: ours is asked for."
    )
    metrics_token: str = setting("", "Token that /metrics wants as bearer; empty: /metrics answers 404.", secret=True)
    link_checks: bool = setting(True, "The worker looks once a week whether the sources of modules still answer.")
    link_check_private: bool = setting(False, "Links may lead to private and loopback addresses (tests, intranets).")
    source_private: bool = setting(False, "Sources may lie at private and loopback addresses (tests, intranets).")
    source_max_mb: int = setting(10, "Largest answer of a source in megabytes.", at_least=1)
    source_seconds: int = setting(30, "A source must have answered after so many seconds.", at_least=1)
    account_inactive_days: int = setting(
        730, "Accounts that nobody used for so many days are deleted after two mails; 0: never.", at_least=0
    )
    audit_days: int = setting(730, "The audit record is kept for so many days.", at_least=365)
    operator_name: str = setting("", "Who runs this installation (imprint, controller of the privacy page).")
    operator_address: str = setting("", "Postal address of the operator; commas become lines.")
    operator_representative: str = setting("", "Who represents the operator.")
    operator_email: str = setting("", "E-mail address for questions, also about privacy and accessibility.")
    operator_phone: str = setting("", "Telephone number of the operator.")
    operator_register: str = setting("", "Register and number of the operator.")
    operator_vat_id: str = setting("", "VAT number of the operator.")
    data_terms: str = setting(
        "", "Under what terms others may use the catalogue's data (shown for developers); empty: cautious words."
    )
    privacy_officer: str = setting("", "Name and address of the data protection officer, if there is one.")
    supervisory_authority: str = setting("", "Supervisory authority for data protection, where people can complain.")
    hosting: str = setting("", "Who hosts the servers and where (processor by Art. 28 DSGVO).")
    log_format: str = setting("text", "text for a person, json for a machine.", choices=("text", "json"))
    log_level: str = setting(
        "info",
        "Least important events that are logged: debug, info, warning or error.",
        choices=("debug", "info", "warning", "error"),
    )

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL; bare ``postgresql://`` is made to name psycopg 3."""
        if not self.database:
            return f"sqlite:///{self.state.resolve() / 'catalogue.sqlite3'}"
        return self.database.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def index_folder(self) -> Path:
        """Folder of the search index; deleting it is always safe."""
        return self.state / "index"

    @property
    def secure(self) -> bool:
        """Whether people reach the catalogue over https, so that cookies may insist on it."""
        return self.base_url.startswith("https://")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read all ``CATALOGUE_*`` variables; raise :class:`SettingsError` for unknown names and bad values."""
        environ = os.environ if environ is None else environ
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        given = {
            key: value for key, value in environ.items() if key.startswith(PREFIX) and not key.startswith(TEST_PREFIX)
        }
        values = {}
        for key, raw in given.items():
            name, text = _resolve(key, raw, known)
            values[known[name].name] = _convert(known[name], name, text)
        return cls(**values)


def _resolve(key: str, raw: str, known: Mapping[str, Field[Any]]) -> tuple[str, str]:
    """Return the variable's own name and its text, read from a file where ``_FILE`` asks for that."""
    name = key.removesuffix("_FILE")
    if key in known:
        return key, raw
    if name != key and name in known and known[name].metadata["secret"]:
        try:
            return name, Path(raw).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{key}: {raw} cannot be read ({error.strerror}).") from error
    raise SettingsError(f"{key} is not a setting of the catalogue; docs/settings.md lists all.")


def _convert(declared: Field[Any], name: str, text: str) -> Any:
    kind: type[Any] = type(declared.default)
    if kind is bool:
        return _boolean(name, text)
    if kind is int:
        return _integer(name, text, declared.metadata["at_least"])
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if choices := declared.metadata["choices"]:
        if text not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
        return text
    return Path(text).expanduser() if isinstance(declared.default, Path) else text


def _boolean(name: str, text: str) -> bool:
    known = {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False}
    if text.lower() not in known:
        raise SettingsError(f"{name} must be on or off, not {text!r}.")
    return known[text.lower()]


def _integer(name: str, text: str, at_least: int | None) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise SettingsError(f"{name} must be a whole number, not {text!r}.") from error
    if at_least is not None and number < at_least:
        raise SettingsError(f"{name} must be at least {at_least}, not {number}.")
    return number


def is_own_machine(url: str) -> bool:
    """Return whether *url* is http to this machine itself, where nobody listens on the way (tests, trying things out)."""
    try:
        return url.startswith("http://") and urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        return False


def prepare_state(settings: Settings) -> None:
    """Create the state folder; raise :class:`SettingsError` with one clear sentence if it cannot be written."""
    try:
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.state / f".write-test-{secrets.token_hex(4)}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise SettingsError(f"The state folder {settings.state} cannot be written: {error.strerror}.") from error


def load_secret_key(settings: Settings) -> str:
    """Return the configured key, or the one kept in the state folder (made there once, mode 0600)."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.state / "secret_key"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip()
