"""Measures: ordered sets of modules with a derived duration."""

from dataclasses import replace

import pytest

from catalogue.db import Database, Session
from catalogue.models import WorkflowState
from catalogue.services import measures
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.measures import MeasureInput, Part, Total
from tests import factories
from tests.conftest import People


def make_modules(session: Session) -> None:
    factories.make_module(session, "Eins", duration_minutes=90)
    factories.make_module(session, "Zwei", duration_minutes=360)
    factories.make_module(session, "Drei")
    factories.make_module(session, "Entwurf", state=WorkflowState.DRAFT, duration_minutes=45)


def parts(*slugs: str) -> tuple[Part, ...]:
    return tuple(Part(slug) for slug in slugs)


def test_modules_keep_their_order_and_can_be_reordered(database: Database, people: People) -> None:
    with database.write() as session:
        make_modules(session)
        given = MeasureInput(title="Batterie im Lager", parts=parts("zwei", "eins"))
        slug = measures.create(session, people.curator, given).slug
    with database.write() as session:
        measure = measures.get(session, people.curator, slug)
        assert measures.input_of(measure) == given
        given = replace(given, parts=(Part("eins"), Part("drei", required=False), Part("zwei")))
        read = measure.version
        measures.update(session, people.curator, measure, given, read)
        assert measure.version == read + 1
    with database.read() as session:
        assert measures.input_of(measures.get(session, people.curator, slug)) == given


def test_the_duration_is_the_sum_of_the_modules_and_says_how_many_are_unknown(session: Session, people: People) -> None:
    make_modules(session)
    given = MeasureInput(title="M", parts=parts("eins", "zwei", "drei", "entwurf"))
    measure = measures.create(session, people.curator, given)
    assert measures.total(measure.parts) == Total(495, 1)
    assert measures.total(measures.visible_parts(people.visitor, measure)) == Total(450, 1)


def test_a_draft_measure_is_for_staff_and_a_published_one_for_all(session: Session, people: People) -> None:
    make_modules(session)
    measure = measures.create(session, people.curator, MeasureInput(title="M", parts=parts("eins")))
    with pytest.raises(NotFound):
        measures.get(session, people.member, "m")
    measures.step(session, people.curator, measure, "publish", measure.version)
    assert measures.get(session, people.visitor, "m").title == "M"
    assert [one.slug for one in measures.listing(session, people.visitor)] == ["m"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (MeasureInput(title=""), "title"),
        (MeasureInput(title="M", parts=parts("eins", "eins")), "parts"),
        (MeasureInput(title="M", parts=parts("unbekannt")), "parts"),
        (MeasureInput(title="M", source_url="javascript:1"), "source_url"),
        (MeasureInput(title="M", programme="unbekannt"), "programme"),
    ],
)
def test_a_broken_rule_is_named_at_its_field(session: Session, people: People, given: MeasureInput, field: str) -> None:
    make_modules(session)
    with pytest.raises(Invalid) as refused:
        measures.create(session, people.curator, given)
    assert list(refused.value.fields) == [field]


def test_an_empty_measure_cannot_be_published_and_steps_keep_their_order(session: Session, people: People) -> None:
    measure = measures.create(session, people.curator, MeasureInput(title="M"))
    with pytest.raises(Invalid):
        measures.step(session, people.curator, measure, "publish", None)
    with pytest.raises(Conflict):
        measures.step(session, people.curator, measure, "reopen", None)
    with pytest.raises(Conflict):
        measures.step(session, people.curator, measure, "submit", None)


def test_stale_edits_and_other_people_are_refused(session: Session, people: People) -> None:
    measure = measures.create(session, people.curator, MeasureInput(title="M"))
    with pytest.raises(Stale):
        measures.update(session, people.curator, measure, MeasureInput(title="N"), measure.version + 1)
    for actor in (people.visitor, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            measures.create(session, actor, MeasureInput(title="X"))
        with pytest.raises(NotAllowed):
            measures.update(session, actor, measure, MeasureInput(title="X"), measure.version)
        with pytest.raises(NotAllowed):
            measures.step(session, actor, measure, "publish", None)
