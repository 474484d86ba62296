"""Many modules at once: the preview says what comes, applying does just that, undoing leaves alone what was changed since."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from catalogue.db import Session
from catalogue.models import (
    AuditEvent,
    BulkChange,
    IndexQueue,
    Module,
    ModuleVersion,
    OfferStatus,
    Vocabulary,
    WorkflowState,
)
from catalogue.services import bulk, module_history, modules, workflow
from catalogue.services.bulk_plan import BulkInput, Outcome
from catalogue.services.errors import Conflict, Invalid, NotAllowed
from catalogue.services.module_listing import ListingQuery
from tests import factories
from tests.conftest import People

D, R, P, A = WorkflowState
ALL = ListingQuery(sort="title")
COMPLETE: dict[str, Any] = {"summary": "Satz", "provider_text": "SLV", "as_of": date(2026, 1, 1)}


def module_in(session: Session, title: str, state: WorkflowState = P, **values: Any) -> Module:
    return factories.make_module(session, title, state=state, **COMPLETE | values)


def outcomes(found: bulk.Preview) -> dict[str, str]:
    return {one.module.title: one.outcome.value for one in found.planned}


def reasons(found: bulk.Preview) -> dict[str, list[str]]:
    return {one.module.title: [str(text) for text in one.reasons] for one in found.of(Outcome.BLOCKED)}


def done(session: Session, people: People, given: BulkInput, query: ListingQuery = ALL) -> BulkChange:
    return bulk.apply(session, people.curator, given, bulk.preview(session, people.curator, query, given).seen())


def codes(session: Session, title: str) -> list[str]:
    found = session.scalars(select(Module).where(Module.title == title).options(selectinload(Module.terms))).one()
    return sorted(term.code for term in found.terms)


def states(session: Session) -> dict[str, str]:
    return {title: state.value for title, state in session.execute(select(Module.title, Module.state))}


def test_terms_are_added_removed_and_replaced_where_they_are(session: Session, people: People) -> None:
    cell, pack, basic = (
        factories.make_term(session, vocabulary, code)
        for vocabulary, code in ((Vocabulary.TOPIC, "zelle"), (Vocabulary.TOPIC, "pack"), (Vocabulary.LEVEL, "basis"))
    )
    module_in(session, "A", terms=[cell, basic])
    module_in(session, "B", terms=[pack])
    replaced = BulkInput(term_action="replace", term="topic:zelle", by="topic:pack")
    assert outcomes(bulk.preview(session, people.curator, ALL, replaced)) == {"A": "changed", "B": "unchanged"}
    done(session, people, replaced)
    assert (codes(session, "A"), codes(session, "B")) == (["basis", "pack"], ["pack"])
    done(session, people, BulkInput(term_action="add", term="level:basis"))
    assert (codes(session, "A"), codes(session, "B")) == (["basis", "pack"], ["basis", "pack"])
    done(session, people, BulkInput(term_action="remove", term="topic:pack"), replace(ALL, slugs=("b",)))
    assert (codes(session, "A"), codes(session, "B")) == (["basis", "pack"], ["basis"])


def test_one_version_for_each_module_says_all_that_changed(session: Session, people: People) -> None:
    provider = factories.make_provider(session, "Akademie Nord")
    for slug in ("a", "b"):
        module_in(session, slug.upper(), R)
        module_history.record(session, people.curator, modules.get(session, people.curator, slug), "created")
    session.query(IndexQueue).delete()
    given = BulkInput(status="piloted", provider=provider.slug, step="publish")
    change = done(session, people, given)
    assert (change.count, change.skipped) == (2, [])
    made = session.scalars(select(ModuleVersion).where(ModuleVersion.action == bulk.CHANGED)).all()
    assert [(one.number, sorted(one.changed), one.user_label) for one in made] == [
        (2, ["offer_status", "provider", "state"], people.curator.label)
    ] * 2
    module = modules.get(session, people.curator, "a")
    assert module.is_public
    assert module.published_at
    assert module.offer_status == OfferStatus.PILOTED
    assert session.scalar(select(func.count()).select_from(IndexQueue)) == 2
    events = session.scalars(select(AuditEvent.action)).all()
    assert sorted(events) == ["bulk.applied", "module.publish", "module.publish"]


def test_publishing_keeps_the_rules_of_a_single_module(session: Session, people: People) -> None:
    module_in(session, "Entwurf", D)
    module_in(session, "In Prüfung", R)
    module_in(session, "Leer", D, summary="", provider_text="")
    module_in(session, "Öffentlich", P)
    module_in(session, "Vorbei", A)
    found = bulk.preview(session, people.curator, ALL, BulkInput(step="publish"))
    assert outcomes(found) == {
        "Entwurf": "changed", "In Prüfung": "changed", "Leer": "blocked", "Öffentlich": "unchanged", "Vorbei": "blocked",
    }  # fmt: skip
    empty = modules.get(session, people.curator, "leer")
    assert reasons(found)["Leer"] == [str(text) for text in workflow.missing(empty).values()]
    # what is missing may come with the same change
    factories.make_provider(session, "Akademie Nord")
    both = bulk.preview(session, people.curator, ALL, BulkInput(step="publish", provider="akademie-nord"))
    assert [str(text) for text in both.of(Outcome.BLOCKED)[0].reasons] == [
        "Beschreiben Sie das Modul in einem Satz oder nennen Sie Inhalte."
    ]


def test_plans_end_when_what_was_planned_is_done_and_come_back_with_the_undoing(
    session: Session, people: People
) -> None:
    day = date(2027, 1, 1)
    module_in(session, "A", D, publish_on=day, archive_on=date(2028, 1, 1))
    change = done(session, people, BulkInput(step="archive"))
    module = modules.get(session, people.curator, "a")
    assert (module.state, module.publish_on, module.archive_on) == (A, None, None)
    bulk.undo(session, people.curator, change)
    module = modules.get(session, people.curator, "a")
    assert (module.state, module.publish_on, module.archive_on) == (D, day, date(2028, 1, 1))


def test_only_modules_in_review_get_a_reviewer(session: Session, people: People) -> None:
    module_in(session, "A", R)
    module_in(session, "B", D)
    given = BulkInput(reviewer=str(people.admin_user.id))
    assert outcomes(bulk.preview(session, people.curator, ALL, given)) == {"A": "changed", "B": "blocked"}
    change = done(session, people, given)
    assert modules.get(session, people.curator, "a").reviewer_id == people.admin_user.id
    made = session.scalars(select(ModuleVersion.changed).where(ModuleVersion.action == bulk.CHANGED)).all()
    assert made == [["reviewer"]]
    bulk.undo(session, people.curator, change)
    assert modules.get(session, people.curator, "a").reviewer_id is None
    done(session, people, replace(given, step="submit"), replace(ALL, slugs=("b",)))
    module = modules.get(session, people.curator, "b")
    assert (module.state, module.reviewer_id) == (R, people.admin_user.id)


def test_what_changed_since_the_preview_is_left_alone_and_named(session: Session, people: People) -> None:
    module_in(session, "A")
    other = module_in(session, "B")
    module_in(session, "C")
    given = BulkInput(status="piloted")
    seen = bulk.preview(session, people.curator, ALL, given).seen()
    other = modules.get(session, people.curator, other.slug)
    modules.update(session, people.curator, other, replace(modules.input_of(other), summary="Neu"), None)
    change = bulk.apply(session, people.curator, given, seen)
    assert (change.count, [entry["title"] for entry in change.skipped]) == (2, ["B"])
    assert modules.get(session, people.curator, "b").offer_status is None
    with pytest.raises(Invalid):
        bulk.apply(session, people.curator, given, seen)


def test_undoing_brings_everything_back_except_what_was_edited_since(session: Session, people: People) -> None:
    cell = factories.make_term(session, Vocabulary.TOPIC, "zelle")
    provider = factories.make_provider(session, "Akademie Nord")
    for title, state in (("A", D), ("B", R), ("C", P)):
        module_in(session, title, state, terms=[cell], offer_status=OfferStatus.IDEA)
    before = {one: module_history.snapshot(modules.get(session, people.curator, one)) for one in "abc"}
    given = BulkInput(term_action="remove", term="topic:zelle", status="-", provider=provider.slug, step="archive")
    change = done(session, people, given)
    assert set(states(session).values()) == {"archived"}
    assert codes(session, "A") == []
    edited = modules.get(session, people.curator, "c")
    modules.update(session, people.curator, edited, replace(modules.input_of(edited), title="C neu"), None)
    bulk.undo(session, people.curator, change)
    assert change.conflicts == ["C neu"]
    for slug in "ab":
        assert module_history.snapshot(modules.get(session, people.curator, slug)) == before[slug]
    assert states(session) == {"A": "draft", "B": "review", "C neu": "archived"}
    with pytest.raises(Conflict):
        bulk.undo(session, people.curator, change)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (BulkInput(), ""),
        (BulkInput(status="unbekannt"), "status"),
        (BulkInput(provider="unbekannt"), "provider"),
        (BulkInput(step="unbekannt"), "step"),
        (BulkInput(reviewer="unbekannt"), "reviewer"),
        (BulkInput(term_action="add", term="sector:auto"), "term"),
        (BulkInput(term_action="unbekannt", term="topic:zelle"), "term_action"),
        (BulkInput(term_action="replace", term="topic:zelle"), "by"),
        (BulkInput(term_action="replace", term="topic:zelle", by="level:basis"), "by"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named_at_its_field(
    session: Session, people: People, given: BulkInput, field: str
) -> None:
    factories.make_term(session, Vocabulary.TOPIC, "zelle")
    factories.make_term(session, Vocabulary.LEVEL, "basis")
    with pytest.raises(Invalid) as refused:
        bulk.preview(session, people.curator, ALL, given)
    assert list(refused.value.fields) == [field]


def test_only_staff_change_many_modules(session: Session, people: People) -> None:
    module_in(session, "A", D)
    given = BulkInput(step="publish")
    seen = bulk.preview(session, people.curator, ALL, given).seen()
    change = BulkChange()
    for actor in (people.visitor, people.member, people.company_admin):
        for work in (
            lambda a: bulk.preview(session, a, ALL, given),
            lambda a: bulk.apply(session, a, given, seen),
            lambda a: bulk.undo(session, a, change),
            lambda a: bulk.latest(session, a),
        ):
            with pytest.raises(NotAllowed):
                work(actor)
    assert states(session) == {"A": "draft"}
