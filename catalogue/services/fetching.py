"""Looking at addresses that strangers wrote: only public ones, only for some seconds, only some bytes, certificates verified."""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from catalogue.services.findings import is_web_address

__all__ = ["Answer", "FetchError", "download", "exchange", "fetch"]

SECONDS = 10.0
MOST_BYTES = 64 * 1024
MOST_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
AGENT = "Modulkatalog-BatterieMD (link check)"
READER = "Modulkatalog-BatterieMD (import)"
TOO_LARGE = "too large"


class FetchError(Exception):
    """There was no usable answer; the message says why, in English, for staff and log."""


@dataclass(frozen=True)
class Answer:
    """The last answer after all redirects, with at most the first bytes of its body; names of headers are in lower case."""

    url: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Question:
    """What is asked at each address on the way. *whole*: a body that is longer than *most* or cut short is no answer."""

    method: str
    private: bool
    deadline: float
    most: int = MOST_BYTES
    whole: bool = False
    sent: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: {"User-Agent": AGENT})


def fetch(url: str, method: str = "GET", *, private: bool = False, seconds: float = SECONDS) -> Answer:
    """Ask *url* and follow at most five redirects, all within *seconds*; raise :class:`FetchError` without an answer.

    Each host is resolved once, all its addresses must be public (unless *private*), and exactly one of those is connected to,
    so that a name that changes its mind between check and connection leads nowhere.
    """
    return _follow(url, _Question(method, private, time.monotonic() + seconds))


def download(
    url: str, *, most: int, seconds: float, private: bool = False, headers: Mapping[str, str] | None = None
) -> Answer:
    """Get the whole body behind *url*, at most *most* bytes within *seconds*, with the same care as :func:`fetch`.

    *headers* are sent along. A redirect from https to http is refused, and so is a body that is longer, cut short or compressed.
    """
    asked = _Question(
        "GET", private, time.monotonic() + seconds, most, whole=True, headers={"User-Agent": READER, **(headers or {})}
    )
    return _follow(url, asked)


def exchange(
    url: str,
    method: str,
    *,
    most: int,
    seconds: float,
    sent: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request to an address that the operator set, private ones included, and return its whole answer; redirects are not followed."""
    deadline = time.monotonic() + seconds
    return _ask(url, _Question(method, True, deadline, most, whole=True, sent=sent, headers=headers or {}))


def _follow(url: str, asked: _Question) -> Answer:
    for _ in range(MOST_REDIRECTS + 1):
        answer = _ask(url, asked)
        place = answer.headers.get("location", "")
        if answer.status not in REDIRECTS or not place:
            return answer
        try:
            following = urljoin(url, place)
        except ValueError as error:
            raise FetchError("redirect to no address") from error
        if asked.whole and url.startswith("https:") and not following.startswith("https:"):
            raise FetchError("redirect without encryption")
        url = following
    raise FetchError("too many redirects")


def _ask(url: str, asked: _Question) -> Answer:
    if not is_web_address(url) or "@" in urlsplit(url).netloc:
        raise FetchError("not a web address")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(host.encode("idna").decode(), port)
    except (ValueError, UnicodeError) as error:
        raise FetchError("not a web address") from error
    target = quote(parts.path or "/", safe="/%:=&+!$,;'()*@~") + (
        "?" + quote(parts.query, safe="/%:=&+!$,;'()*@~?") if parts.query else ""
    )
    connection.default_port = 443 if parts.scheme == "https" else 80
    connected = _connect(connection.host, port, asked.private, asked.deadline)
    try:
        if parts.scheme == "https":
            connected = _encrypt(connected, connection.host)
        with _watched(connected, asked.deadline):
            response = _talk(connection, connected, asked, target)
            body = _body(response, asked) if asked.method != "HEAD" else b""
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(url, response.status, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError("too slow" if time.monotonic() >= asked.deadline else _why(error)) from error
    finally:
        connected.close()


def _encrypt(connected: socket.socket, host: str) -> ssl.SSLSocket:
    """Return the socket for TLS; the handshake comes with the first words, so that it is watched, too."""
    context = ssl.create_default_context()
    return context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)


def _talk(
    connection: http.client.HTTPConnection, connected: socket.socket, asked: _Question, target: str
) -> http.client.HTTPResponse:
    if isinstance(connected, ssl.SSLSocket):
        connected.do_handshake()
    connection.sock = connected
    connection.request(
        asked.method, target, asked.sent, headers={"Accept": "*/*", "Connection": "close", **asked.headers}
    )
    return connection.getresponse()


def _body(response: http.client.HTTPResponse, asked: _Question) -> bytes:
    if not asked.whole:
        return response.read(asked.most)
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise FetchError("compressed answer")
    stated = response.length  # None if the server does not say
    if stated is not None and stated > asked.most:
        raise FetchError(TOO_LARGE)
    body = response.read(asked.most + 1)
    if len(body) > asked.most:
        raise FetchError(TOO_LARGE)
    if stated is not None and len(body) < stated:
        raise FetchError("too slow" if time.monotonic() >= asked.deadline else "answer cut short")
    return body


@contextmanager
def _watched(connected: socket.socket, deadline: float) -> Iterator[None]:
    """Cut the conversation at *deadline*; what looked like its end then is none."""
    watchdog = threading.Timer(max(0.01, deadline - time.monotonic()), _cut, [connected])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
    if time.monotonic() >= deadline:
        raise FetchError("too slow")


def _cut(connected: socket.socket) -> None:
    """End a conversation that takes too long, even with a server that sends one byte a second."""
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        connected.close()


def _connect(host: str, port: int, private: bool, deadline: float) -> socket.socket:
    address = _resolve(host, port, private)
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchError("too slow")
    try:
        return socket.create_connection((address, port), timeout=left)
    except OSError as error:
        raise FetchError(_why(error)) from error


def _resolve(host: str, port: int, private: bool) -> str:
    """Return one address of *host*; refuse the host if any of its addresses must not be asked."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError("host not found") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise FetchError("host not found")
    if not private and not all(_is_public(address) for address in addresses):
        raise FetchError("address not allowed")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None and not _is_public(str(inner)):
            return False
        if address in ipaddress.ip_network("64:ff9b::/96"):  # NAT64: the last four bytes are an IPv4 address
            return _is_public(str(ipaddress.IPv4Address(address.packed[-4:])))
    return address.is_global and not address.is_multicast and not address.is_reserved


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate not valid"
    if isinstance(error, TimeoutError):
        return "too slow"
    told = "".join(letter for letter in str(error)[:500] if letter.isprintable())  # may repeat what the server sent
    return (told or type(error).__name__)[:150]
