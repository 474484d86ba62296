"""The import as people walk it: upload, assign columns, read what would change, take it over, take it back."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD

LIST = "Titel;Ort;Bemerkung\nImportprobe Formierung;Erfurt;intern\n;Jena;ohne Titel\n".encode("cp1252")


def test_a_list_is_checked_taken_over_and_taken_back(page: Page, site: str) -> None:
    sign_in(page, site, LOGINS["curator"], PASSWORD)
    page.goto(f"{site}/curation/imports")
    page.get_by_label("Datei").set_input_files({"name": "probe.csv", "mimeType": "text/csv", "buffer": LIST})
    page.get_by_role("button", name="Hochladen und prüfen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Spalten zuordnen")
    expect(page.get_by_text("1 Spalte ist nicht zugeordnet.")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Liste prüfen").first.click()
    expect(page.get_by_text("Noch ist nichts gespeichert.")).to_be_visible()  # comes by itself when the check is done
    expect(page.get_by_text("1 Zeile wird nicht übernommen.")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name="1 neue und 0 geänderte übernehmen").click()
    expect(page.get_by_text("1 Modul übernommen.")).to_be_visible()
    page.get_by_role("button", name="Import rückgängig machen").click()
    expect(page.get_by_text("Der Import ist rückgängig gemacht.")).to_be_visible()
    page.goto(f"{site}/curation/modules?q=Importprobe")
    expect(page.get_by_role("row", name="Importprobe Formierung")).to_contain_text("archiviert")
