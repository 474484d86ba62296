"""Draft, review, published, archived: each step by each role and from each state."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import AuditEvent, Demand, Module, ModuleVersion, WorkflowState
from catalogue.services import workflow
from catalogue.services.errors import Conflict, Invalid, NotAllowed, Stale
from tests import factories
from tests.conftest import People

D, R, P, A = WorkflowState
POSSIBLE = {
    (D, "submit"): R, (D, "publish"): P, (D, "archive"): A,
    (R, "publish"): P, (R, "withdraw"): D, (R, "archive"): A,
    (P, "withdraw"): D, (P, "archive"): A,
    (A, "reopen"): D,
}  # fmt: skip
ROLES = ["visitor", "member", "company_admin", "stranger", "curator", "admin"]


def module_in(session: Session, state: WorkflowState, **values: Any) -> Module:
    return factories.make_module(
        session, state=state, runs=[], **{"summary": "Satz", "provider_text": "SLV", "as_of": date(2026, 1, 1)} | values
    )


@pytest.mark.parametrize("state", list(WorkflowState))
@pytest.mark.parametrize("name", list(workflow.STEPS))
def test_each_step_leads_where_it_should_or_is_refused(
    session: Session, people: People, state: WorkflowState, name: str
) -> None:
    module = module_in(session, state)
    target = POSSIBLE.get((state, name))
    if target is None:
        with pytest.raises(Conflict):
            workflow.step(session, people.curator, module, name)
        assert module.state == state
    else:
        workflow.step(session, people.curator, module, name)
        assert module.state == target
    assert (name in [step.name for step in workflow.steps(people.curator, module_in(session, state))]) == bool(target)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", list(workflow.STEPS))
def test_each_step_is_for_staff_only(session: Session, people: People, role: str, name: str) -> None:
    actor = getattr(people, role)
    module = module_in(session, workflow.STEPS[name].sources[0])
    if role in ("curator", "admin"):
        workflow.step(session, actor, module, name)
        return
    with pytest.raises(NotAllowed):
        workflow.step(session, actor, module, name)
    assert workflow.steps(actor, module) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"summary": ""}, "summary"),
        ({"provider_text": ""}, "provider"),
        ({"as_of": None}, "source_url"),
    ],
)
def test_publishing_says_what_is_missing(session: Session, people: People, values: dict[str, Any], field: str) -> None:
    module = module_in(session, D, **values)
    with pytest.raises(Invalid) as refused:
        workflow.publish(session, people.curator, module)
    assert list(refused.value.fields) == [field]
    assert (module.state, module.published_at) == (D, None)


def test_contents_or_a_source_serve_as_well(session: Session, people: People) -> None:
    module = module_in(session, D, summary="", contents=["Zelle"], as_of=None, source_url="https://a.example")
    assert workflow.publish(session, people.curator, module).is_public


def test_a_stale_page_cannot_publish(session: Session, people: People) -> None:
    module = module_in(session, D)
    with pytest.raises(Stale):
        workflow.publish(session, people.curator, module, module.version + 1)


def test_each_step_leaves_a_version_and_publishing_and_archiving_an_audit_event(
    session: Session, people: People
) -> None:
    module = module_in(session, D)
    for name in ("submit", "publish", "archive", "reopen"):
        workflow.step(session, people.curator, module, name)
    made = session.scalars(select(ModuleVersion).order_by(ModuleVersion.number)).all()
    assert [(version.number, version.action) for version in made] == [
        (1, "submit"), (2, "publish"), (3, "archive"), (4, "reopen"),
    ]  # fmt: skip
    assert made[2].changed == ["state"]
    events = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert events == ["module.publish", "module.archive", "module.reopen"]


def test_archiving_keeps_what_companies_said(session: Session, people: People) -> None:
    module = module_in(session, P)
    session.add(Demand(company_id=people.company.id, module_id=module.id, people=6))
    session.flush()
    workflow.archive(session, people.curator, module)
    assert session.scalars(select(Demand.people)).all() == [6]
