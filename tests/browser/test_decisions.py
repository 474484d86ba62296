"""From demand to decision: a company marks a module, the network reports and decides, the company reads what became of it, and nobody else does."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.logins import LOGINS, PASSWORD

TITLE = "Kreislaufwirtschaft und Recycling"
SLUG = "kreislaufwirtschaft-und-recycling-qualibattbw"
SENTENCE = "Wir holen den Anbieter 2027 für zwei Tage nach Ilmenau."


def test_mark_report_decision_and_the_company_sees_it(page: Page, browser: Browser, site: str) -> None:
    sign_in(page, site, LOGINS["member"], PASSWORD)
    page.goto(f"{site}/modules/{SLUG}")
    panel = page.locator("#relevanz")
    panel.get_by_label("muss").check()
    panel.get_by_label("Personen").fill("5")
    panel.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert.").first).to_be_visible()

    staff = browser.new_context(locale="de-DE").new_page()
    sign_in(staff, site, LOGINS["curator"], PASSWORD)
    staff.goto(f"{site}/planning")
    staff.get_by_role("link", name="Bericht festschreiben").first.click()
    staff.get_by_label("Titel").fill("Bericht zur Klausur")
    staff.get_by_role("button", name="Bericht festschreiben").click()
    expect(staff.get_by_role("heading", level=1)).to_have_text("Bericht zur Klausur")
    expect(staff.get_by_role("row", name=re.compile(TITLE)).first).to_be_visible()

    staff.goto(f"{site}/planning")
    staff.get_by_role("link", name=f"Entscheiden: {TITLE}").first.click()
    expect(staff.get_by_role("heading", level=1)).to_have_text("Was wird aus dem Modul?")
    staff.get_by_label("durchführen").check()
    staff.get_by_label("Satz für die Unternehmen").fill(SENTENCE)
    staff.get_by_label("Begründung").fill("Sonst fährt niemand nach Stuttgart.")
    staff.get_by_label("Umsetzen bis").fill("2099-03-31")
    staff.get_by_role("button", name="Speichern").click()
    expect(staff.get_by_text("Entschieden.").first).to_be_visible()
    staff.get_by_role("row", name=re.compile(TITLE)).get_by_role("link", name="durchführen").click()
    expect(staff.get_by_text(re.compile("Unternehmen (liest|lesen) das"))).to_be_visible()

    page.goto(f"{site}/company")
    outcome = page.get_by_role("region", name="Was daraus wurde")
    expect(outcome.get_by_role("link", name=TITLE)).to_be_visible()
    expect(outcome.get_by_text(SENTENCE)).to_be_visible()
    expect(outcome.get_by_text("erwartet bis 31.03.2099")).to_be_visible()
    row = page.get_by_role("row", name=re.compile(TITLE))
    expect(row.get_by_text("entschieden")).to_be_visible()
    expect(page.get_by_text("Sonst fährt niemand")).to_have_count(0)

    visitor = browser.new_context(locale="de-DE").new_page()
    visitor.goto(f"{site}/modules/{SLUG}")
    expect(visitor.get_by_text(SENTENCE)).to_have_count(0)

    staff.get_by_label("Was ist daraus geworden?").fill("Am 3. Mai waren zwölf Leute da.")
    staff.get_by_role("button", name="Als umgesetzt eintragen").click()
    expect(staff.get_by_text("Als umgesetzt eingetragen.")).to_be_visible()
    page.goto(f"{site}/company/outcomes")
    expect(page.get_by_text("Am 3. Mai waren zwölf Leute da.")).to_be_visible()
    for context in (staff.context, visitor.context):
        context.close()
