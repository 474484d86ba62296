"""What ``catalogue doctor`` says about one thing it looked at. English, like the command line."""

from dataclasses import dataclass

__all__ = ["Finding", "error", "ok", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. level: ok, warning, error; ``text`` says what is, ``advice`` what to do ("" if nothing)."""

    level: str
    text: str
    advice: str = ""


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def warning(text: str, advice: str) -> Finding:
    """It works, but not as it should."""
    return Finding("warning", text, advice)


def error(text: str, advice: str) -> Finding:
    """Something does not work, or is dangerous."""
    return Finding("error", text, advice)
