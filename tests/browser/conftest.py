"""A real server started as `make run` starts it, and a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
]
ARGUMENTS += ["--no-first-run", "--disable-component-update", "--disable-sync"]
START_SECONDS = 90
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.browser)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(state: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start the demo server and wait until it is ready."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
    environment |= {"CATALOGUE_STATE": str(state), "PORT": str(port), "CATALOGUE_RATE_LIMITS": "off"}
    environment["CATALOGUE_EMBED_HOSTS"] = "http://localhost:*"
    log = open(state.parent / f"server-{port}.log", "wb")  # noqa: SIM115 - closed with the process
    server = subprocess.Popen([sys.executable, "-m", "catalogue.cli.demo"], env=environment, stdout=log, stderr=log)
    log.close()
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise RuntimeError((state.parent / f"server-{port}.log").read_text(errors="replace"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running demo catalogue with the real modules."""
    port = free_port()
    state = tmp_path_factory.mktemp("browser") / "state"
    server = start_server(state, port)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever `make test` found."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh German browser profile."""
    opened = browser.new_context(
        locale="de-DE",
        timezone_id="Europe/Berlin",
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",  # a colour in the middle of a transition would be measured otherwise
    )
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab that fails the test on script errors, CSP violations and requests to other hosts."""
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    opened.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
    )
    opened.on(
        "request",
        lambda request: complaints.append(f"foreign host: {request.url}") if _is_foreign(request.url) else None,
    )
    yield opened
    assert complaints == []


def _is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "data:", "blob:", "about:"))


def sign_in(page: Page, site: str, email: str, password: str) -> None:
    """Sign in through the form."""
    page.goto(f"{site}/login")
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_label("Passwort", exact=True).fill(password)
    page.locator("main").get_by_role("button", name="Anmelden").click()
    page.wait_for_url(lambda url: "/login" not in url)


def axe_violations(page: Page | Frame, *rules: str) -> list[dict[str, Any]]:
    """Run axe-core on the page, all rules of WCAG 2.2 AA and good practice or only *rules*, and return what it found."""
    page.wait_for_function("document.querySelector('[aria-busy=true]') === null")  # what is on its way is pale
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe_source())  # by evaluation, because the CSP forbids foreign scripts
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": AXE_TAGS}
    lean = {"runOnly": only, "resultTypes": ["violations"], "selectors": False, "preload": False}
    answer = page.evaluate("options => axe.run(document, options)", lean)
    return [
        {"rule": found["id"], "impact": found["impact"], "nodes": [node["html"][:160] for node in found["nodes"][:3]]}
        for found in answer["violations"]
    ]


@cache
def _axe_source() -> str:
    import axe_playwright_python

    return next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
