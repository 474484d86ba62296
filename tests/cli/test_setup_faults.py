"""What is wrong with the set-up is said in one sentence, with an exit code that is not 0 and no trace."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def start(tmp_path: Path, **environment: str) -> tuple[int, str]:
    """Start the demo as ``make run`` does; return exit code and what it said as errors."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
    done = subprocess.run(
        [sys.executable, "-m", "catalogue.cli.demo"],
        env={**kept, "CATALOGUE_STATE": str(tmp_path / "state"), "PORT": "8117", **environment},
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr.strip()


FAULTS = [
    ({"PORT": "abc"}, "PORT"), ({"CATALOGUE_FOO": "1"}, "CATALOGUE_FOO"), ({"CATALOGUE_STATE": "/proc/nowhere"}, "/proc/nowhere"),
    ({"CATALOGUE_STATE": f"{__file__}/below"}, "cannot be written"), ({"CATALOGUE_K_ANONYMITY": "2"}, "at least 3"),
    ({"CATALOGUE_DATABASE": "nonsense"}, "CATALOGUE_DATABASE"), ({"CATALOGUE_DATABASE": "oracle://x:geheim@y/z"}, "CATALOGUE_DATABASE"),
    ({"CATALOGUE_DATABASE": "postgresql://x:geheim@127.0.0.1:1/z"}, "cannot be reached"),
    ({"CATALOGUE_DATABASE": "sqlite:////nowhere/a.sqlite3"}, "unable to open"),
]  # fmt: skip


@pytest.mark.parametrize(("environment", "word"), FAULTS, ids=[str(fault) for fault, _ in FAULTS])
def test_a_faulty_set_up_is_one_sentence(tmp_path: Path, environment: dict[str, str], word: str) -> None:
    code, said = start(tmp_path, **environment)
    assert code == 1
    assert word in said
    assert (said.startswith("catalogue: "), said.count("\n"), "geheim" in said) == (True, 0, False), said


def test_a_busy_port_and_a_file_that_is_no_database_are_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = start(tmp_path, PORT=str(taken.getsockname()[1]))
    assert (code, said.count("\n")) == (1, 0)
    assert "cannot be used" in said
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "catalogue.sqlite3").write_text("This is no database at all, only a text.")
    code, said = start(tmp_path)
    assert (code, said.count("\n")) == (1, 0)
    assert "not a database" in said


@pytest.mark.parametrize(
    ("body", "word"), [("exit 1", "3.11 or newer"), ('case "$*" in *venv*) exit 1;; esac', "python3-venv")]
)
def test_a_python_that_cannot_be_used_is_one_sentence(tmp_path: Path, body: str, word: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    done = subprocess.run(
        ["bash", str(ROOT / "tests" / "make_venv.sh")], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHON": str(python)},
    )  # fmt: skip
    assert done.returncode == 1
    assert word in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()
