"""Searching in a real browser: results follow the typing, nothing is lost on the way."""

from playwright.sync_api import Page, expect


def test_results_follow_the_typing_and_focus_stays(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("#q").press_sequentially("lagerung", delay=30)
    expect(page.locator("#treffer")).to_contain_text("für „lagerung“")
    assert page.url.endswith("/?q=lagerung")
    assert page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == ["q", 8]
    expect(page.locator("#announce")).to_contain_text("Modul")


def test_back_and_forward_bring_text_and_filters_back(page: Page, site: str) -> None:
    page.goto(f"{site}/?q=batterie")
    before = page.locator("#treffer").inner_text()
    page.locator("#facet-topic .facet-row input:enabled").first.check()
    expect(page.locator(".chip")).to_have_count(1)
    assert page.evaluate("document.activeElement.id").startswith("f-topic-")
    page.go_back()
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#treffer")).to_have_text(before)
    assert page.locator("#q").input_value() == "batterie"
    page.go_forward()
    expect(page.locator("#facet-topic input:checked")).to_have_count(1)


def test_long_filters_can_be_narrowed_by_typing(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_label("Thema eingrenzen").fill("recht")
    expect(page.locator("#facet-topic .facet-row:visible")).to_have_count(1)
    page.get_by_label("Thema eingrenzen").fill("")
    assert page.locator("#facet-topic .facet-row:visible").count() > 3


def test_menus_close_by_escape_and_give_the_focus_back(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_text("Sortierung:").click()
    page.locator(".tools .menu-list a").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".tools .menu-list")).to_be_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_search_works_without_scripts(browser: object, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{site}/?topic=sicherheit")
    page.locator("#q").fill("lagerung")
    page.get_by_role("button", name="Suchen").click()
    assert "q=lagerung" in page.url
    assert "topic=sicherheit" in page.url
    context.close()
