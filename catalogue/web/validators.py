"""Answers that may be kept and asked after: an ETag of what they say, 304 for who has it already.

Only a visitor's answer may lie in a cache that others share. A browser's cookie or a program's token makes it private, whatever it says,
and every kept answer is asked after before it is used again by those.
"""

import hashlib

from flask import Response, g, request

__all__ = ["validated"]

SHARED = "public, max-age=60"
PRIVATE = "private, no-cache"
VARY = ("Accept-Language", "Authorization", "Cookie")


def validated(response: Response, content: bytes | None = None, version: int | None = None) -> Response:
    """Return *response* with validator and caching, or 304 without a body.

    *content*: what the validator is made of where the body differs each time (files with the moment they were made).
    *version*: stands before it, so that the validator can be sent back as ``If-Match``.
    """
    digest = hashlib.sha256(response.get_data() if content is None else content).hexdigest()[:32]
    response.set_etag(digest if version is None else f"{version}-{digest}", weak=content is not None)
    response.vary.update(VARY)
    g.kept = PRIVATE if "Authorization" in request.headers or request.cookies else SHARED
    response.make_conditional(request)
    return response
