"""Structured logs on standard error: one line per event, readable for a person or JSON for a machine; never personal data.

Everything goes through one handler: our own events, those of the server and of libraries, warnings, and what nobody caught. What people
typed can hide in messages of exceptions and in local variables: locals are never written, messages only of kinds that speak of the
program or the machine.
"""

import json
import logging
import os
import re
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any, TextIO

import structlog

__all__ = ["configure_logging", "describe"]

SPEAKING = (ImportError, NameError, AttributeError, TypeError, MemoryError, RecursionError, NotImplementedError)
FOREIGN = (  # libraries whose messages repeat what was asked for
    (re.compile(r"(while serving|Exception on|Forwarded token:).*", re.DOTALL), r"\1 …"),
    (re.compile(r"\b(ratelimit .*?) \(.*", re.DOTALL), r"\1"),
)
# what could start a line of its own, colour a terminal or turn the direction of writing
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
OWN_HANDLERS = ("gunicorn.error", "gunicorn.access", "waitress", "waitress.queue", "py.warnings")
Event = structlog.typing.EventDict
Error = BaseException


def configure_logging(log_format: str, level: str = "info") -> None:
    """Set logging up for this process; may be called again. *log_format* is "text" or "json"."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _failure]
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _foreign], processors=[*last, _json if log_format == "json" else _line]
        )
    )
    root = logging.getLogger()
    root.handlers = [*(other for other in root.handlers if not isinstance(other, _Stderr)), handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("catalogue").setLevel(level.upper())
    for name, logger in list(
        logging.root.manager.loggerDict.items()
    ):  # other libraries' configuration switches off what it does not know
        if name.startswith("catalogue") and isinstance(logger, logging.Logger):
            logger.disabled = False
    for name in OWN_HANDLERS:
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = [], True
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what standard error is now, like logging's handler of last resort."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def _place(_logger: object, _method: str, event: Event) -> Event:
    return {**event, "node": socket.gethostname(), "pid": os.getpid()}


def _foreign(_logger: object, _method: str, event: Event) -> Event:
    text = str(event["event"])
    for pattern, instead in FOREIGN:
        text = pattern.sub(instead, text)
    return {**event, "event": text}


def _uncaught(kind: type[Error], error: Error | None, trace: TracebackType | None) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("catalogue").error("not caught", exc_info=(kind, error, trace))


def _failure(_logger: object, _method: str, event: Event) -> Event:
    """Replace ``exc_info`` by where it happened, and of what kind it is."""
    info = event.pop("exc_info", None)
    error = (
        info[1] if isinstance(info, tuple) else info if isinstance(info, Error) else sys.exc_info()[1] if info else None
    )
    if error is not None:
        event["exception"] = "\n".join(_told(error, set()))
    return event


def _told(error: Error, seen: set[int]) -> Iterator[str]:
    """Yield the lines of a traceback, what came first at the top; source lines, but neither values nor withheld messages."""
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen and before is not getattr(error, "orig", None):
        yield from _told(before, seen)
        yield "led to:"
    for frame in traceback.format_tb(error.__traceback__):
        yield frame.rstrip("\n")
    yield describe(error)


def describe(error: Error) -> str:
    """Return the kind of *error*, with its message if that cannot repeat what somebody typed."""
    error = getattr(error, "orig", None) or error  # what the database itself said
    kind = type(error).__qualname__
    message = _message(error)
    return f"{kind}: {CONTROLS.sub(_escape, message)}" if message else kind


def _message(error: Error) -> str:
    module = type(error).__module__.partition(".")[0]
    if module == "sqlite3":
        return str(error)
    if module == "psycopg":
        return _of_postgresql(error)
    if module == "smtplib":
        return str(getattr(error, "smtp_code", ""))  # the text names the recipient
    if isinstance(error, OSError):
        return f"[Errno {error.errno}] {error.strerror}" if error.strerror else ""
    return str(error) if isinstance(error, SPEAKING) or module == "jinja2" else ""


def _of_postgresql(error: Error) -> str:
    """The server's own sentences quote values; without a state it is about the connection."""
    state = getattr(error, "sqlstate", None)
    if not state:
        return str(error).partition("\n")[0]
    constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
    return f"{state} {constraint}" if constraint else str(state)


def _json(_logger: object, _method: str, event: Event) -> str:
    """Escapes everything but ASCII letters, so that no message starts another line."""
    return json.dumps(event, default=repr)


def _line(_logger: object, _method: str, event: Event) -> str:
    when, level, text = event.pop("timestamp", ""), event.pop("level", ""), event.pop("event", "")
    trace, logger = event.pop("exception", ""), event.pop("logger", "")
    values = "".join(f" {name}={_shown(value)}" for name, value in event.items() if name not in ("node", "pid"))
    return f"{when} {level:7} {_clean(text)}{values} [{logger}]" + (f"\n{trace}" if trace else "")


def _shown(value: object) -> str:
    text = _clean(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def _clean(value: object) -> str:
    return CONTROLS.sub(_escape, str(value))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
