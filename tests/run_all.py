"""Everything that CI checks, in one command: ``make test``. ``--only check`` stops after lint, types and architecture."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = {
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."],
    "types": [sys.executable, "-m", "mypy"],
}
CHROMIUM_PACKAGES = ["chromium", "fonts-liberation"]


def run(name: str, command: list[str]) -> None:
    """Run one step and stop everything if it fails."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603
    print(f"── {name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode:
        sys.exit(done.returncode)


def find_chromium() -> str:
    """Return the path of a Chromium: $CHROMIUM, one on PATH, one from apt (as root), or Playwright's own; stop if there is none."""
    if path := _installed_chromium():
        return path
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("── installing Chromium with apt …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *CHROMIUM_PACKAGES],
        ):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
        if path := _installed_chromium():
            return path
    print("── asking Playwright for its own Chromium …", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)  # noqa: S603
    if path := _playwright_chromium():
        return path
    sys.exit(
        "The browser tests need Chromium: install it (Debian: apt install chromium) or set CHROMIUM=/path/to/chromium."
    )


def _installed_chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM", "") or next((path for name in names if (path := shutil.which(name))), "")


def _playwright_chromium() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


def main() -> None:
    """Parse the options and run the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["check", "all"], default="all")
    parser.add_argument("--workers", default="3")
    options, pytest_arguments = parser.parse_known_args()
    started = time.monotonic()
    for name, command in CHECKS.items():
        run(name, command)
    if options.only == "check":
        run("architecture", [sys.executable, "-m", "pytest", "-q", "tests/test_architecture.py", "tests/test_docs.py"])
        return
    os.environ["CHROMIUM"] = find_chromium()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # some machines set it: every process would compile everything anew
    run(
        "tests",
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            options.workers,
            "--dist",
            "loadscope",
            "--short-faults",
            *pytest_arguments,
        ],
    )
    print(f"── all: ok ({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    main()
