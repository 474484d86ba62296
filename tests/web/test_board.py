"""The board reads a report by link: no account, no names, nothing kept by caches, nothing after the link ended."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import AuditEvent, Confidentiality, Relevance, ReportLink
from catalogue.services import demand, frozen_reports, report_links, sessions
from catalogue.services.demand import DemandInput
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from tests import factories
from tests.conftest import ON_SQLITE


@pytest.fixture
def shared(database: Database) -> str:
    """The token of a link to a report: eight companies want 4 people each to learn "Sicher lagern", two say so to the office only."""
    with database.write() as session:
        module = factories.make_module(session, "Sicher lagern")
        for number in range(8):
            company = factories.make_company(session, f"Geheim {number} GmbH")
            who = sessions.actor_of(factories.make_user(session, company=company))
            seen_by = Confidentiality.NETWORK if number > 5 else Confidentiality.ANONYMOUS
            demand.mark(session, who, module, DemandInput(Relevance.MUST, (), 4, confidentiality=seen_by))
        report = frozen_reports.freeze(session, SYSTEM, FreezeInput("Klausur", "Für *alle*.", ReportQuery()), 5)
        return report_links.create(session, SYSTEM, report.id, "Vorstand", 30, 5)[1]


def test_the_board_sees_rounded_figures_without_names(client: FlaskClient, shared: str, database: Database) -> None:
    response = client.get(f"/board/{shared}")
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "<h1>Klausur</h1>" in page
    assert "Sicher lagern" in page
    # six anonymous companies with 24 people: at least 5 with at least 20; the office's own eight with 32 are nowhere
    main = page.split("<main")[1].split("</main>")[0]
    assert ">20<" in main
    assert not any(word in main for word in ("Geheim", ">24<", ">32<", ">8<", ">6<"))
    assert "planning/reports" not in main
    with database.read() as session:
        link = session.query(ReportLink).one()
        assert link.used_at is not None
        assert session.query(AuditEvent).filter_by(action="report.read_by_link").count() == 1


@ON_SQLITE
def test_no_search_engine_or_cache_keeps_the_page(client: FlaskClient, shared: str) -> None:
    for path in (f"/board/{shared}", "/board/wrong"):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "noindex" in headers["X-Robots-Tag"]


@ON_SQLITE
@pytest.mark.parametrize("ending", ["revoked", "archived", "wrong"])
def test_a_link_that_ended_says_the_same_for_every_reason(
    client: FlaskClient, shared: str, database: Database, ending: str
) -> None:
    endings: dict[str, Callable[..., None]] = {
        "revoked": lambda session, link: report_links.revoke(session, SYSTEM, link.report_id, link.id),
        "archived": lambda session, link: frozen_reports.archive(session, SYSTEM, link.report_id) and None,
        "wrong": lambda session, link: None,
    }
    with database.write() as session:
        endings[ending](session, session.query(ReportLink).one())
    response = client.get(f"/board/{shared if ending != 'wrong' else 'falsch'}")
    assert response.status_code == 410
    assert "abgelaufen, widerrufen oder unvollständig" in response.get_data(as_text=True)
