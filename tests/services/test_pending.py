"""Edits of published modules wait beside them; small facts do not; what changed on both sides is decided by people."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import AuditEvent, Module, ModuleVersion, PendingVersion, Vocabulary, WorkflowState
from catalogue.services import modules, pending
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.module_input import input_of
from catalogue.services.pending import Read
from catalogue.services.pending_merge import flat, merge, nested, same
from catalogue.services.permissions import Actor
from tests import factories
from tests.conftest import People

SNAPSHOT = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["A", "B", "C"]),
        "summary": st.sampled_from(["", "x", "y"]),
        "dqr": st.sampled_from([None, 0, 4]),
        "contents": st.sampled_from([[], ["eins"], ["zwei"]]),
        "terms": st.dictionaries(
            st.sampled_from(["topic", "format"]), st.sampled_from([["a"], ["a", "b"]]), max_size=2
        ),
    }
)


@pytest.fixture
def module(session: Session) -> Module:
    factories.make_term(session, Vocabulary.TOPIC, "recht", "Recht")
    made = factories.make_module(session, "Kurs", summary="Alt.", price_text="10 €", runs=[])
    modules.lock(session, made, None)  # loads all that belongs to it
    return made


def read_of(session: Session, module: Module) -> Read:
    waiting = pending.find(session, module)
    return Read(module.version, waiting.version if waiting else 0)


def save(session: Session, people: People, module: Module, **changes: Any) -> pending.Saved:
    wanted = replace(pending.shown(module, pending.find(session, module)), **changes)
    return pending.save(session, people.curator, module, wanted, read_of(session, module))


def test_words_wait_and_small_facts_are_live(session: Session, people: People, module: Module) -> None:
    saved = save(
        session, people, module, summary="Neu.", price_amount=Decimal(490), place_text="Jena", as_of=date(2026, 11, 1)
    )
    assert set(saved.live) == {"price_amount", "place_text", "as_of"}
    assert (module.summary, module.place_text, module.price_amount) == ("Alt.", "Jena", Decimal(490))
    assert saved.waiting is not None
    changed = pending.compared(module, saved.waiting)
    assert [(one.field, one.before, one.after) for one in changed.changes] == [("summary", "Alt.", "Neu.")]
    assert changed.clashes == ()
    actions = session.scalars(select(ModuleVersion.action)).all()
    assert actions == ["changed"]


def test_only_small_facts_leave_nothing_waiting_and_no_change_writes_nothing(
    session: Session, people: People, module: Module
) -> None:
    assert save(session, people, module, price_text="20 €").waiting is None
    before = module.version
    assert save(session, people, module) == pending.Saved((), None)
    assert module.version == before
    assert session.scalar(select(func.count()).select_from(PendingVersion)) == 0


def test_a_further_edit_goes_on_with_what_waits_and_taking_it_back_ends_it(
    session: Session, people: People, module: Module
) -> None:
    first = save(session, people, module, summary="Neu.").waiting
    second = save(session, people, module, title="Besserer Kurs", terms={"topic": ("recht",)}).waiting
    assert first is not None
    assert second is not None
    assert second.id == first.id
    changed = [one.field for one in pending.compared(module, second).changes]
    assert changed == ["title", "summary", "terms.topic"]
    pending.accept(session, people.curator, module, read_of(session, module), {})
    assert (module.title, module.summary, [term.code for term in module.terms]) == ("Besserer Kurs", "Neu.", ["recht"])
    assert pending.find(session, module) is None
    assert session.scalars(select(AuditEvent.action)).all() == ["module.pending_accepted"]
    save(session, people, module, summary="Dritte.")
    assert save(session, people, module, summary="Neu.").waiting is None


def test_who_read_an_older_waiting_version_must_look_again(session: Session, people: People, module: Module) -> None:
    wanted = replace(input_of(module), summary="Neu.")
    read = read_of(session, module)
    pending.save(session, people.curator, module, wanted, read)
    with pytest.raises(Stale) as stale:
        pending.save(session, people.admin, module, replace(wanted, summary="Anders."), read)
    assert isinstance(stale.value.current, PendingVersion)
    with pytest.raises(Stale):
        pending.accept(session, people.curator, module, read, {})
    with pytest.raises(Stale):
        pending.discard(session, people.curator, module, Read(module.version, 99))


def test_live_changes_stay_and_clashes_are_decided_by_people(session: Session, people: People, module: Module) -> None:
    save(session, people, module, summary="Wartend.", description="Auch neu.")
    current = replace(input_of(module), summary="Live.", certificate_text="Zeugnis")
    modules.update(session, people.admin, module, current, module.version)
    waiting = pending.find(session, module)
    assert waiting is not None
    found = pending.compared(module, waiting)
    assert [(one.field, one.base, one.live, one.proposed) for one in found.clashes] == [
        ("summary", "Alt.", "Live.", "Wartend.")
    ]
    with pytest.raises(Invalid):
        pending.accept(session, people.curator, module, read_of(session, module), {})
    save(session, people, module, objectives=("messen",))  # an edit of something else does not decide the clash
    assert len(pending.compared(module, waiting).clashes) == 1
    pending.accept(session, people.curator, module, read_of(session, module), {"summary": "live"})
    assert (module.summary, module.description, module.certificate_text) == ("Live.", "Auch neu.", "Zeugnis")
    assert module.objectives == ["messen"]


def test_editing_a_clash_decides_it(session: Session, people: People, module: Module) -> None:
    save(session, people, module, summary="Wartend.")
    modules.update(session, people.admin, module, replace(input_of(module), summary="Live."), module.version)
    saved = save(session, people, module, summary="Beides.")
    assert saved.waiting is not None
    assert pending.compared(module, saved.waiting).clashes == ()
    pending.accept(session, people.curator, module, read_of(session, module), {})
    assert module.summary == "Beides."


def test_publishing_at_once_stands_for_what_waited(session: Session, people: People, module: Module) -> None:
    save(session, people, module, summary="Neu.")
    wanted = pending.shown(module, pending.find(session, module))
    pending.publish_now(session, people.curator, module, wanted, read_of(session, module))
    assert module.summary == "Neu."
    assert pending.find(session, module) is None


def test_a_stranger_proposes_beside_what_staff_wrote(session: Session, people: People, module: Module) -> None:
    save(session, people, module, summary="Neu.")
    provider = Actor(label="kurs@anbieter.example")
    waiting = pending.propose(
        session, provider, module, replace(input_of(module), price_text="30 €", title="Kurs 2"), "Bitte."
    )
    assert module.price_text == "10 €"
    changed = {one.field: one.after for one in pending.compared(module, waiting).changes}
    assert changed == {"summary": "Neu.", "price_text": "30 €", "title": "Kurs 2"}
    assert waiting.user_label == "Clara Netz, kurs@anbieter.example"
    pending.ask_archive(session, provider, module, "Weg.")
    assert waiting.note == "Bitte.\nWeg."
    pending.archive(session, people.curator, module, read_of(session, module))
    assert module.state == WorkflowState.ARCHIVED
    assert pending.find(session, module) is None


def test_discarding_changes_nothing_and_is_recorded(session: Session, people: People, module: Module) -> None:
    save(session, people, module, summary="Neu.")
    pending.discard(session, people.curator, module, read_of(session, module))
    assert module.summary == "Alt."
    event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.details["fields"]) == ("module.pending_discarded", ["summary"])
    with pytest.raises(NotFound):
        pending.get(session, people.curator, module)


@pytest.mark.parametrize("role", ["visitor", "member", "company_admin", "stranger"])
def test_only_staff_see_and_decide(session: Session, people: People, module: Module, role: str) -> None:
    actor, read = getattr(people, role), read_of(session, module)
    for attempt in (
        lambda: pending.save(session, actor, module, input_of(module), read),
        lambda: pending.publish_now(session, actor, module, input_of(module), read),
        lambda: pending.accept(session, actor, module, read, {}),
        lambda: pending.discard(session, actor, module, read),
        lambda: pending.archive(session, actor, module, read),
        lambda: pending.listing(session, actor),
        lambda: pending.get(session, actor, module),
    ):
        with pytest.raises(NotAllowed):
            attempt()


@given(base=SNAPSHOT, live=SNAPSHOT, proposed=SNAPSHOT)
def test_each_field_of_a_merge_comes_from_the_side_that_changed_it(
    base: dict[str, Any], live: dict[str, Any], proposed: dict[str, Any]
) -> None:
    found = merge(base, live, proposed)
    clashes = {one.field for one in found.clashes}
    result, was, now, wanted = flat(found.result()), flat(base), flat(live), flat(proposed)
    for name in {*was, *now, *wanted}:
        expected = now.get(name) if same(wanted.get(name), was.get(name)) else wanted.get(name)
        assert same(result.get(name), expected)
        both = not same(wanted.get(name), was.get(name)) and not same(now.get(name), was.get(name))
        assert (name in clashes) == (both and not same(now.get(name), wanted.get(name)))
    assert merge(base, base, proposed).clashes == ()
    assert all(same(flat(nested(was))[name], was[name]) for name in flat(nested(was)))
