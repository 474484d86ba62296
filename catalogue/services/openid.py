"""The conversation with the OpenID provider: authorization code flow with PKCE. Authlib and joserfc do the arithmetic (extra ``oidc``).

Every answer is limited in time and size, comes over TLS (but from the own machine), and is believed only after its signature,
issuer, audience, times and nonce fit. Nothing here touches the database.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError, MissingClaimError
from joserfc.jwk import KeySet

from catalogue.services import fetching
from catalogue.services.identities import Flow, NotAnswering, NotProved, Proof
from catalogue.settings import Settings, is_own_machine
from catalogue.texts import N_

__all__ = ["Provider"]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")  # never "none", never a shared secret
KEY_KINDS = {"RSA", "EC", "OKP"}
MOST_BYTES = 256 * 1024
SECONDS = 6
TIMES = {"exp", "iat", "nbf"}
KEEP_SECONDS = 3600
SKEW_SECONDS = 60
AT_ONCE = 3  # conversations; a provider that hangs must not hold all threads of the server
CALLBACK = "/login/oidc/callback"
log = structlog.get_logger(__name__)

DENIED = N_("Die Anmeldung wurde dort abgebrochen oder nicht erlaubt.")
FOREIGN = N_("Diese Anmeldung wurde nicht in diesem Browser begonnen, oder sie ist schon vorbei.")
DOUBTFUL = N_("Die Antwort auf Ihre Anmeldung konnte nicht geprüft werden.")
USED = N_("Dieser Versuch gilt nicht mehr. Beginnen Sie die Anmeldung noch einmal.")
CLOCK = N_(
    "Die Antwort auf Ihre Anmeldung ist abgelaufen. Geschieht das wieder, geht eine der beiden Uhren falsch: Sagen Sie es dem Netzwerkbüro."
)


class _Limited(requests.adapters.BaseAdapter):
    """Lets Authlib speak through our own client: one request, no redirect, limited in time and size, certificates verified."""

    def send(self, request: Any, **_options: Any) -> requests.Response:  # type: ignore[override]
        sent = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {**request.headers, "Accept-Encoding": "identity"}
        headers.pop("Content-Length", None)
        try:
            answer = fetching.exchange(
                request.url, request.method, most=MOST_BYTES, seconds=SECONDS, sent=sent, headers=headers
            )
        except fetching.FetchError as error:
            raise requests.ConnectionError(str(error)) from error
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, request.url, request
        response.headers.update(answer.headers)
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing is kept open."""


class Provider:
    """The provider of the settings; its description and keys are remembered for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def begin(self, *, anew: bool = False) -> tuple[str, Flow]:
        """Return the address to send the browser to and what must be remembered there; *anew*: the person must prove themselves again."""
        flow = Flow(*(secrets.token_urlsafe(32) for _ in range(3)))
        extra: dict[str, Any] = {"prompt": "login", "max_age": 0} if anew else {}
        with self._conversation():
            target = self._metadata()["authorization_endpoint"]
        url, _ = self._client().create_authorization_url(
            target, state=flow.state, code_verifier=flow.verifier, nonce=flow.nonce, **extra
        )
        return str(url), flow

    def finish(self, flow: Flow | None, answer: Mapping[str, str]) -> Proof:
        """Return what the provider proved. *answer*: the parameters with which the browser came back. Raises NotProved, NotAnswering."""
        if flow is None or not secrets.compare_digest(flow.state.encode(), answer.get("state", "").encode()):
            raise NotProved(FOREIGN)
        with self._conversation():
            self._check_sender(answer)
            if "code" not in answer:
                log.warning("sign-in refused by the provider", error=answer.get("error", "")[:40])
                raise NotProved(DENIED) if answer.get("error") == "access_denied" else NotAnswering()
            client = self._client(self._metadata())
            token = self._token(client, answer["code"], flow)
            claims = self._claims(token, flow)
            return self._proof({**self._told(client, claims), **claims})

    def end_address(self) -> str:
        """Return where the person can sign out at the provider, too; "" if it offers nothing like that."""
        try:
            with self._conversation():
                target = str(self._metadata().get("end_session_endpoint", ""))
        except NotAnswering:
            return ""
        asked = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": self._settings.base_url}
        return f"{target}{'&' if '?' in target else '?'}{urlencode(asked)}" if self._is_safe(target) else ""

    # the conversation

    @contextmanager
    def _conversation(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=1):
            raise NotAnswering()
        try:
            yield
        except (requests.RequestException, fetching.FetchError) as error:
            log.warning("OpenID provider does not answer", reason=str(error)[:200])
            raise NotAnswering() from error
        finally:
            self._turns.release()

    def _client(self, metadata: Mapping[str, Any] | None = None) -> OAuth2Session:
        settings = self._settings
        methods = (metadata or {}).get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        client = OAuth2Session(
            settings.oidc_client_id, settings.oidc_client_secret or None, scope=" ".join(settings.oidc_scopes),
            redirect_uri=settings.base_url.rstrip("/") + CALLBACK, code_challenge_method="S256",
            token_endpoint_auth_method=way if settings.oidc_client_secret else "none",
        )  # fmt: skip
        client.trust_env = False  # no .netrc, no proxy that nobody set here
        client.mount("https://", _Limited())
        client.mount("http://", _Limited())
        return client

    def _document(self, url: str, *, anew: bool = False) -> dict[str, Any]:
        """Return the JSON object behind *url*, at most an hour old."""
        kept = self._kept.get(url)
        if kept and not anew and time.monotonic() - kept[0] < KEEP_SECONDS:
            return kept[1]
        answer = fetching.exchange(url, "GET", most=MOST_BYTES, seconds=SECONDS, headers={"Accept": "application/json"})
        try:
            found = json.loads(answer.body)
        except ValueError as error:
            raise fetching.FetchError("not JSON") from error
        if answer.status != 200 or not isinstance(found, dict):
            raise fetching.FetchError(f"status {answer.status}")
        self._kept[url] = (time.monotonic(), found)
        return found

    def _metadata(self) -> dict[str, Any]:
        """Return the provider's description of itself; it must name exactly the issuer of the settings."""
        found = self._document(get_well_known_url(self._issuer, external=True))
        if found.get("issuer") != self._issuer:
            raise fetching.FetchError("another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not self._is_safe(found.get(name)):
                raise fetching.FetchError(f"no safe {name}")
        return found

    @staticmethod
    def _is_safe(url: object) -> bool:
        return isinstance(url, str) and (url.startswith("https://") or is_own_machine(url))

    def _check_sender(self, answer: Mapping[str, str]) -> None:
        """An answer that says from whom it is must be from our provider (RFC 9207); it must say so if the provider always does."""
        sender = answer.get("iss")
        needed = self._metadata().get("authorization_response_iss_parameter_supported") is True
        if (sender is not None and sender != self._issuer) or (needed and sender is None):
            raise NotProved(DOUBTFUL)

    def _token(self, client: OAuth2Session, code: str, flow: Flow) -> dict[str, Any]:
        target = self._metadata()["token_endpoint"]
        try:
            token = client.fetch_token(
                target, grant_type="authorization_code", code=code, code_verifier=flow.verifier, allow_redirects=False
            )
        except AuthlibBaseError as error:
            log.warning("code refused", error=str(error.error)[:60])
            raise (NotProved(USED) if error.error == "invalid_grant" else NotAnswering()) from error
        except ValueError as error:
            raise fetching.FetchError("no token") from error
        return dict(token)

    # what is believed

    def _claims(self, token: Mapping[str, Any], flow: Flow) -> dict[str, Any]:
        """Return the claims of the id token after all checks. Unknown keys are asked for once more: the provider may have changed them."""
        try:
            try:
                read = self._read(token, anew=False)
            except (JoseError, ValueError):
                read = self._read(token, anew=True)
            wanted = {
                "iss": {"essential": True, "value": self._issuer}, "sub": {"essential": True}, "exp": {"essential": True},
                "aud": {"essential": True, "value": self._settings.oidc_client_id}, "iat": {"essential": True},
            }  # fmt: skip
            known = {
                "nonce": flow.nonce, "client_id": self._settings.oidc_client_id, "access_token": token.get("access_token")
            }  # fmt: skip
            claims = CodeIDToken(read.claims, read.header, wanted, known)
            claims.validate(leeway=SKEW_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("id token refused", reason=f"{type(error).__name__} {error}"[:200])
            is_late = getattr(error, "claim", "") in TIMES and not isinstance(error, MissingClaimError)
            raise NotProved(CLOCK if is_late else DOUBTFUL) from error
        return dict(claims)

    def _read(self, token: Mapping[str, Any], *, anew: bool) -> jwt.Token:
        listed = self._document(self._metadata()["jwks_uri"], anew=anew).get("keys", [])
        fitting = [key for key in listed if key.get("kty") in KEY_KINDS and key.get("use", "sig") == "sig"]
        return jwt.decode(token["id_token"], KeySet.import_key_set({"keys": fitting}), algorithms=list(ALGORITHMS))

    def _told(self, client: OAuth2Session, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the provider tells about the person elsewhere, if the id token has no address."""
        target = self._metadata().get("userinfo_endpoint")
        if "email" in claims or not self._is_safe(target):
            return {}
        try:
            told = client.get(target, allow_redirects=False).json()
        except (AuthlibBaseError, ValueError) as error:
            raise fetching.FetchError("no userinfo") from error
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:  # a token may have been swapped
            raise NotProved(DOUBTFUL)
        return told

    def _proof(self, claims: Mapping[str, Any]) -> Proof:
        subject, email, name = claims["sub"], claims.get("email"), claims.get("name")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or "\0" in subject:
            raise NotProved(DOUBTFUL)
        said = {one for one in (claims.get("acr"), *(claims.get("amr") or [])) if isinstance(one, str)}
        strong = set(self._settings.oidc_second_factor)
        return Proof(
            issuer=self._issuer,
            subject=subject,
            email=email if isinstance(email, str) and len(email) <= 254 else "",
            verified=claims.get("email_verified") in (True, "true"),
            name=" ".join(name.split())[:200] if isinstance(name, str) and "\0" not in name else "",
            second_factor="*" in strong or bool(strong & said),
            proved_at=int(time.time()),
            signed_in_at=int(claims.get("auth_time") or 0),
        )
