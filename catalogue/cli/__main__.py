"""``python -m catalogue.cli`` is the ``catalogue`` command."""

from catalogue.cli import main

main()
