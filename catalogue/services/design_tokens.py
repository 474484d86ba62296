"""The colours of the pages for what is drawn outside of browsers: PDF files and pictures. Always the light ones."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from catalogue.paths import resources

__all__ = ["colours", "light_sheets"]

LIGHT = re.compile(r"light-dark\(\s*([^,()]+),[^()]*\)")
TOKEN = re.compile(r"--mk-([\w-]+):\s*([^;]+);")


def light_sheets(names: Sequence[str]) -> str:
    """Return the style sheets *names* as one text in which only light colours are left."""
    texts = [(resources("static") / "css" / f"{name}.css").read_text(encoding="utf-8") for name in names]
    return LIGHT.sub(r"\1", "\n".join(texts))


@lru_cache(maxsize=1)
def colours() -> Mapping[str, str]:
    """Return the tokens without their prefix: ``accent`` → ``#005f6b``."""
    return {name: value.strip() for name, value in TOKEN.findall(light_sheets(["tokens"]))}
