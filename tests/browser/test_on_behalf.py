"""After a visit staff enter what a company said; without an account it confirms one thing and refuses another."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD

COMPANY = "Ohne Konto Prüfbetrieb GmbH"


def enter(staff: Page, site: str) -> str:
    """Make a company, enter two marks, ask by mail, and return the path of the link."""
    staff.goto(f"{site}/admin/companies/new")
    staff.get_by_label("Name", exact=True).fill(COMPANY)
    staff.get_by_role("button", name="Unternehmen anlegen").click()
    staff.get_by_role("link", name="Bedarf ansehen und eintragen").click()
    staff.get_by_label("Besuch").check()
    staff.get_by_role("button", name="Damit eintragen").click()
    staff.get_by_label("Welche Module?").fill("Batterie")
    staff.get_by_role("button", name="Suchen", exact=True).click()
    for row, people in ((0, "6"), (1, "3")):
        staff.locator("select[name$=-relevance]").nth(row).select_option("must")
        staff.locator("input[name$=-people]").nth(row).fill(people)
    assert axe_violations(staff) == []
    staff.get_by_role("button", name="Zeilen speichern").click()
    expect(staff.get_by_text("2 Angaben sind eingetragen.")).to_be_visible()
    staff.get_by_label("E-Mail-Adresse").fill("chefin@pruefbetrieb.example")
    staff.get_by_role("button", name="Um Bestätigung bitten").click()
    expect(staff.get_by_text("Um Bestätigung gebeten.")).to_be_visible()
    staff.goto(f"{site}/admin/outbox")
    found = re.search(r"/answer/[\w-]{43}", staff.content())
    assert found
    return found[0]


def test_a_company_confirms_and_refuses_what_staff_entered(page: Page, browser: Browser, site: str) -> None:
    context = browser.new_context(locale="de-DE")
    staff = context.new_page()
    sign_in(staff, site, LOGINS["admin"], PASSWORD)
    link = enter(staff, site)

    page.goto(f"{site}{link}")
    expect(page.get_by_role("heading", name="Stimmt das für Ihr Unternehmen?")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_label("Stimmt so", exact=True).nth(0).check()
    page.get_by_label("Das übernehmen wir nicht").nth(1).check()
    page.get_by_label("Falls nicht: Was stimmt nicht?").nth(1).fill("Das prüft ein Dienstleister.")
    page.get_by_role("button", name="Antworten speichern").click()
    expect(page.get_by_role("heading", name="Vielen Dank")).to_be_visible()
    page.goto(f"{site}{link}")
    expect(page.get_by_text("Sie haben schon geantwortet.")).to_be_visible()

    staff.goto(f"{site}/curation/demand/refused")
    row = staff.get_by_role("listitem").filter(has_text=COMPANY)
    expect(row).to_contain_text("Das prüft ein Dienstleister.")
    assert axe_violations(staff) == []
    row.get_by_role("link", name=COMPANY).click()
    expect(staff.get_by_text("bestätigt", exact=True)).to_be_visible()
    expect(staff.get_by_text("1 aktuelle Angabe · 6 Personen")).to_be_visible()
    staff.get_by_role("link", name="Bogen", exact=True).click()
    expect(staff.get_by_role("heading", name=f"Was braucht {COMPANY}?")).to_be_visible()
    assert axe_violations(staff) == []
    context.close()
