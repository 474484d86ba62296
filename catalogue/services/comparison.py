"""Comparing: which modules stand side by side, and which of their values differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.db import Session
from catalogue.models import Module
from catalogue.services import modules
from catalogue.services.errors import Moved, NotFound
from catalogue.services.permissions import Actor, require

__all__ = ["FEWEST", "MOST", "Selection", "differ", "select"]

FEWEST = 2
MOST = 4
LONGEST_LIST = 100  # slugs that are looked at; nobody ticks more


@dataclass(frozen=True)
class Selection:
    """The modules to compare, in the order chosen. ``unknown``: some do not exist (any more); ``left_out``: how many are too many."""

    modules: tuple[Module, ...]
    unknown: int = 0
    left_out: int = 0

    @property
    def too_few(self) -> bool:
        """Whether there is nothing to compare."""
        return len(self.modules) < FEWEST


def select(session: Session, actor: Actor, slugs: Sequence[str], most: int = MOST) -> Selection:
    """Return the first *most* different modules of *slugs* that *actor* may see, loaded as services.modules.get does."""
    require(actor, "catalogue.search")
    wanted = list(dict.fromkeys(slug for slug in slugs if slug))[:LONGEST_LIST]
    found: list[Module] = []
    unknown = 0
    while wanted and len(found) < most:
        try:
            module = modules.get(session, actor, wanted.pop(0))
        except Moved as merged:
            wanted.insert(0, merged.slug)
        except NotFound:
            unknown += 1
        else:
            found += [module] if module not in found else []
    return Selection(tuple(found), unknown, len(wanted))


def differ(values: Sequence[str]) -> bool:
    """Return whether *values* say different things; case and spaces do not count, nothing said is a difference, too."""
    return len({" ".join(value.casefold().split()) for value in values}) > 1
