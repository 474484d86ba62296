"""Measures on the staff pages: numbers bring modules into order without script, prerequisites are kept and watched."""

import re

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.services import measures
from catalogue.services.permissions import SYSTEM
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

SLUGS = ["eins", "zwei", "drei", "vier"]


@pytest.fixture
def staff(client: FlaskClient, database: Database, people: People) -> FlaskClient:
    """A curator; there are four published modules."""
    with database.write() as session:
        for slug in SLUGS:
            factories.make_module(session, slug.title(), duration_minutes=360)
    sign_in(client, people.curator_user)
    return client


def lines(*rows: tuple[object, str], **more: object) -> dict[str, object]:
    data: dict[str, object] = {"title": "Weg", "version": "1"}
    for number, (position, slug) in enumerate(rows):
        data |= {f"parts-{number}-position": str(position), f"parts-{number}-module": slug}
        data[f"parts-{number}-kind"] = "required"
    return data | {name.replace("_", "-"): value for name, value in more.items()}


def order(database: Database) -> list[str]:
    with database.read() as session:
        return [part.module for part in measures.input_of(measures.get(session, SYSTEM, "weg")).parts]


def test_a_number_moves_a_line_to_exactly_that_place(staff: FlaskClient, database: Database) -> None:
    rows = list(zip(range(1, 5), SLUGS, strict=True))
    assert post(staff, "/curation/measures/new", lines(*rows)).status_code == 303
    assert order(database) == SLUGS
    up = lines((1, "eins"), (2, "zwei"), (3, "drei"), (2, "vier"))
    assert post(staff, "/curation/measures/weg", up).status_code == 303
    assert order(database) == ["eins", "vier", "zwei", "drei"]
    down = lines((3, "eins"), (2, "vier"), (3, "zwei"), (4, "drei")) | {"version": "2"}
    assert post(staff, "/curation/measures/weg", down).status_code == 303
    assert order(database) == ["vier", "zwei", "eins", "drei"]


def test_prerequisites_warn_can_be_put_right_and_are_told_to_visitors(staff: FlaskClient, database: Database) -> None:
    wrong = lines((1, "eins"), (2, "zwei"), (3, "drei"), parts_0_after="drei", parts_2_kind="optional")
    assert post(staff, "/curation/measures/new", wrong).status_code == 303
    page = staff.get("/curation/measures/weg").get_data(as_text=True)
    assert "„Eins“ (Platz 1) setzt „Drei“ (Platz 3) voraus." in page
    assert re.search(r'name="parts-0-after" value="drei" id="[\w-]+" checked', page)
    assert post(staff, "/curation/measures/weg/arrange", {"version": "1"}).status_code == 303
    assert order(database) == ["zwei", "drei", "eins"]
    page = staff.get("/curation/measures/weg").get_data(as_text=True)
    assert "widerspricht" not in page
    assert "1. Eins, setzt voraus: Drei" in page  # in the history
    assert post(staff, "/curation/measures/weg/steps/publish", {"version": "2"}).status_code == 303
    shown = staff.get("/measures/weg").get_data(as_text=True)
    assert "16 UE" in shown
    assert "bis zu 24 UE" in shown
    assert shown.index("Setzt voraus:") > shown.index("3. <a")
    module = staff.get("/modules/drei").get_data(as_text=True).split('id="massnahmen"')[1]
    assert "Modul 2 von 3 in" in module
    assert module.index("Zwei") < module.index("Danach") < module.index("Eins")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"parts_0_after": "zwei", "parts_1_after": "eins"}, "Diese Module setzen sich gegenseitig voraus"),
        ({"parts_0_kind": "choice-A"}, "fehlt ein zweites Modul"),
        ({"parts_0_kind": "choice-"}, ""),
        ({"parts_0_position": "x"}, "Geben Sie eine ganze Zahl an"),
        ({"parts_0_after": "gibt-es-nicht"}, ""),
    ],
)
def test_a_mistake_is_said_and_nothing_is_lost(staff: FlaskClient, more: dict[str, str], sentence: str) -> None:
    answer = post(staff, "/curation/measures/new", lines((1, "eins"), (2, "zwei"), **more))
    page = answer.get_data(as_text=True)
    assert answer.status_code == (422 if sentence else 303)
    assert sentence in page
    assert not sentence or 'value="Weg"' in page
