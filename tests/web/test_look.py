"""The theme holds what its rules promise: one light list, readable pairs, tokens instead of colours."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text(encoding="utf-8")
PAIRS = dict(re.findall(r"(--mk-[\w-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", TOKENS))
LIGHT = {name: pair.split(", ")[0] for name, pair in PAIRS.items()}
DARK = {name: pair.split(", ")[1] for name, pair in PAIRS.items()}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_old_browsers_get_the_same_light_values() -> None:
    twin = TOKENS.split("@supports not (color: light-dark(", 1)[1]
    assert dict(re.findall(r"(--mk-[\w-]+): (#[0-9a-f]{6});", twin.split("Bridge")[0])) == LIGHT


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        *[(text, ground, 4.5) for text in ("ink", "muted", "accent", "copper", "ok", "danger")
          for ground in ("paper", "surface", "sunken")],
        ("ink", "accent-soft", 4.5), ("muted", "accent-soft", 4.5), ("accent", "accent-soft", 4.5),
        ("on-accent", "accent", 4.5), ("on-accent", "accent-strong", 4.5), ("on-mark", "mark", 4.5),
        ("copper", "copper-soft", 4.5), ("ok", "ok-soft", 4.5), ("danger", "danger-soft", 4.5),
        *[("heat-low", f"heat-{step}", 4.5) for step in (1, 2, 3)],
        *[("heat-high", f"heat-{step}", 4.5) for step in (4, 5)],
        *[(line, ground, 3) for line in ("edge", "focus") for ground in ("paper", "surface", "sunken", "accent-soft")],
        ("must", "should", 3), ("should", "sunken", 3),
    ],
)  # fmt: skip
def test_texts_and_controls_stand_out(theme: dict[str, str], text: str, ground: str, least: float) -> None:
    assert contrast(theme[f"--mk-{text}"], theme[f"--mk-{ground}"]) >= least - 0.05


def test_only_tokens_name_colours() -> None:
    for sheet in CSS.glob("*.css"):
        if sheet.name != "tokens.css":
            rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
            assert not re.findall(r":[^;{}]*#[0-9a-fA-F]{3,8}\b", rules), sheet.name


def test_every_used_token_exists() -> None:
    declared = set(re.findall(r"(--mk-[\w-]+)\s*:", TOKENS))
    for sheet in CSS.glob("*.css"):
        assert set(re.findall(r"var\((--mk-[\w-]+)\)", sheet.read_text(encoding="utf-8"))) <= declared, sheet.name
