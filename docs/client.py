#!/usr/bin/env python3
"""A client of the catalogue's API in one file, for copying: Python's standard library only.

    python3 client.py https://katalog.example "Sicherheit"

It pages, sends a token if there is one (environment variable CATALOGUE_TOKEN), keeps what it read with its ETag and asks only whether
that still holds, and waits when the server says that it was too fast.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

PER_PAGE = 100
TRIES = 5
LONGEST_WAIT = 120  # seconds
AGAIN = (429, 503)


class Refused(Exception):
    """The server said no: its status, its sentence, and the fields that it means."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.fields = status, {one["field"]: one["message"] for one in problem.get("errors", [])}
        super().__init__(f"{status}: {problem.get('title', '')}")


class Catalogue:
    """The API of one catalogue. *token*: from the account's page, only for what visitors may not read or for changes."""

    def __init__(self, address: str, token: str = "") -> None:
        self.base = address.rstrip("/") + "/api/v1"
        self.token = token
        self.kept: dict[str, tuple[str, Any]] = {}  # path: the ETag and what was read

    def modules(self, **search: Any) -> Iterator[dict[str, Any]]:
        """Yield all modules that a search finds; parameters as on the search page: ``q="Sicherheit", topic=["a", "b"]``."""
        number = 1
        while True:
            page = self.get("/modules", **search, page=number, per_page=PER_PAGE)
            yield from page["items"]
            if number * PER_PAGE >= page["total"]:
                return
            number += 1

    def get(self, path: str, **parameters: Any) -> Any:
        """Return what *path* answers; what did not change since the last time comes from memory."""
        whole = f"{path}?{urlencode(parameters, doseq=True)}" if parameters else path
        etag, known = self.kept.get(whole, ("", None))
        status, etag, found = self._ask("GET", whole, {"If-None-Match": etag} if etag else {})
        if status == 304:
            return known
        if etag:
            self.kept[whole] = (etag, found)
        return found

    def send(self, method: str, path: str, data: Any = None, version: str = "") -> Any:
        """Change something. *version*: the ETag or number of what was read, so that nobody's change is overwritten."""
        return self._ask(method, path, {"If-Match": version} if version else {}, data)[2]

    def _ask(self, method: str, path: str, headers: dict[str, str], data: Any = None) -> tuple[int, str, Any]:
        """Return status, ETag and body; wait and try again where the server asks for it."""
        body = None if data is None else json.dumps(data).encode()
        sent = {"Accept": "application/json", "User-Agent": "catalogue-client/1", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        for left in reversed(range(TRIES)):
            try:
                request = Request(self.base + path, body, sent, method=method)  # noqa: S310 - the caller's address
                with urlopen(request, timeout=30) as answer:  # noqa: S310
                    raw = answer.read()
                    return answer.status, answer.headers.get("ETag", ""), json.loads(raw) if raw else None
            except HTTPError as error:
                with error:
                    if error.code == 304:
                        return 304, error.headers.get("ETag", ""), None
                    if error.code not in AGAIN or not left:
                        raise Refused(error.code, _problem(error)) from error
                    wait = error.headers.get("Retry-After", "")
                time.sleep(min(int(wait) if wait.isdecimal() else 1, LONGEST_WAIT))
        raise AssertionError("unreachable")


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        found = json.loads(error.read())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def main() -> None:
    """Print titles and addresses of what a search finds."""
    address, text = sys.argv[1], " ".join(sys.argv[2:])
    for module in Catalogue(address, os.environ.get("CATALOGUE_TOKEN", "")).modules(q=text):
        print(module["title"], module["url"], sep="\t")


if __name__ == "__main__":
    main()
