"""The catalogue on a page of another origin, in a real browser: shown, fitted, refused where it is not allowed."""

import re
from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, expect

from tests.browser.conftest import axe_violations
from tests.websites import Page as Answer
from tests.websites import Website, website

LINK = "Module zur Lagerung"
SURFACE = "getComputedStyle(document.documentElement).backgroundColor"


@pytest.fixture
def partner() -> Iterator[Website]:
    """Somebody else's site, at http://localhost (allowed by the setting) and at http://127.0.0.1 with another port (not allowed)."""
    with website() as site:
        yield site


def publish(partner: Website, site: str) -> str:
    """Put the snippet that /embed gives on the partner's page, under a strict policy; return its port."""
    policy = f"default-src 'none'; script-src {site}; frame-src {site}"
    snippet = f'<a href="{site}/?q=lagerung" data-modulkatalog="{escape("q=lagerung&count=3&lang=de")}">{LINK}</a>'
    body = f'<!doctype html><html lang="de"><title>Partner</title><main><h1>Partner</h1>{snippet}</main><script src="{site}/embed/widget.js" async></script>'
    partner.pages["/"] = Answer(body.encode(), "text/html; charset=utf-8", headers={"Content-Security-Policy": policy})
    return partner.url.rpartition(":")[2]


def opened(browser: Browser, scheme: str = "light") -> tuple[Page, list[str]]:
    page = browser.new_context(locale="de-DE", color_scheme=scheme).new_page()  # type: ignore[arg-type]
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or message.type == "error":
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def framed(page: Page) -> Frame:
    """The frame, once it is shown."""
    expect(page.locator("iframe")).to_be_visible()
    frame = page.frames[1]
    frame.wait_for_load_state()
    return frame


def fits(page: Page, frame: Frame) -> bool:
    """Whether the frame is exactly as high as its contents."""
    inside = frame.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
    return bool(page.locator("iframe").evaluate("frame => frame.offsetHeight") == inside)


def test_a_partner_shows_the_catalogue(browser: Browser, site: str, partner: Website) -> None:
    port = publish(partner, site)
    page, complaints = opened(browser, "dark")
    page.goto(f"http://localhost:{port}/")
    frame = framed(page)
    assert page.get_by_role("link", name=LINK).count() == 0  # the frame stands in its place, and is named like it
    expect(page.locator("iframe")).to_have_attribute("title", LINK)
    assert frame.evaluate("document.querySelectorAll('ol > li').length") == 3
    assert fits(page, frame)
    assert frame.evaluate(SURFACE) == "rgb(24, 34, 38)"
    assert axe_violations(frame) == []
    page.set_viewport_size({"width": 320, "height": 700})  # lines break anew
    page.wait_for_function("before => document.querySelector('iframe').offsetHeight > before", arg=600)
    assert fits(page, frame)

    # a height that somebody else tells is not believed
    high = page.locator("iframe").evaluate("frame => frame.offsetHeight")
    heard = page.evaluate(
        "new Promise(done => { addEventListener('message', () => done(document.querySelector('iframe').offsetHeight)); "
        "postMessage({modulkatalog: {height: 9}}, '*'); })"
    )
    assert heard == high
    frame.get_by_role("link", name="Weiter").click()
    expect(frame.get_by_text("Seite 2 von")).to_be_visible()
    page.wait_for_function("document.querySelector('iframe').getBoundingClientRect().top >= 0")

    with page.expect_popup() as popup:
        frame.locator("h2 a").first.click()
    assert popup.value.url.startswith(f"{site}/modules/")
    assert page.url == f"http://localhost:{port}/"
    assert popup.value.evaluate("opener") is None
    assert complaints == []
    page.context.close()


def test_elsewhere_the_frame_is_refused_and_the_link_stays(browser: Browser, site: str, partner: Website) -> None:
    port = publish(partner, site)
    page, _ = opened(browser)
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(f"http://127.0.0.1:{port}/")
    expect(page.locator("iframe")).to_be_hidden()
    expect(page.get_by_role("link", name=LINK)).to_be_visible()
    page.context.close()


def test_the_page_that_makes_the_snippet(page: Page, site: str) -> None:
    page.goto(f"{site}/embed?q=lagerung&count=2")
    assert axe_violations(page) == []
    preview = page.frame_locator("iframe").first
    expect(preview.locator("ol > li")).to_have_count(2)
    page.get_by_text("Vorschau des Rahmens, der sich anpasst").click()
    expect(page.locator("details iframe")).to_be_visible()
    page.get_by_label("Farben").select_option("dunkel")
    page.get_by_role("button", name="Vorschau erneuern").click()
    page.wait_for_url("**theme=dark**")
    frame = next(frame for frame in page.frames if "theme=dark" in frame.url and frame != page.main_frame)
    assert frame.evaluate(SURFACE) == "rgb(24, 34, 38)"
    expect(page.get_by_role("textbox", name="Rahmen ohne Script")).to_have_value(re.compile(r"theme=dark"))
