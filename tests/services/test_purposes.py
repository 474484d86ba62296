"""Purposes side by side: a small example computed by hand."""

import pytest

from catalogue.db import Session
from catalogue.models import Purpose, Relevance
from catalogue.services import demand, purposes, sessions
from catalogue.services.demand import DemandInput
from catalogue.services.errors import NotAllowed
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from tests import factories
from tests.conftest import ON_SQLITE, People

TRAINING, COOPERATION, BUSINESS = Purpose


@ON_SQLITE
def test_figures_are_those_computed_by_hand(session: Session) -> None:
    one, two = factories.make_module(session, "Eins"), factories.make_module(session, "Zwei")
    said = [
        ("Anna", one, (TRAINING,), 6), ("Anna", two, (TRAINING, COOPERATION), 2), ("Berg", one, (TRAINING,), None),
        ("Cell", two, (BUSINESS,), 3), ("Dorn", two, (), 9),
    ]  # fmt: skip
    actors = {
        name: sessions.actor_of(factories.make_user(session, company=factories.make_company(session, name)))
        for name in ("Anna", "Berg", "Cell", "Dorn")
    }
    for name, module, wanted, people in said:
        demand.mark(session, actors[name], module, DemandInput(Relevance.SHOULD, wanted, people))
    found = purposes.purposes(session, SYSTEM, ReportQuery())
    # training: Anna (6 + 2) and Berg (no number) about both modules; cooperation: Anna's 2; business: Cell's 3
    assert [(side.companies, side.people, side.records, side.modules) for side in found.sides] == [
        (2, 8, 3, 2), (1, 2, 1, 1), (1, 3, 1, 1),
    ]  # fmt: skip
    assert [[(row.label, row.companies) for row in side.top] for side in found.sides] == [
        [("Eins", 2), ("Zwei", 1)], [("Zwei", 1)], [("Zwei", 1)],
    ]  # fmt: skip
    # Zwei is wanted for everything, by different companies; of companies only Anna has two purposes
    assert [(purposes.words_of(row), row.names, row.modules) for row in found.overlap] == [
        ("Weiterbildung + Zusammenarbeit + Geschäftsidee", (), 1), ("Weiterbildung + Zusammenarbeit", ("Anna",), 0),
        ("Weiterbildung", ("Berg",), 1), ("Geschäftsidee", ("Cell",), 0), ("ohne Zweck", ("Dorn",), 0),
    ]  # fmt: skip
    assert sum(row.companies for row in found.overlap) == found.companies == 4
    table = purposes.purposes_table(found)
    assert [(row["label"], row["companies"]) for row in table.rows][:4] == [
        ("Weiterbildung", 2), ("Zusammenarbeit", 1), ("Geschäftsidee", 1), ("nur Weiterbildung + Zusammenarbeit + Geschäftsidee", 0),
    ]  # fmt: skip


@ON_SQLITE
def test_nothing_said_and_nobody_else_sees_it(session: Session, people: People) -> None:
    found = purposes.purposes(session, people.curator, ReportQuery())
    assert (found.companies, found.overlap, [side.companies for side in found.sides]) == (0, (), [0, 0, 0])
    with pytest.raises(NotAllowed):
        purposes.purposes(session, people.member, ReportQuery())
