"""A database that is older than the code ends a command with one sentence, never with a trace."""

import subprocess
import sys
from pathlib import Path


def test_a_command_on_a_database_without_tables_says_what_to_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "catalogue.cli", "company", "list"]
    done = subprocess.run(command, env={"CATALOGUE_STATE": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "catalogue db upgrade" in done.stderr
    assert "Traceback" not in done.stderr
