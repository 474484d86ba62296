"""A small real OpenID provider on 127.0.0.1 for the tests: discovery, authorization, token, keys, userinfo. It insists on PKCE and on what it promised.

What it gets wrong is put in by the test: claims, algorithm, key, issuer, status of an answer.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

__all__ = ["CLIENT", "SECRET", "OpenIDProvider", "openid_provider"]

CLIENT = "modulkatalog"
SECRET = "geheim:mit/Zeichen"


def new_key() -> ECKey:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
    key.ensure_kid()
    return key


@dataclass
class OpenIDProvider:
    """The running provider. *person*: the claims about who signs in there; *wrong*: claims of the id token that replace the right ones (None: left out)."""

    url: str = ""
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "s-1", "email": "alice@muster.example", "email_verified": True}
    )
    wrong: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    answered: dict[str, str | None] = field(default_factory=dict)  # parameters of the way back
    key: ECKey = field(default_factory=new_key)
    published: list[dict[str, Any]] | None = None  # other keys than the one that signs
    algorithm: str = "ES256"
    down: set[str] = field(default_factory=set)  # paths that answer 500
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def description(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        paths |= {"userinfo_endpoint": "/userinfo", "end_session_endpoint": "/end"}
        more = {"issuer": self.url, "authorization_response_iss_parameter_supported": True}
        return {name: self.url + path for name, path in paths.items()} | more | self.described

    def keys(self) -> dict[str, Any]:
        if self.published is not None:
            return {"keys": self.published}
        return {"keys": KeySet([self.key]).as_dict(private=False)["keys"]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where to send the browser; the person said yes."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.url} | self.answered
        given = {name: value for name, value in answer.items() if value is not None}
        return f"{asked['redirect_uri']}?{urlencode(given)}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != expected:
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or asked.get("code_challenge") != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        self.tokens[access] = asked
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = (
            {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce} | self.person | self.wrong
        )
        told = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "none":
            return f"{packed({'alg': 'none'})}.{packed(told)}."
        if self.algorithm == "HS256":  # signed with what everybody knows: the public key
            public = OctKey.import_key(json.dumps(self.keys()["keys"][0]))
            return jwt.encode({"alg": "HS256", "kid": self.key.kid}, told, public, algorithms=["HS256"])
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, told, self.key)


def packed(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@contextmanager
def openid_provider() -> Iterator[OpenIDProvider]:
    """Give a running provider."""
    provider = OpenIDProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if parts.path in provider.down:
                self._send(500, {"error": "server_error"})
            elif parts.path == "/.well-known/openid-configuration":
                self._send(200, provider.description())
            elif parts.path == "/keys":
                self._send(200, provider.keys())
            elif parts.path == "/userinfo":
                self._send(200 if token in provider.tokens else 401, provider.person)
            elif parts.path == "/authorize":
                self.send_response(303)
                self.send_header("Location", provider.authorize(dict(parse_qsl(parts.query))))
                self.end_headers()
            else:
                self._send(404, {})

        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.asked.append(self.path)
            status, answer = provider.exchange(dict(parse_qsl(body)), self.headers.get("Authorization", ""))
            self._send(500, {}) if self.path in provider.down else self._send(status, answer)

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
