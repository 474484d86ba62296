"""What the fault tests measured, as one table at the end of a run: fault, tries, what was lost or there twice, how long healing took."""

from dataclasses import dataclass
from typing import Any

import pytest

PROPERTY = "fault"
HEAD = ("no", "fault", "tries", "lost", "twice", "healed")


@dataclass(frozen=True)
class Faults:
    """Keeps what one test measured; pytest carries it from the worker processes to the one that prints."""

    node: pytest.Item

    def record(
        self, number: str, fault: str, *, tries: int, lost: int = 0, duplicated: int = 0, healed: float | None = None
    ) -> None:
        """Add a row: *number* as R1, *healed* in seconds from the end of the fault until all is as before (None: nothing to heal).

        Call it before the assertions, so that the row of a failed test is seen, too.
        """
        seconds = "" if healed is None else f"{healed:.1f} s"
        row = [number, fault, str(tries), str(lost), str(duplicated), seconds]
        self.node.user_properties.append((PROPERTY, row))


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> Faults:
    """The table at the end of the run, to which a test adds what it measured."""
    return Faults(request.node)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the rows of all tests."""
    rows = [
        (value if report.passed else [*value[:1], f"{value[1]} (FAILED)", *value[2:]])
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if rows:
        rows.sort(key=lambda row: (int(row[0].strip("R")), row[1]))
        terminalreporter.section("faults")
        widths = [max(len(row[place]) for row in [HEAD, *rows]) for place in range(len(HEAD))]
        for row in [HEAD, *rows]:
            cells = [
                text.ljust(width) if place < 2 else text.rjust(width)
                for place, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            terminalreporter.line("  ".join(cells).rstrip())
