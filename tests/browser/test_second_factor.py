"""The second factor with the keyboard alone: set up, sign in with the app and from paper, prove it again, remove it."""

import re
from urllib.parse import unquote

import pyotp
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD


def look(page: Page) -> None:
    """No finding in both themes, nothing to scroll sideways on a small phone."""
    found = axe_violations(page)
    page.emulate_media(color_scheme="dark")
    found += axe_violations(page, "color-contrast")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 900})
    assert found == []


def press(page: Page, name: str, role: str = "button") -> None:
    page.locator("main").get_by_role(role, name=name).focus()  # type: ignore[arg-type]
    page.keyboard.press("Enter")


def give_password(page: Page, site: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{site}/login?next=/account")
    page.get_by_label("E-Mail-Adresse").fill(LOGINS["company_admin"])
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Code eingeben")).to_be_visible()


def test_a_person_sets_it_up_uses_it_and_removes_it(page: Page, site: str) -> None:
    sign_in(page, site, LOGINS["company_admin"], PASSWORD)
    page.goto(f"{site}/account")
    press(page, "Zweiten Faktor einrichten", "link")
    look(page)
    press(page, "Jetzt einrichten")
    key = re.sub(r"\s", "", page.locator("#key").inner_text())
    look(page)
    page.get_by_label("Code aus Ihrer Authenticator-App").fill(pyotp.TOTP(key).now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ihre Wiederherstellungscodes")).to_be_visible()
    codes = page.locator("#codes li").all_inner_texts()
    look(page)
    expect(page.get_by_role("button", name="Drucken")).to_be_visible()
    file = page.get_by_role("link", name="Als Textdatei speichern").get_attribute("href") or ""
    assert unquote(file).split()[-10:] == codes
    give_password(page, site)
    look(page)
    expect(page.get_by_label("Code aus Ihrer Authenticator-App")).to_be_focused()
    press(page, "Handy nicht zur Hand? Wiederherstellungscode eingeben", "link")
    look(page)
    page.get_by_label("Wiederherstellungscode").fill(codes[3].upper())
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")
    page.goto(f"{site}/account/second-factor")
    expect(page.get_by_text("noch 9 unbenutzte Codes")).to_be_visible()
    look(page)
    press(page, "Zweiten Faktor entfernen")
    expect(page.get_by_role("button", name="Jetzt einrichten")).to_be_visible()
