"""Answers that are asked for again and again: the same answer is sent once, then 304."""

import hashlib

from flask import Response, request

__all__ = ["unless_known"]


def unless_known(answer: Response) -> Response:
    """Return *answer* with an ETag, or 304 if the asker knows it already. (The asker keeps it itself: pages here are never cached.)"""
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:16])
    answer.make_conditional(request)
    return answer
