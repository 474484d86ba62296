"""The list below the search box in a real browser: the keys of the combobox pattern, input methods, late answers."""

import time

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import axe_violations


def test_the_list_is_used_by_keys_alone(page: Page, site: str) -> None:
    page.goto(site)
    box, options = page.get_by_role("combobox", name="Was möchten Sie können oder klären?"), page.get_by_role("option")
    box.press_sequentially("batter", delay=30)
    expect(box).to_have_attribute("aria-expanded", "true")
    assert 1 < options.count() <= 8
    expect(page.locator("#treffer")).to_contain_text("für „batter“")  # results that are on their way are pale
    assert axe_violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Home")
    expect(box).not_to_have_attribute("aria-activedescendant", "suggestion-0")
    assert page.evaluate("document.activeElement.selectionStart") == 0
    page.keyboard.press("ArrowUp")  # from the box to the last line
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("batter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/modules/**")


def test_enter_without_a_chosen_line_searches_for_what_was_typed(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("#q").press_sequentially("lagerung", delay=30)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(page.locator("#treffer")).to_contain_text("für „lagerung“")


def test_late_answers_are_dropped(page: Page, site: str) -> None:
    def delayed(route: Route) -> None:
        if route.request.url.endswith("q=b"):
            time.sleep(0.6)
        route.continue_()

    page.route("**/suggest*", delayed)
    page.goto(site)
    page.locator("#q").press("b")
    page.wait_for_timeout(250)
    page.locator("#q").press_sequentially("attery ass", delay=20)
    expect(page.get_by_role("option", name="Battery Associates")).to_be_visible()
    page.wait_for_timeout(900)
    assert page.get_by_role("option").first.inner_text().startswith("Battery Associates")


def test_keys_of_an_input_method_choose_nothing(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("#q").press_sequentially("batter", delay=30)
    expect(page.get_by_role("option").first).to_be_visible()
    page.evaluate(
        """document.getElementById("q").dispatchEvent(
             new KeyboardEvent("keydown", {key: "ArrowDown", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    assert page.locator("#q").get_attribute("aria-activedescendant") is None


def test_keeping_a_module_keeps_what_is_ticked_for_the_comparison(page: Page, site: str) -> None:
    page.goto(f"{site}/?q=lagerung")
    for number in range(2):
        page.locator("[form=vergleich][name=m]").nth(number).check()
    page.locator(".choose button").first.click()  # a visitor signs in first
    page.wait_for_url("**/login?next=**")
    assert page.url.count("%26m%3D") + page.url.count("%2526m%253D") == 2
