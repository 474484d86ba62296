"""Fault tests: real processes and disks that break. Those marked ``short`` run in ``make test``, all in ``make faults``."""

from tests.faults.table import faults

__all__ = ["faults"]
