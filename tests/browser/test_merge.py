"""Two entries for one offer: asked about on entry, compared side by side, merged, followed by the old address, taken back."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD


def make(page: Page, site: str, title: str, content: str) -> str:
    page.goto(f"{site}/curation/modules/new")
    page.get_by_label("Titel", exact=True).fill(title)
    page.get_by_label("Inhalte").fill(content)
    page.get_by_role("button", name="Speichern").click()
    return page.url


def test_staff_merge_two_entries_and_take_it_back(page: Page, site: str) -> None:
    sign_in(page, site, LOGINS["curator"], PASSWORD)
    make(page, site, "Dublettenprobe Zellfertigung", "Mischen")
    make(page, site, "Dubletten-Probe Zellfertigung", "Beschichten")
    expect(page.get_by_role("heading", name="Gibt es dieses Modul schon?")).to_be_visible()
    page.get_by_role("button", name="Speichern").click()
    old = page.url
    page.goto(f"{site}/curation/duplicates")
    assert axe_violations(page) == []
    page.get_by_role("row", name="Dublettenprobe").get_by_role("link", name="Vergleichen").click()
    page.get_by_role("group", name="Inhalte").get_by_label("Beide").check()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Zusammenführen", exact=True).click()
    expect(page.get_by_text("Zusammengeführt.")).to_be_visible()
    expect(page.get_by_label("Inhalte")).to_have_value("Mischen\nBeschichten")
    kept = page.url
    page.goto(old)
    expect(page).to_have_url(kept)
    page.get_by_role("button", name="Zusammenführung rückgängig machen").click()
    expect(page.get_by_text("Getrennt.")).to_be_visible()
    expect(page).to_have_url(old)
    for address in (old, kept):
        page.goto(address)
        page.get_by_role("button", name="Archivieren").click()
