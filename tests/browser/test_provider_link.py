"""The provider's link as people walk it: staff ask, the provider answers without a login, staff take the change over."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD

TITLE = "Probe des Anbieterlinks"


def ask(staff: Page, site: str) -> str:
    """Make a provider and a module, publish it, ask, and return the path of the link in the mail."""
    staff.goto(f"{site}/curation/providers/new")
    staff.get_by_label("Name", exact=True).fill("Akademie Linkprobe")
    staff.get_by_label("E-Mail-Adresse").fill("kurs@linkprobe.example")
    staff.get_by_role("button", name="Speichern").click()
    staff.goto(f"{site}/curation/modules/new")
    staff.get_by_label("Titel", exact=True).fill(TITLE)
    staff.get_by_label("Kurzbeschreibung").fill("Wird im Browser geprüft.")
    staff.get_by_label("Anbieter", exact=True).select_option(label="Akademie Linkprobe")
    staff.get_by_label("Quelle", exact=True).fill("https://linkprobe.example/kurs")
    staff.get_by_role("button", name="Speichern").click()
    staff.get_by_role("button", name="Veröffentlichen", exact=True).click()
    staff.goto(f"{site}/curation/stale?provider=akademie-linkprobe")
    assert axe_violations(staff) == []
    staff.get_by_label(f"Auswählen: {TITLE}").check()
    staff.get_by_role("button", name="Anbieter der ausgewählten Module fragen").click()
    expect(staff.get_by_text("Der Anbieter von 1 Modul ist gefragt.")).to_be_visible()
    staff.goto(f"{site}/admin/outbox")
    found = re.search(r"/confirm/[\w-]{43}", staff.content())
    assert found
    return found[0]


def test_a_provider_changes_words_and_staff_take_them_over(page: Page, browser: Browser, site: str) -> None:
    staff_context = browser.new_context(locale="de-DE")
    staff = staff_context.new_page()
    sign_in(staff, site, LOGINS["admin"], PASSWORD)
    link = ask(staff, site)

    page.goto(f"{site}{link}")
    expect(page.get_by_role("heading", name="Stimmen diese Angaben noch?")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Etwas ändern").click()
    page.get_by_label("Kosten").fill("250 € je Person")
    page.get_by_label("Anmerkung an das Netzwerkbüro").fill("Neuer Preis ab Januar.")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Zur Prüfung schicken").click()
    expect(page.get_by_role("heading", name="Vielen Dank")).to_be_visible()
    page.goto(f"{site}{link}")
    expect(page.get_by_text("Sie haben diese Frage schon beantwortet.")).to_be_visible()

    staff.goto(f"{site}/curation/pending")
    row = staff.get_by_role("row", name=TITLE)
    expect(row).to_contain_text("kurs@linkprobe.example")
    row.get_by_role("link", name=f"Prüfen: {TITLE}").click()
    expect(staff.get_by_text("Neuer Preis ab Januar.")).to_be_visible()
    assert axe_violations(staff) == []
    staff.get_by_role("button", name="Übernehmen").click()
    expect(staff.get_by_label("Kosten im Wortlaut")).to_have_value("250 € je Person")
    assert axe_violations(staff) == []
    staff.get_by_role("button", name="Archivieren").click()
    staff_context.close()
