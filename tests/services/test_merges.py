"""Two modules that are one offer: everything said about either counts for the one that stays, and all of it comes back."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.db import Base, Database, Session, utcnow
from catalogue.models import (
    AuditEvent,
    Confidentiality,
    Confirmation,
    Decision,
    DecisionKind,
    Demand,
    DemandEvent,
    Feedback,
    FeedbackKind,
    Measure,
    MeasureModule,
    MeasurePrerequisite,
    Module,
    ModuleLock,
    ModuleMerge,
    Relevance,
    Run,
    Source,
    SourceItem,
    SourceKind,
    Vocabulary,
    Wish,
    WorkflowState,
)  # fmt: skip
from catalogue.services import bookmarks, demand, merges, module_history, module_listing, modules, pending, reports
from catalogue.services.demand import DemandInput
from catalogue.services.errors import Conflict, Moved, NotAllowed, NotFound, Stale
from catalogue.services.import_matching import Matcher
from catalogue.services.merge_rows import HANDLED
from catalogue.services.merges import Versions
from catalogue.services.module_input import input_of
from catalogue.services.module_listing import ListingQuery
from catalogue.services.report_query import ReportQuery
from tests import factories
from tests.conftest import People

LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)
GROWS = {"module_version", "demand_event", "audit_event", "index_queue", "module_merge"}  # only ever added to
COUNTERS = {"version"}


@pytest.fixture
def pair(session: Session) -> tuple[Module, Module]:
    kept = factories.make_module(session, "Hochvolt Grundlagen", summary="Kurz.", code="HV-1", runs=[])
    merged = factories.make_module(
        session, "HV-Grundlagen", slug="hv-alt", summary="Länger.", place_text="Jena", code="HV1", runs=[]
    )
    for module in (kept, merged):
        modules.lock(session, module, None)
    return kept, merged


def merge(session: Session, people: People, kept: Module, merged: Module, **choices: str) -> ModuleMerge:
    read = Versions(kept.version, merged.version)
    made = merges.merge(session, people.curator, kept, merged, read, choices)
    for module in (kept, merged):
        modules.lock(session, module, None)
    return made


def live_demand(session: Session, module: Module) -> list[Demand]:
    return list(session.scalars(sa.select(Demand).where(Demand.module_id == module.id, Demand.withdrawn_at.is_(None))))


def test_every_column_that_refers_to_a_module_is_handled() -> None:
    referring = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "module"
        or (key.column.table.name, key.column.name) == ("measure_module", "module_id")
    }
    assert referring == set(HANDLED), "decide in merge_rows.py what a merge does with it, and extend `furnish` below"


def test_the_chosen_words_hold_and_empty_fields_are_filled(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    merged.contents, kept.contents = ["Messen", "Schalten"], ["Messen"]
    session.flush()
    merge(session, people, kept, merged, summary="merged", contents="both", code="merged")
    assert (kept.title, kept.summary, kept.place_text) == ("Hochvolt Grundlagen", "Länger.", "Jena")
    assert (kept.contents, kept.code, merged.code) == (["Messen", "Schalten"], "HV1", None)
    assert merged.state == WorkflowState.ARCHIVED
    actions = [module_history.versions(session, people.curator, module)[0].action for module in pair]
    assert actions == ["merged", "merged_away"]
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "module.merged")).one()
    assert (event.thing_id, event.details) == (str(merged.id), {"into": kept.slug})


def test_the_old_address_leads_to_the_module_that_stays(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    last = factories.make_module(session, "Hochvolt kompakt", runs=[])
    modules.lock(session, last, None)
    merge(session, people, kept, merged)
    merge(session, people, last, kept)
    with pytest.raises(Moved) as moved:
        modules.get(session, people.visitor, merged.slug)
    assert moved.value.slug == last.slug
    listed = module_listing.listing(session, people.curator, ListingQuery()).modules
    assert listed == [last]
    assert Matcher.of(session).by_slug[merged.slug] == last.id


def test_both_modules_are_only_merged_as_they_were_looked_at_and_by_staff(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    with pytest.raises(Stale):
        merges.merge(session, people.curator, kept, merged, Versions(kept.version, merged.version + 1), {})
    with pytest.raises(NotAllowed):
        merges.merge(session, people.company_admin, kept, merged, Versions(kept.version, merged.version), {})
    kept.state = WorkflowState.DRAFT
    session.flush()
    with pytest.raises(Conflict, match="weiter"):
        merge(session, people, kept, merged)


def test_two_waiting_versions_are_decided_first_and_one_moves(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    wanted = replace(input_of(merged), description="Neu.")
    pending.save(session, people.curator, merged, wanted, pending.Read(merged.version))
    pending.save(session, people.curator, kept, replace(input_of(kept), dqr=4), pending.Read(kept.version))
    with pytest.raises(Conflict, match="Neben beiden"):
        merge(session, people, kept, merged)
    waiting = pending.find(session, kept)
    assert waiting
    pending.discard(session, people.curator, kept, pending.Read(kept.version, waiting.version))
    merge(session, people, kept, merged)
    moved = pending.find(session, kept)
    assert moved
    assert [one.field for one in pending.compared(kept, moved).changes] == ["description"]


def test_a_company_that_spoke_about_both_is_heard_once_with_all_it_said(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    older = DemandInput(relevance=Relevance.MUST, people=6, note="ab Mai", confidentiality=Confidentiality.NETWORK)
    newer = DemandInput(people=8, confidentiality=Confidentiality.MEMBERS)
    first = demand.mark(session, people.member, merged, older)
    first.updated_at = LONG_AGO
    demand.mark(session, people.member, kept, newer)
    demand.mark(session, people.stranger, merged, DemandInput(people=2))
    merge(session, people, kept, merged)
    assert live_demand(session, merged) == []
    said = demand.find(session, people.member, kept)
    assert said
    assert (said.relevance, said.people, said.note) == (Relevance.MUST, 8, "ab Mai")
    assert said.confidentiality == Confidentiality.NETWORK
    other = demand.find(session, people.stranger, kept)
    assert other
    assert other.people == 2
    assert [event.action for event in demand.history(session, people.member, kept)] == [
        "merged", "merged", "marked", "marked",
    ]  # fmt: skip


def test_a_merge_does_not_make_old_words_new(session: Session, people: People, pair: tuple[Module, Module]) -> None:
    kept, merged = pair
    old = demand.mark(session, people.member, merged, DemandInput(people=3))
    session.execute(sa.update(Demand.__table__).values(updated_at=LONG_AGO))  # type: ignore[arg-type]
    session.expire_all()
    merge(session, people, kept, merged)
    assert (old.module_id, old.updated_at, old.updated_by_id) == (kept.id, LONG_AGO, people.member.user_id)


def test_reports_as_of_a_day_before_the_merge_count_both_modules_as_they_were(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    demand.mark(session, people.member, merged, DemandInput(people=5))
    demand.mark(session, people.member, kept, DemandInput(people=3))
    demand.mark(session, people.stranger, merged, DemandInput(people=2))
    session.execute(sa.update(DemandEvent).values(at=LONG_AGO))
    merge(session, people, kept, merged)

    def counted(day: date | None) -> dict[str, int]:
        report = reports.interest(session, people.curator, ReportQuery(as_of=day))
        return {row.key: row.people for row in report.rows}

    assert counted(LONG_AGO.date()) == {merged.slug: 7, kept.slug: 3}
    assert counted(None) == counted(utcnow().date() + timedelta(days=1)) == {kept.slug: 5}


def test_a_person_who_kept_both_sees_the_one_that_stays(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    for module in pair:
        bookmarks.add(session, people.member, module)
    merge(session, people, *pair)
    assert [mark.module_id for mark in bookmarks.listed(session, people.member)] == [pair[0].id]


def test_undoing_leaves_what_was_changed_since_and_goes_backwards(
    session: Session, people: People, pair: tuple[Module, Module]
) -> None:
    kept, merged = pair
    third = factories.make_module(session, "Drittes", runs=[])
    modules.lock(session, third, None)
    first = merge(session, people, kept, merged, summary="merged")
    modules.update(session, people.curator, kept, replace(input_of(kept), place_text="Erfurt"), kept.version)
    second = merge(session, people, kept, third)
    with pytest.raises(Conflict, match="Drittes"):
        merges.undo(session, people.curator, first.id)
    merges.undo(session, people.curator, second.id)
    merges.undo(session, people.curator, first.id)
    modules.lock(session, kept, None)
    assert (kept.summary, kept.place_text) == ("Kurz.", "Erfurt")
    assert modules.get(session, people.visitor, merged.slug) == merged
    with pytest.raises(Conflict, match="schon"):
        merges.undo(session, people.curator, first.id)
    with pytest.raises(NotFound):
        merges.undo(session, people.curator, uuid.uuid4())


# --- merging and undoing is the identity

WORDS = st.sampled_from(["", "Kurz.", "Lang."])
SAID = st.none() | st.builds(
    DemandInput,
    relevance=st.sampled_from(Relevance),
    people=st.sampled_from([None, 3, 9]),
    note=WORDS,
    confidentiality=st.sampled_from(Confidentiality),
)


@st.composite
def furnished(draw: st.DrawFn) -> dict[str, Any]:
    """What the two modules say and what is said about each of them."""
    flags = st.tuples(st.booleans(), st.booleans())
    return {
        "summary": draw(st.tuples(WORDS, WORDS)),
        "terms": draw(st.tuples(st.sets(st.sampled_from("ab")), st.sets(st.sampled_from("ab")))),
        "said": draw(st.tuples(SAID, SAID)), "other": draw(st.tuples(SAID, SAID)), "withdrawn": draw(flags),
        "bookmark": draw(flags), "measure": draw(flags), "lock": draw(flags), "rows": draw(flags),
        "pending": draw(st.sampled_from([(False, False), (True, False), (False, True)])),
        "state": draw(st.sampled_from([WorkflowState.PUBLISHED, WorkflowState.DRAFT])),
        "choices": draw(st.dictionaries(st.sampled_from(["summary", "code", "terms.topic", "title"]),
                                        st.sampled_from(["kept", "merged", "both"]))),
    }  # fmt: skip


def furnish(session: Session, people: People, what: dict[str, Any]) -> tuple[Module, Module]:
    """Write the rows of every table that refers to a module."""
    terms = {code: factories.make_term(session, Vocabulary.TOPIC, f"t{code}{uuid.uuid4().hex[:6]}") for code in "ab"}
    measure = Measure(slug=uuid.uuid4().hex, title="M", sort_title="m")
    session.add(measure)
    third = factories.make_module(session, "Danach", slug=uuid.uuid4().hex)
    session.add(MeasureModule(measure=measure, module=third, position=9))
    source = Source(name=uuid.uuid4().hex, url="https://a.example/liste", kind=list(SourceKind)[0])
    session.add(source)
    session.flush()
    made = []
    for n in (0, 1):
        name = uuid.uuid4().hex
        module = factories.make_module(
            session, f"Modul {n}", slug=name, code=name[:9], summary=what["summary"][n], published_at=LONG_AGO,
            terms=[terms[code] for code in sorted(what["terms"][n])], runs=[], publish_on=None,
        )  # fmt: skip
        modules.lock(session, module, None)
        made.append(module)
        for actor, said in ((people.member, what["said"][n]), (people.stranger, what["other"][n])):
            if said:
                demand.mark(session, actor, module, said)
        if what["withdrawn"][n] and what["said"][n]:
            demand.withdraw(session, people.member, module)
        if what["pending"][n]:
            pending.save(session, people.curator, module, replace(input_of(module), dqr=3), pending.Read(None))
        if what["bookmark"][n]:
            bookmarks.add(session, people.member, module)
        if what["measure"][n]:
            session.add(MeasureModule(measure=measure, module=module, position=n, required=bool(n), choice="A"))
        if what["lock"][n]:
            session.add(ModuleLock(module_id=module.id, field="summary"))
        if what["rows"][n]:
            session.add(Run(module_id=module.id, starts_on=date(2027, 1, 5)))
            session.add(
                Feedback(module_id=module.id, company_id=people.company.id, kind=FeedbackKind.QUESTION, text="?")
            )
            session.add(SourceItem(source_id=source.id, key=name, module_id=module.id))
            session.add(Wish(title="W", module_id=module.id))
            decided = {"kind": DecisionKind.WATCH, "decided_on": date(2026, 3, 1)}
            session.add(Decision(module_id=module.id, **decided))
            session.add(Confirmation(module_id=module.id, token_hash=name, email="a@b.example", expires_at=utcnow()))
    made[1].state = what["state"]
    if what["state"] == WorkflowState.DRAFT:
        made[1].publish_on, made[1].reviewer_id = date(2027, 2, 1), people.curator_user.id
    session.flush()
    if all(what["measure"]):
        session.add(MeasurePrerequisite(measure_id=measure.id, module_id=made[1].id, before_id=made[0].id))
    session.flush()
    return made[0], made[1]


def everything(session: Session) -> dict[str, set[str]]:
    """Return all rows of all tables as text, without what counts edits of the modules and measures."""
    session.flush()
    found = {}
    for table in Base.metadata.tables.values():
        left_out = COUNTERS | ({"updated_at"} if table.name == "module" else set())
        columns = [column for column in table.c if column.name not in left_out]
        found[table.name] = {repr(tuple(row)) for row in session.execute(sa.select(*columns))}
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(what=furnished())
def test_merging_and_undoing_is_the_identity_over_all_tables(
    database: Database, people: People, what: dict[str, Any]
) -> None:
    if not database.is_sqlite:
        pytest.skip("once is enough")
    with database.session(write=True) as session:
        kept, merged = furnish(session, people, what)
        before = everything(session)
        made = merges.merge(
            session, people.curator, kept, merged, Versions(kept.version, merged.version), what["choices"]
        )
        moving = (Run, Feedback, Wish, Confirmation, MeasureModule, SourceItem)
        assert not any(session.scalars(sa.select(kind).where(kind.module_id == merged.id)).first() for kind in moving)
        assert live_demand(session, merged) == []
        merges.undo(session, people.curator, made.id)
        after = everything(session)
        assert {name for name in before if not before[name] <= after[name]} == set()
        assert {name for name in before if name not in GROWS and before[name] != after[name]} == set()
        session.rollback()
