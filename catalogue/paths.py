"""Where the files beside the code lie: in a checkout next to the package, in an installed wheel inside it."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resources(name: str) -> Path:
    """Return the folder ``templates``, ``static`` or ``data/…``, installed or in a checkout."""
    installed = PACKAGE / name
    return installed if installed.exists() else PACKAGE.parent / name
