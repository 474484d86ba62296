"""Running ``catalogue …`` on the installation of the test."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from catalogue.cli import cli
from catalogue.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with what it reads from standard input in ``stdin``."""
    monkeypatch.setenv("CATALOGUE_STATE", str(settings.state))
    if settings.database:
        monkeypatch.setenv("CATALOGUE_DATABASE", settings.database)

    def invoke(*arguments: object, stdin: str = "") -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)

    return invoke
