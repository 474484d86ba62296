"""Pages of Qualifizierungsmaßnahmen."""

from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Measure, MeasureModule, WorkflowState
from catalogue.services.sorting import sort_key
from tests import factories


def make(database: Database, state: WorkflowState = WorkflowState.PUBLISHED) -> None:
    with database.write() as session:
        first = factories.make_module(session, "Zuerst", duration_minutes=90)
        second = factories.make_module(session, "Danach", duration_minutes=90)
        hidden = factories.make_module(session, "Geheim", state=WorkflowState.DRAFT)
        measure = Measure(slug="lager", title="Lager", sort_title=sort_key("Lager"), state=state, parts=[])
        for place, module in enumerate((first, second, hidden)):
            measure.parts.append(MeasureModule(module=module, position=place))
        session.add(measure)


def test_modules_stand_in_the_order_of_learning_without_unpublished_ones(
    client: FlaskClient, database: Database
) -> None:
    make(database)
    page = client.get("/measures/lager").get_data(as_text=True)
    assert page.index("Zuerst") < page.index("Danach")
    assert "Geheim" not in page
    assert "3 Stunden" in page


def test_unpublished_measures_are_not_there(client: FlaskClient, database: Database) -> None:
    make(database, WorkflowState.DRAFT)
    assert client.get("/measures/lager").status_code == 404
    assert "Lager" not in client.get("/measures").get_data(as_text=True).split("<main")[1]
