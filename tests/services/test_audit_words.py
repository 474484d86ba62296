"""The record in words: every event has some, details read from → to, and signs that could mislead are shown as what they are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.services import audit_words

CODE = Path(__file__).resolve().parents[2] / "catalogue"


def recorded() -> Iterator[str]:
    """Every action that the code names in a call of ``record``."""
    for path in CODE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "record(" in text else ():
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr == "record" and len(node.args) > 2:  # type: ignore[union-attr]
                given = node.args[2]  # type: ignore[union-attr]
                options = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
                yield from (
                    one.value for one in options if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )


def test_every_event_has_words() -> None:
    found = set(recorded())
    assert len(found) > 80
    unknown = set()
    for action in found:
        noun, _, verb = action.partition(".")
        if noun not in audit_words.NOUNS or (verb and verb not in audit_words.VERBS):
            unknown.add(action)
    assert unknown == set(), "add them to services/audit_words.py"


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"role": ["member", "admin"]}, [("Rolle", "member → admin")]),
        ({"network_role": [None, "curator"]}, [("Rolle im Netzwerkbüro", "nichts → curator")]),
        ({"changes": [{"field": "place", "before": "Gera", "after": ""}]}, [("place", "Gera → nichts")]),
        ({"known": False, "rows": 3, "reason": ""}, [("Konto bekannt", "nein"), ("Zeilen", "3")]),
        ({"fields": ["a", "b", "c"]}, [("Felder", "a, b, c")]),
        ({"reason": "x\r\n2026 login\x1b[2J\u202egnirts"}, [("Grund", "x\\x0d\\x0a2026 login\\x1b[2J\\u202egnirts")]),
    ],
)
def test_details_read_from_to(details: dict[str, object], said: list[tuple[str, str]]) -> None:
    assert list(audit_words.details(details)) == said
