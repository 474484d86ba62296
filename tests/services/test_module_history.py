"""The past of a module: complete, comparable, and restorable without loss."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.db import Database, Session
from catalogue.models import OfferStatus, Vocabulary
from catalogue.services import module_history, modules
from catalogue.services.errors import NotAllowed, NotFound
from catalogue.services.modules import ModuleInput
from tests import factories
from tests.conftest import ON_SQLITE, People

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
LINES = st.lists(TEXT, max_size=3).map(tuple)
NUMBER = st.none() | st.integers(1, 8)
INPUT = st.builds(
    ModuleInput,
    title=TEXT.filter(lambda text: bool(text.strip())),
    summary=TEXT,
    description=st.lists(TEXT, max_size=3).map("\r\n".join),
    objectives=LINES,
    contents=LINES,
    title_exact=st.booleans(),
    dqr=NUMBER,
    theory_units=NUMBER,
    duration_minutes=NUMBER,
    duration_text=TEXT,
    languages=st.sampled_from([(), ("de",), ("de", "en")]),
    price_amount=st.none() | st.decimals(0, 9999, places=2),
    offer_status=st.none() | st.sampled_from(list(OfferStatus)),
    as_of=st.none() | st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    provider=st.sampled_from(["", "akademie"]),
    terms=st.sampled_from([{}, {"topic": ("b", "a")}, {"topic": ("a",), "level": ("a",)}]),
)


def prepare(session: Session) -> None:
    for vocabulary, code in ((Vocabulary.TOPIC, "a"), (Vocabulary.TOPIC, "b"), (Vocabulary.LEVEL, "a")):
        factories.make_term(session, vocabulary, code)
    factories.make_provider(session, "Akademie")


@given(states=st.lists(INPUT, min_size=1, max_size=4), data=st.data())
@ON_SQLITE
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_restoring_any_version_is_the_identity(
    database: Database, people: People, states: list[ModuleInput], data: st.DataObject
) -> None:
    with database.session(write=True) as session:  # rolled back at the end
        prepare(session)
        module = modules.create(session, people.curator, states[0])
        for state in states[1:]:
            modules.update(session, people.curator, module, state, module.version)
        past = module_history.versions(session, people.curator, module)
        wanted = data.draw(st.sampled_from(past))
        before = past[0].snapshot
        modules.restore(session, people.curator, module, wanted.number, module.version)
        session.expire_all()
        again = modules.get(session, people.curator, module.slug)
        assert module_history.snapshot(again) == wanted.snapshot
        modules.restore(session, people.curator, again, past[0].number)
        assert module_history.snapshot(again) == before


def test_a_version_says_who_changed_which_fields(session: Session, people: People) -> None:
    prepare(session)
    module = modules.create(session, people.curator, ModuleInput(title="ADR", terms={"topic": ("a",)}))
    later = replace(modules.input_of(module), price_amount=Decimal(490), terms={"topic": ("b",)})
    modules.update(session, people.admin, module, later, module.version)
    newest, first = module_history.versions(session, people.curator, module)
    assert (newest.number, newest.user_label, newest.action) == (2, "Nora Netz", "changed")
    assert newest.changed == ["price_amount", "terms"]
    found = module_history.compare(first.snapshot, newest.snapshot)
    assert [(one.field, one.before, one.after) for one in found] == [
        ("price_amount", None, "490.00"),
        ("terms.topic", ["a"], ["b"]),
    ]


def test_a_version_that_does_not_exist_is_not_found(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, ModuleInput(title="ADR"))
    with pytest.raises(NotFound):
        module_history.get(session, people.curator, module, 7)


def test_the_past_is_for_staff(session: Session, people: People) -> None:
    module = modules.create(session, people.curator, ModuleInput(title="ADR"))
    with pytest.raises(NotAllowed):
        module_history.versions(session, people.member, module)
