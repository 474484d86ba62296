"""A Klausur as it is held: a slide on the wall, three phones, and a network that drops."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD


@pytest.fixture
def rooms(browser: Browser) -> Iterator[list[BrowserContext]]:
    """Three phones."""
    size = {"width": 390, "height": 800}
    opened = [browser.new_context(locale="de-DE", viewport=size, has_touch=True) for _ in range(3)]
    for one in opened:
        one.set_default_timeout(20_000)
    yield opened
    for one in opened:
        one.close()


def prepared(page: Page, site: str) -> str:
    """Open a new Klausur with three modules and return its address."""
    sign_in(page, site, LOGINS["curator"], PASSWORD)
    page.goto(f"{site}/klausur/new")
    page.get_by_label("Tag der Klausur").fill("2026-12-01")
    page.get_by_role("button", name="Klausur anlegen").click()
    page.get_by_label("Module", exact=True).fill("3")
    page.get_by_role("button", name="Auf die Tagesordnung").click()
    page.get_by_role("button", name="Klausur eröffnen").click()
    return page.url.split("#")[0]


def test_a_room_votes_and_the_network_drops(page: Page, site: str, rooms: list[BrowserContext]) -> None:
    wall, address = page, prepared(page, site)
    code = wall.locator(".retreat-code b").inner_text()
    wall.goto(f"{address}/slide")
    phones = [room.new_page() for room in rooms]
    for phone in phones:
        phone.goto(f"{site}/k/{code}")
        phone.get_by_role("button", name="Mitmachen").click()
        expect(phone.get_by_role("heading", name="Sie sind dabei")).to_be_visible()
    expect(wall.locator("[data-live=participants]")).to_have_text("3")

    wall.keyboard.press("Space")
    expect(wall.get_by_text("Modul 1 von 3")).to_be_visible()
    title = wall.get_by_role("heading", level=1).inner_text().replace("\u00ad", "")
    for phone, said in zip(phones, ("muss", "muss", "soll"), strict=True):
        expect(phone.get_by_role("heading", level=1)).to_have_text(re.compile(".+"))
        phone.get_by_label(said).check()
        expect(phone.get_by_text("Gezählt.")).to_be_visible()
        assert phone.get_by_role("heading", level=1).inner_text().replace("\u00ad", "") == title
    expect(wall.locator("[data-live=importance-must]")).to_have_text("2")
    expect(wall.locator("[data-live=voters]")).to_have_text("3")

    rooms[0].set_offline(True)
    phones[0].get_by_label("kann").check()
    expect(phones[0].get_by_text("Keine Verbindung.")).to_be_visible()
    wall.context.set_offline(True)
    expect(wall.get_by_text("Keine Verbindung.")).to_be_visible()
    expect(wall.locator("[data-live=importance-must]")).to_have_text("2")  # the last numbers stay
    wall.keyboard.press("ArrowRight")
    expect(wall.get_by_text("Modul 1 von 3")).to_be_visible()
    rooms[0].set_offline(False)
    wall.context.set_offline(False)
    expect(wall.locator("[data-live=importance-could]")).to_have_text("1")
    expect(wall.locator("[data-live=importance-must]")).to_have_text("1")
    expect(wall.locator("[data-live=voters]")).to_have_text("3")  # changed, not counted twice
    expect(wall.locator(".slide-lost")).to_be_empty()

    wall.get_by_text("Mehr").click()
    wall.get_by_role("button", name="Abstimmung zu diesem Modul sperren").click()
    expect(phones[2].get_by_text("gesperrt. Was Sie gesagt haben, zählt.")).to_be_visible()
    wall.keyboard.press("ArrowRight")
    expect(wall.get_by_text("Modul 2 von 3")).to_be_visible()
    for phone in phones:
        expect(phone.get_by_role("heading", level=1)).not_to_have_text(title)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    for tab in (wall, phones[0]):
        tab.emulate_media(color_scheme="light", reduced_motion="reduce")
        assert axe_violations(tab) == []
        tab.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert axe_violations(tab, "color-contrast") == []
    for width, height in ((1280, 720), (1024, 768)):
        wall.set_viewport_size({"width": width, "height": height})
        assert wall.evaluate("document.documentElement.scrollHeight") <= height
