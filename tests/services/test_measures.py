"""Measures: ordered sets of modules with a derived duration."""

from dataclasses import replace

import pytest

from catalogue.db import Database, Session
from catalogue.models import WorkflowState
from catalogue.services import measures, thing_history
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.measure_paths import Total, total
from catalogue.services.measures import MeasureInput, Part
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
    assert total(measure.parts) == Total(495, 1, 495)
    assert total(measures.visible_parts(people.visitor, measure)) == Total(450, 1, 450)


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
        (MeasureInput(title="M", parts=(Part("eins", after=("zwei",)),)), "parts"),
        (MeasureInput(title="M", parts=(Part("eins", after=("eins",)),)), "parts"),
        (MeasureInput(title="M", parts=(Part("eins", choice="A"), Part("zwei"))), "parts"),
        (MeasureInput(title="M", parts=(Part("eins", choice="x"), Part("zwei", choice="x"))), "parts"),
        (MeasureInput(title="M", parts=(Part("eins", after=("zwei",)), Part("zwei", after=("eins",)))), "parts"),
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


def test_prerequisites_and_alternatives_are_kept_and_follow_a_new_order(database: Database, people: People) -> None:
    with database.write() as session:
        make_modules(session)
        first, second = Part("eins", choice="A"), Part("zwei", choice="A")
        given = MeasureInput(title="M", parts=(first, second, Part("drei", False, after=("eins", "zwei"))))
        measures.create(session, people.curator, given)
    with database.write() as session:
        measure = measures.get(session, people.curator, "m")
        assert measures.input_of(measure) == given
        given = replace(
            given, parts=(Part("drei", False, after=("zwei",)), Part("zwei"), Part("entwurf", after=("drei",)))
        )
        measures.update(session, people.curator, measure, given, measure.version)
        assert measures.misplaced(given) == [("drei", "zwei")]
    with database.write() as session:
        measure = measures.get(session, people.curator, "m")
        assert measures.input_of(measure) == given
        measures.arrange(session, people.curator, measure, measure.version)
        assert [part.module for part in measures.input_of(measure).parts] == ["zwei", "drei", "entwurf"]
        assert measures.misplaced(measures.input_of(measure)) == []
        history = thing_history.entries(session, people.curator, "measure.edit", [measure.id])
        assert [(entry.user_label, entry.action, [one.field for one in entry.changes]) for entry in history] == [
            ("Clara Netz", "measure.change", ["parts"]),
            ("Clara Netz", "measure.change", ["parts"]),
            ("Clara Netz", "measure.create", []),
        ]
        with pytest.raises(NotAllowed):
            thing_history.entries(session, people.member, "measure.edit", [measure.id])


def test_a_module_knows_what_comes_before_and_after_it(session: Session, people: People) -> None:
    make_modules(session)
    lines = (Part("eins", choice="A"), Part("zwei", choice="A"), Part("entwurf"), Part("drei", after=("eins",)))
    measure = measures.create(session, people.curator, MeasureInput(title="M", parts=lines))
    measures.step(session, people.curator, measure, "publish", None)

    def around(slug: str) -> tuple[int, int, list[str], list[str]]:
        module = next(part.module for part in measure.parts if part.module.slug == slug)
        (found,) = measures.memberships(session, people.visitor, module)
        place = found.place
        return place.number, place.of, *([one.module.slug for one in side] for side in (place.before, place.after))

    assert around("eins") == (1, 3, [], ["drei"])
    assert around("zwei") == (2, 3, [], ["drei"])
    assert around("drei") == (3, 3, ["eins"], [])
