"""Pages of providers."""

from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import WorkflowState
from tests import factories


def test_a_provider_shows_its_published_modules_only(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        provider = factories.make_provider(session, "SLV Halle", place="Halle")
        factories.make_module(session, "Löten", provider=provider)
        factories.make_module(session, "Geheim", provider=provider, state=WorkflowState.DRAFT)
    page = client.get("/providers/slv-halle").get_data(as_text=True)
    assert "1 Modul im Katalog" in page
    assert "Löten" in page
    assert "Geheim" not in page


def test_the_list_counts_published_modules_and_leaves_out_providers_without(
    client: FlaskClient, database: Database
) -> None:
    with database.write() as session:
        factories.make_module(session, "Löten", provider=factories.make_provider(session, "SLV Halle"))
        factories.make_provider(session, "Leere Akademie")
    page = client.get("/providers").get_data(as_text=True)
    assert "SLV Halle" in page
    assert "Leere Akademie" not in page


def test_unknown_providers_are_not_there(client: FlaskClient) -> None:
    assert client.get("/providers/gibt-es-nicht").status_code == 404
