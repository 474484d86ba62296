"""Pictures beside links: every German title fits and is drawn, nothing becomes an empty box."""

import io

import pytest
from PIL import Image

from catalogue.services.preview_pictures import SITE, Picture, _font, png
from catalogue.services.preview_text import drawable, fitted, wrapped
from tests.offers import own_modules

FONT = _font("Semibold", 60)


def test_every_title_of_the_catalogue_can_be_drawn_in_four_lines() -> None:
    for module in own_modules():
        lines = wrapped(drawable(module["title"], FONT), FONT, 1056, 4)
        assert lines is None or all(FONT.getlength(line) <= 1056 for line in lines), module["title"]
        if lines:
            joined = "".join(lines).replace("-", "").replace(" ", "")
            assert joined == drawable(module["title"], FONT).replace("-", "").replace(" ", "")


def test_german_letters_stay_and_letters_that_the_font_lacks_leave_no_box() -> None:
    assert drawable("Größe, ÄÖÜ ẞ – „CO₂“ 5 °C µm ≥ é", FONT) == "Größe, ÄÖÜ ẞ – „CO₂“ 5 °C µm ≥ é"
    assert drawable("a\u00adb\u2011c \u202f 中😀\n e", FONT) == "ab-c e"


def test_long_words_break_where_the_dictionary_allows_it_and_others_anywhere() -> None:
    lines = wrapped("Batteriespeichersystemsicherheit heute", FONT, 500, 4)
    assert lines is not None
    assert lines[0].endswith("-")
    assert "".join(line.removesuffix("-") for line in lines).replace(" ", "") == "Batteriespeichersystemsicherheitheute"
    assert wrapped("W" * 200, FONT, 500, 4) is None
    assert fitted("Fraunhofer-Institut für Keramische Technologien", FONT, 500).endswith("…")


@pytest.mark.parametrize("title", ["Kurz", "W" * 200, "Elektrodenbeschichtungsanlagen " * 12, "中文", ""])
def test_any_title_gives_a_small_picture_whose_margins_stay_empty(title: str) -> None:
    made = png(Picture(title, "Anbieter " * 30, ("8 Stunden", "Präsenz", "Einstieg") * 4))
    assert len(made) < 60_000
    image = Image.open(io.BytesIO(made)).convert("RGB")
    for strip in ((0, 110, 60, 630), (1140, 110, 1200, 630), (72, 590, 1128, 630)):
        assert len(image.crop(strip).getcolors() or []) == 1


def test_another_word_is_another_picture() -> None:
    assert Picture("a").key != Picture("b").key
    assert png(SITE) != png(Picture(SITE.title))
