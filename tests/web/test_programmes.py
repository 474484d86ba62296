"""Pages of programmes."""

from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import ProgrammeKind, WorkflowState
from tests import factories


def test_a_programme_shows_its_published_modules_only(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        programme = factories.make_programme(session, "BatterieMD", kind=ProgrammeKind.ALLIANCE)
        factories.make_module(session, "Löten", programme=programme)
        factories.make_module(session, "Geheim", programme=programme, state=WorkflowState.REVIEW)
    page = client.get("/programmes/batteriemd").get_data(as_text=True)
    assert "Löten" in page
    assert "Geheim" not in page


def test_unknown_programmes_are_not_there(client: FlaskClient) -> None:
    assert client.get("/programmes/gibt-es-nicht").status_code == 404
