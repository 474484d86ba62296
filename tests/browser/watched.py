"""A browser tab that notes whatever a hostile text could make it do, and an installation in which everything is hostile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import time_machine
from flask import Flask, template_rendered
from jinja2 import Template
from playwright.sync_api import BrowserContext, Error, Page
from werkzeug.serving import make_server

from catalogue.db import utcnow
from catalogue.search import sync
from catalogue.services import digests, frozen_reports, report_links
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from catalogue.services.secrets import hash_token
from tests.browser.conftest import free_port
from tests.browser.markup import CORPUS, plant
from tests.web.installation import Installation, installation, routes
from tests.web.test_permissions import read_matrix

__all__ = ["FOUND", "LEAVES", "Watched", "hostile_site", "pages", "rendered"]
LEAVES = {"/logout", "/metrics"}
OF_CHROMIUM = ("/oai", "/sitemap.xml")  # its own viewer of XML carries a style that the policy refuses
STORED = {"klausur-unsent"}  # of static/js/vote.js: votes that could not be sent yet
REPORT = "document.addEventListener('securitypolicyviolation', e => console.error('VIOLATION', e.violatedDirective, e.blockedURI))"
# what no template writes: handlers in attributes, addresses that are programs, elements that load or lead elsewhere
FOUND = r"""(given) => ((root) => [
  ...[...root.querySelectorAll('*')].filter(element => [...element.attributes].some(one => /^on/i.test(one.name)
    || (/^(href|src|action|formaction|data|poster|xlink:href)$/i.test(one.name) && /^[\s\x00-\x1f]*(javascript|vbscript|data:text)/i.test(one.value.replace(/[\s\x00-\x1f]/g, ''))))),
  ...root.querySelectorAll('iframe,object,embed,base,math,video,meta[http-equiv],style,[style],script:not([src]):not([type="application/ld+json"])'),
  ...[...root.querySelectorAll('form[action],link[href],[src],[srcset]')].filter(one => /^\s*(https?:)?[\/\\]{2}/i.test(
    one.getAttribute('action') ?? one.getAttribute(one.localName === 'link' && ['canonical', 'alternate'].includes(one.rel) ? '' : 'href') ?? one.getAttribute('src') ?? '')),
].map(one => one.outerHTML.slice(0, 200)))(given ?? document)"""
STORAGE = "() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]"


class Watched:
    """A tab with ears: dialogs, violations of the policy, errors of scripts, requests to others, and what a page is made of."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.site, self.complaints = site, list[str]()
        self.page: Page = context.new_page()
        self.page.add_init_script(REPORT)
        self.page.on("dialog", lambda dialog: (self._complain(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self._complain(f"error {error}"))
        self.page.on("console", lambda message: self._complain(message.text) if "VIOLATION" in message.text else None)
        self.page.on("request", lambda request: None if self._is_own(request.url) else self._complain(request.url))

    def _is_own(self, url: str) -> bool:
        return url.startswith((f"{self.site}/", "data:", "about:", "blob:"))

    def _complain(self, text: str) -> None:
        if self.page.url.endswith(OF_CHROMIUM):
            return
        self.complaints.append(f"{self.page.url}: {text}")

    def visit(self, path: str) -> None:
        """Open *path* and look at it, unless it is a file to keep."""
        before = len(self.complaints)
        try:
            answer = self.page.goto(f"{self.site}{path}")
        except Error as error:
            if "Download is starting" not in error.message:
                raise
            return
        assert answer is not None
        assert answer.status < 500, path
        if "html" in (answer.header_value("content-type") or ""):
            self.look()
        else:  # Chromium shows pictures and texts in a page of its own, with styles that our policy refuses
            self.page.goto("about:blank")
            del self.complaints[before:]

    def look(self) -> None:
        """Look at what the page is made of, and at what it stored."""
        for text in self.page.evaluate(FOUND):
            self._complain(text)
        for key in set(self.page.evaluate(STORAGE)) - STORED:
            self._complain(f"stored {key}")

    def send_stale(self) -> int:
        """Send every form that carries a version with another one, as if somebody had been faster; return how many."""
        here, count = self.page.url, self.page.locator("main form input[name=version]").count()
        for number in range(count):
            with self.page.expect_navigation():
                self.page.evaluate(
                    "number => { const field = document.querySelectorAll('main form input[name=version]')[number];"
                    " field.value = 4711; HTMLFormElement.prototype.submit.call(field.form) }",
                    number,
                )
            self.look()
            if number + 1 < count:
                self.page.goto(here)
        return count

    def enter(self, made: Installation, role: str) -> None:
        """Be somebody else from now on."""
        self.page.context.clear_cookies()
        self.page.context.add_cookies([{"name": "session", "value": made.cookies[role], "url": self.site}])


@contextmanager
def hostile_site(template: Path, start: int = 0) -> Iterator[tuple[Installation, str]]:
    """One of everything, hostile (the corpus beginning with its text number *start*), served on this machine."""
    with installation(template) as made:
        with time_machine.travel(utcnow() - timedelta(days=30), tick=True):  # so that all of it is news
            digests.send_due(made.database, made.app.extensions["settings"], made.app.extensions["search"])
        with made.database.write() as session:
            plant(session, start)
            report = frozen_reports.freeze(session, SYSTEM, FreezeInput(CORPUS[4], CORPUS[3], ReportQuery()), 5)
            link, _ = report_links.create(session, SYSTEM, report.id, CORPUS[0], 30, 5)
            link.token_hash = hash_token("hostile-board")
        made.world.samples.update({"report_id": report.id, "board.token": "hostile-board"})
        index, settings = made.app.extensions["search"], made.app.extensions["settings"]
        sync.rebuild(made.database, index)
        with time_machine.travel(utcnow() + timedelta(days=8), tick=True):
            digests.send_due(made.database, settings, index)
        made.keep()
        port = free_port()
        server = make_server("127.0.0.1", port, made.app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made, f"http://127.0.0.1:{port}"
        server.shutdown()
        server.server_close()


@contextmanager
def rendered(app: Flask) -> Iterator[set[str]]:
    """Collect the names of the templates that answers are made of."""
    names: set[str] = set()

    def note(_app: Flask, template: Template, **_context: object) -> None:
        names.add(template.name or "")

    with template_rendered.connected_to(note, app):
        yield names


def pages(made: Installation, role: str) -> dict[str, str]:
    """Address of each endpoint that answers this role with a page or a file, as the matrix says."""
    answers = read_matrix()
    return {
        rule.endpoint: made.path(rule)
        for rule, method in routes(made.app)
        if method == "GET" and rule.rule not in LEAVES and answers[(rule.rule, method)][role] == "ok"
    }
