"""The whole loop as people walk it: a company says what it needs, the network reads exactly that, the company hears back."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.logins import LOGINS, PASSWORD

TITLE = "Stoffstrommanagement entlang der Wertschöpfungskette Batterierecycling"
SLUG = "stoffstrommanagement-entlang-der-niedersachsen"


def test_what_a_company_says_is_what_the_network_reads(page: Page, browser: Browser, site: str) -> None:
    sign_in(page, site, LOGINS["member"], PASSWORD)
    page.goto(f"{site}/?q=stoffstrommanagement")
    entry = page.locator("article.entry", has_text=TITLE)
    entry.get_by_role("button", name="Für uns relevant").click()
    expect(entry.get_by_text("Gespeichert.")).to_be_visible()
    expect(page).to_have_url(f"{site}/?q=stoffstrommanagement")
    entry.get_by_label("Für wie viele Personen?").fill("7")
    entry.get_by_role("button", name="Ergänzen").click()
    expect(entry.get_by_text("7 Personen")).to_be_visible()

    entry.get_by_role("heading").get_by_role("link").click()
    panel = page.locator("#relevanz")
    panel.get_by_label("muss").check()
    panel.get_by_label("Weiterbildung").check()
    panel.get_by_label("Zeitraum").select_option("2027-Q2")
    panel.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert.").first).to_be_visible()

    staff = browser.new_context(locale="de-DE").new_page()
    sign_in(staff, site, LOGINS["curator"], PASSWORD)
    staff.goto(f"{site}/planning?by=module&q=stoffstrommanagement")
    row = staff.get_by_role("row", name=TITLE)
    expect(row).to_contain_text("7")
    staff.context.close()


def test_a_mark_can_be_taken_back_without_script(browser: Browser, site: str) -> None:
    context = browser.new_context(locale="de-DE", java_script_enabled=False)
    page = context.new_page()
    sign_in_without_script(page, site)
    page.goto(f"{site}/?q=batteriepassport")
    entry = page.locator("article.entry").first
    button = entry.locator("button.btn-mark")
    before = button.get_attribute("aria-pressed")
    button.click()
    expect(page).to_have_url(re.compile(re.escape(f"{site}/?q=batteriepassport") + ".*"))
    after = page.locator("article.entry").first.locator("button.btn-mark").get_attribute("aria-pressed")
    assert after != before
    page.locator("article.entry").first.locator("button.btn-mark").click()
    assert page.locator("article.entry").first.locator("button.btn-mark").get_attribute("aria-pressed") == before
    context.close()


def sign_in_without_script(page: Page, site: str) -> None:
    page.goto(f"{site}/login")
    page.get_by_label("E-Mail-Adresse").fill(LOGINS["member"])
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Anmelden").click()


def test_feedback_reaches_the_network_and_the_answer_comes_back(page: Page, browser: Browser, site: str) -> None:
    sign_in(page, site, LOGINS["member"], PASSWORD)
    page.goto(f"{site}/modules/{SLUG}")
    form = page.locator("form", has=page.get_by_role("button", name="Rückmeldung senden"))
    form.get_by_label("Chance").check()
    form.get_by_label("Ihre Rückmeldung").fill("Das Planspiel passt zu unserem Rücknahmesystem.")
    form.get_by_role("button", name="Rückmeldung senden").click()
    expect(page.get_by_role("status").first).to_be_visible()

    staff = browser.new_context(locale="de-DE").new_page()
    sign_in(staff, site, LOGINS["curator"], PASSWORD)
    staff.goto(f"{site}/curation/feedback")
    expect(staff.get_by_text("Das Planspiel passt zu unserem Rücknahmesystem.")).to_be_visible()
    staff.context.close()


def test_the_search_is_walked_by_keyboard(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("combobox", name="Was möchten Sie").focus()
    page.keyboard.type("hochvolt")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=hochvolt**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("hochvolt")


@pytest.mark.parametrize("path", ["/", "/?q=akku", "/login", f"/modules/{SLUG}", "/gibt-es-nicht"])
def test_nothing_breaks_the_content_security_policy(page: Page, site: str, path: str) -> None:
    page.goto(site + path)  # the fixture fails on violations, script errors and requests to other hosts
    assert page.title().endswith("Modulkatalog BatterieMD")
