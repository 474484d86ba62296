"""What is wrong with the set-up is said in one sentence, with an exit code that is not 0 and no trace."""

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue import create_app
from catalogue.cli import demo, serve
from catalogue.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parent.parent.parent


Start = Callable[..., tuple[int, str]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """Starts the demo as ``make run`` does; gives its exit code and what it said as errors."""

    def never(*_: object) -> None:
        raise AssertionError("It serves although something is wrong.")

    def run(**environment: str) -> tuple[int, str]:
        for name, value in {"CATALOGUE_STATE": str(tmp_path / "state"), "PORT": "8117", **environment}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            demo.main()
        code = ended.value.code
        assert isinstance(code, int)
        return code, capsys.readouterr().err.strip()

    for name in [name for name in os.environ if name.startswith("CATALOGUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(serve, "run", never)  # a fault that is not seen must fail the test, not hang it
    return run


FAULTS = [
    ({"PORT": "abc"}, "PORT"), ({"CATALOGUE_FOO": "1"}, "CATALOGUE_FOO"), ({"CATALOGUE_STATE": "/proc/nowhere"}, "/proc/nowhere"),
    ({"CATALOGUE_STATE": f"{__file__}/below"}, "cannot be written"), ({"CATALOGUE_K_ANONYMITY": "2"}, "at least 3"),
    ({"CATALOGUE_DATABASE": "nonsense"}, "CATALOGUE_DATABASE"), ({"CATALOGUE_DATABASE": "oracle://x:geheim@y/z"}, "CATALOGUE_DATABASE"),
    ({"CATALOGUE_DATABASE": "postgresql://x:geheim@127.0.0.1:1/z"}, "cannot be reached"),
    ({"CATALOGUE_DATABASE": "sqlite:////nowhere/a.sqlite3"}, "unable to open"),
]  # fmt: skip


@pytest.mark.parametrize(("environment", "word"), FAULTS, ids=[str(fault) for fault, _ in FAULTS])
def test_a_faulty_set_up_is_one_sentence(start: Start, environment: dict[str, str], word: str) -> None:
    code, said = start(**environment)
    assert code == 1
    assert word in said
    assert (said.startswith("catalogue: "), said.count("\n"), "geheim" in said) == (True, 0, False), said


def test_a_busy_port_and_a_file_that_is_no_database_are_one_sentence(start: Start, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = start(PORT=str(taken.getsockname()[1]))
    assert (code, said.count("\n")) == (1, 0)
    assert "cannot be used" in said
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "catalogue.sqlite3").write_text("This is no database at all, only a text.")
    code, said = start()
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


def test_a_public_catalogue_does_not_start_with_a_debugger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(SettingsError, match="FLASK_DEBUG"):
        create_app(Settings(state=tmp_path, base_url="https://katalog.example"))
