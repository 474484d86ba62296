"""The four ways a service refuses. Messages are German sentences (message ids); the web layer translates them."""

from typing import Any

from catalogue.texts import N_, Text

__all__ = ["Conflict", "Invalid", "Moved", "NotAllowed", "NotFound", "Refused", "Stale", "TooMany"]


class Refused(Exception):
    """Base of all refusals."""

    def __init__(self, message: str = "", **params: Any) -> None:
        self.text = Text(message, params)
        super().__init__(str(self.text))


class NotFound(Refused):
    """The thing does not exist, or the actor may not know that it does."""


class Moved(Refused):
    """The module with the slug ``old`` was merged into the one with the slug ``slug``, which the actor may see."""

    def __init__(self, old: str, slug: str, title: str) -> None:
        self.old, self.slug = old, slug
        super().__init__(
            N_("Dieses Modul wurde mit „%(title)s“ zusammengeführt. Ihre Eingabe ist nicht gespeichert."), title=title
        )


class NotAllowed(Refused):
    """The actor may know of the thing but not do this with it."""


class Conflict(Refused):
    """Somebody else changed the thing meanwhile, or it is in a state that does not allow this."""


class Stale(Conflict):
    """Somebody saved first: ``current`` is the thing as it is now, ``mine`` the input that was refused."""

    def __init__(self, current: Any, mine: Any = None) -> None:
        self.current = current
        self.mine = mine
        super().__init__(N_("Inzwischen hat jemand anderes etwas geändert. Ihre Eingabe ist nicht gespeichert."))


class TooMany(Refused):
    """Too many tries; ``seconds`` says after how long another one makes sense."""

    def __init__(self, message: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(message)


class Invalid(Refused):
    """The input breaks a rule. ``fields`` maps each field's name to its sentence ("" = the whole form)."""

    def __init__(
        self, field: str = "", message: str = "", *, fields: dict[str, Text] | None = None, **params: Any
    ) -> None:
        self.fields = fields if fields is not None else {field: Text(message, params)}
        super().__init__("; ".join(f"{name}: {text}" if name else str(text) for name, text in self.fields.items()))
