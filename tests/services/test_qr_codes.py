"""QR codes: what the path draws is the symbol, dark on light with its quiet zone."""

import re

import segno
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from catalogue.services.qr_codes import QUIET, qr_code


@examples(max_examples=20, deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_/:.", min_size=1, max_size=200))
def test_the_path_draws_exactly_the_dark_modules(text: str) -> None:
    symbol = qr_code(text)
    drawn = {
        (int(x) + place, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", symbol.path)
        for place in range(int(length))
    }
    rows = segno.make(text, error="m", micro=False, boost_error=False).matrix
    dark = {(x + QUIET, y + QUIET) for y, row in enumerate(rows) for x, module in enumerate(row) if module}
    assert drawn == dark
    assert symbol.side == len(rows) + 2 * QUIET
