"""``catalogue maintenance``."""

import pytest

from catalogue.db import Database
from catalogue.services import switches
from catalogue.services.switches import Mode
from tests.cli.conftest import Run


def test_modes_are_switched_planned_and_told(run: Run, database: Database) -> None:
    assert run("maintenance", "read-only", "--reason", "Umzug", "--until", "2099-01-01T00:00").output == (
        "Mode: read-only until 2099-01-01 00:00 (Umzug). Requests for access are taken.\n"
    )
    planned = run("maintenance", "on", "--from", "23:59")
    assert planned.output.startswith("Mode: read-only until")
    assert "\nMode: maintenance from" in planned.output
    assert run("maintenance", "requests-closed").output.splitlines()[0].endswith("Requests for access are not taken.")
    assert run("maintenance", "off").output == "Mode: normal. Requests for access are not taken.\n"
    with database.read() as session:
        found = switches.read(session)
    assert (found.mode, found.next, found.requests_open) == (Mode.NORMAL, None, False)


@pytest.mark.parametrize("moment", ["25:00", "morgen", "2026-13-01T00:00"])
def test_a_time_that_is_none_is_refused(run: Run, moment: str) -> None:
    result = run("maintenance", "on", "--until", moment)
    assert result.exit_code == 2
    assert "is not a time like" in result.output
