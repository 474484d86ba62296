"""The catalogue with one of everything, for tests that walk through all of its routes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.installation import Installation, installation


@pytest.fixture(scope="session")
def _installed(sqlite_template: Path) -> Iterator[Installation]:
    with installation(sqlite_template) as made:
        yield made


@pytest.fixture
def installed(_installed: Installation) -> Iterator[Installation]:
    """The one of this process; what a test changes is put back after it."""
    yield _installed
    _installed.back()
