"""Every page in both themes: no finding of the automatic WCAG rules, no sideways scroll at 320 px, a visible ring at each tab stop."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import axe_violations, sign_in
from tests.browser.logins import LOGINS, PASSWORD

MODULE = "/modules/lithium-ionen-batterien-lib-im-beruflichen-und-slv-halle"
PAGES = {
    "visitor": ["/?per_page=10", "/?q=akku+lagerrung&topic=sicherheit&per_page=10", "/?q=xyzzy", "/?view=table&per_page=10", MODULE, "/runs", "/runs?view=month", "/login", "/help", "/who-sees-what",
                "/privacy", "/accessibility", "/imprint", "/providers", "/gibt-es-nicht", "/access", "/k", "/k/KKKKKK"],
    "member": ["/?q=batterie&per_page=10", MODULE, "/company", "/wishes", "/wishes/new", "/account", "/account/data", "/account/delete", "/company/people", f"{MODULE}/demand/history"],
    "curator": ["/curation", "/curation/modules", "/curation/modules/new", "/curation/feedback", "/planning?q=recycling", "/planning?by=company&q=recycling",
                "/planning?by=topic&q=recycling", "/curation/demand/new", "/curation/sources/new", "/klausur", "/klausur/new"],
    "admin": ["/admin", "/admin/companies", "/admin/companies/new", "/admin/users", "/admin/audit", "/admin/outbox", "/admin/company-imports"],
}  # fmt: skip
CASES = [(role, path) for role, paths in PAGES.items() for path in paths]


@pytest.fixture(scope="module")
def tabs(browser: Browser, site: str) -> Iterator[dict[str, Page]]:
    """One open tab for each role, so that each signs in once."""
    # without motion: a colour in the middle of a transition would be measured otherwise
    opened = {role: browser.new_context(locale="de-DE", reduced_motion="reduce").new_page() for role in PAGES}
    for role in PAGES.keys() & LOGINS.keys():
        sign_in(opened[role], site, LOGINS[role], PASSWORD)
    yield opened
    for tab in opened.values():
        tab.context.close()


@pytest.mark.parametrize(("role", "path"), CASES)
def test_no_automatic_finding_and_no_sideways_scroll(tabs: dict[str, Page], site: str, role: str, path: str) -> None:
    page = tabs[role]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site + path)
    found = axe_violations(page)
    page.emulate_media(color_scheme="dark")
    found += axe_violations(page, "color-contrast")  # nothing else depends on the theme
    page.set_viewport_size({"width": 320, "height": 800})
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize(
    ("role", "path"), [("visitor", "/?q=akku"), ("member", MODULE), ("curator", "/curation/modules/new")]
)
def test_each_tab_stop_shows_where_it_is(tabs: dict[str, Page], site: str, role: str, path: str) -> None:
    page = tabs[role]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site + path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#inhalt"
    for _ in range(25):
        page.keyboard.press("Tab")
        ring = page.evaluate(
            """() => { const e = document.activeElement; const own = getComputedStyle(e); const row = e.closest('label');
                 const styles = [own, row ? getComputedStyle(row) : own];
                 return e === document.body || styles.some(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2); }"""
        )
        assert ring, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
