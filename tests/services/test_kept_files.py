"""Files that can be made again: kept whole, bounded, and never needed."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.services import kept_files
from catalogue.settings import Settings


def test_a_file_is_made_once_and_again_when_it_is_gone_or_empty(tmp_path: Path) -> None:
    settings, made = Settings(state=tmp_path), []

    def make() -> bytes:
        made.append(1)
        return b"x" * len(made)

    assert [kept_files.kept(settings, "a", make) for _ in range(3)] == [b"x"] * 3
    (tmp_path / kept_files.FOLDER / "a").write_bytes(b"")
    assert kept_files.kept(settings, "a", make) == b"xx"
    assert sorted(os.listdir(tmp_path / kept_files.FOLDER)) == ["a"]


def test_without_a_disk_it_is_made_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    settings = replace(Settings(), state=tmp_path / "file")
    assert kept_files.kept(settings, "a", lambda: b"1") == b"1"
    assert kept_files.kept(settings, "a", lambda: b"2") == b"2"


def test_the_oldest_go_first_and_all_after_a_week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_files, "MOST_BYTES", 25)
    settings, folder = Settings(state=tmp_path), tmp_path / kept_files.FOLDER
    for number, name in enumerate("abc"):
        kept_files.kept(settings, name, lambda: b"0123456789")
        os.utime(folder / name, (time.time() - 100 + number,) * 2)
    assert sorted(os.listdir(folder)) == ["b", "c"]
    os.utime(folder / "b", (time.time() - 8 * 24 * 3600,) * 2)
    assert kept_files.prune(settings) == 1
    assert os.listdir(folder) == ["c"]
