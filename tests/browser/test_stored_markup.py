"""Hostile texts in every text of the database: no page runs them, breaks its policy, or asks another host for anything."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from catalogue.models import OutboxMail
from catalogue.services.privacy_notice import COOKIES
from catalogue.web.headers import CSP
from tests.browser.markup import CORPUS
from tests.browser.watched import FOUND, Watched, hostile_site, pages
from tests.web.installation import VISITOR, Installation

PART = int(os.environ.get("CATALOGUE_TEST_PART", "4"))  # of the pages only each fourth; make faults walks through all
# in each place where a template writes a text: what would happen without escaping
# these attack texts inside scripts, and no page has any
UNNOTICED = ["<javascript:alert(1)>", "');alert(1);//", '";alert(1);//']
RAW = '<title>{0}</title><textarea>{0}</textarea><p>{0}</p><input value="{0}"><input value=\'{0}\'><input value={0}><a href="{0}">x</a>'


@pytest.fixture(scope="module")
def hostile(sqlite_template: Path) -> Iterator[tuple[Installation, str]]:
    """One of everything, hostile, served on this machine."""
    with hostile_site(sqlite_template) as made:
        yield made


@pytest.fixture
def tab(browser: Browser, hostile: tuple[Installation, str]) -> Iterator[Watched]:
    context = browser.new_context(locale="de-DE")
    context.set_default_timeout(20_000)
    yield Watched(context, hostile[1])
    context.close()


def test_no_page_runs_what_somebody_wrote(tab: Watched, hostile: tuple[Installation, str]) -> None:
    """Every page once, as an admin of a company or, where companies have none, as one of the network; and every page about a conflict."""
    made, seen, conflicts = hostile[0], dict[str, str](), 0
    for role in ("company_admin", "admin", VISITOR):
        tab.enter(made, role)
        for number, (endpoint, path) in enumerate(pages(made, role).items()):
            if endpoint not in seen and number % PART == 0:
                seen[endpoint] = path
                tab.visit(path)
                conflicts += tab.send_stale()
        made.back()
    assert tab.complaints == []
    assert len(seen) > 120 / PART
    assert conflicts > 0
    assert {cookie["name"] for cookie in tab.page.context.cookies()} <= {cookie.name for cookie in COOKIES}


def test_mails_run_nothing_even_without_a_policy(tab: Watched, hostile: tuple[Installation, str]) -> None:
    with hostile[0].database.read() as session:
        mails = [mail.html for mail in session.scalars(select(OutboxMail)) if mail.html]
    assert len(mails) >= 1
    for html in mails:
        parsed = f"html => ({FOUND})(new DOMParser().parseFromString(html, 'text/html'))"
        assert [one for one in tab.page.evaluate(parsed, html) if "alert" in one or "evil" in one] == []


def test_the_watch_would_notice_the_corpus(tab: Watched) -> None:
    """Unescaped, a text of the corpus is found in the page, and what it does is heard."""
    parsed = f"html => ({FOUND})(new DOMParser().parseFromString(html, 'text/html'))"
    unnoticed = [text for text in CORPUS if not tab.page.evaluate(parsed, RAW.format(text))]
    assert [text for text in unnoticed if text.startswith(("<", '"', "'", "javascript:"))] == UNNOTICED
    headers = {"Content-Security-Policy": CSP, "Content-Type": "text/html"}
    body = "<!doctype html><img src=//evil.example/pixel><script>alert(1)</script>"
    tab.page.route("**/probe", lambda route: route.fulfill(body=body, headers=headers))
    tab.page.goto(f"{tab.site}/probe")
    heard = " ".join(tab.complaints)
    assert "VIOLATION script-src" in heard
    assert "VIOLATION img-src" in heard


def test_back_shows_nothing_after_signing_out(tab: Watched, hostile: tuple[Installation, str]) -> None:
    made, _ = hostile
    tab.enter(made, "company_admin")
    tab.page.goto(f"{tab.site}/account")
    assert tab.page.locator("#sign-ins").count() == 1
    with tab.page.expect_navigation():
        tab.page.evaluate("() => document.querySelector('form[action=\"/logout\"]').submit()")
    tab.page.go_back()
    tab.page.wait_for_url("**/login**")
    assert tab.page.locator("#sign-ins").count() == 0
    made.back()
