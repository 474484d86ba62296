"""The pictures of the README, taken from a fresh demo: ``make screenshots``. Small on purpose: 640 px wide, few colours."""

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, free_port, sign_in, start_server
from tests.browser.logins import LOGINS, PASSWORD

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
PICTURES = {"search": ("member", "/?q=akku+lagerrung"), "planning": ("curator", "/planning")}


def main() -> None:
    """Start a demo, sign in as each role, take the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        port = free_port()
        server = start_server(Path(folder) / "state", port)
        site = f"http://127.0.0.1:{port}"
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for name, (role, address) in PICTURES.items():
            page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=0.5, locale="de-DE")
            sign_in(page, site, LOGINS[role], PASSWORD)
            page.goto(site + address)
            page.screenshot(path=FOLDER / f"{name}.png")
            page.context.close()
        browser.close()
        server.terminate()
        server.wait(timeout=10)


if __name__ == "__main__":
    main()
