"""The table of permissions: who belongs to which group, and nobody to more. Golden by hand; pages are held by the route matrix."""

import uuid
from types import SimpleNamespace

import pytest

from catalogue.models import CompanyRole, NetworkRole
from catalogue.services.errors import NotAllowed
from catalogue.services.permissions import SYSTEM, TABLE, VISITOR, Actor, Own, Who, can, require

OURS, THEIRS = uuid.uuid4(), uuid.uuid4()
PERSON = Actor(user_id=uuid.uuid4(), label="Paula")
MEMBER = Actor(user_id=uuid.uuid4(), company_id=OURS, company_role=CompanyRole.MEMBER)
CHIEF = Actor(user_id=uuid.uuid4(), company_id=OURS, company_role=CompanyRole.ADMIN)
CURATOR = Actor(user_id=uuid.uuid4(), network_role=NetworkRole.CURATOR)
ADMIN = Actor(user_id=uuid.uuid4(), network_role=NetworkRole.ADMIN)
EVERYBODY = {"visitor": VISITOR, "person": PERSON, "member": MEMBER, "chief": CHIEF, "curator": CURATOR, "admin": ADMIN}
SIGNED_IN = {"person", "member", "chief", "curator", "admin"}
# who may do what one group may do, with a thing of the own company
GROUPS = {
    Who.ANYBODY: {"visitor", *SIGNED_IN},
    Who.SIGNED_IN: SIGNED_IN,
    Who.MEMBER: {"member", "chief"},
    Who.OWN_MEMBER: {"member", "chief"},
    Who.OWN_ADMIN: {"chief"},
    Who.CURATOR: {"curator", "admin"},
    Who.NETWORK_ADMIN: {"admin"},
    Who.OPERATOR: set(),
}
OWN = {Who.OWN_MEMBER, Who.OWN_ADMIN}


def allowed(who: Who, thing: object, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setitem(TABLE, "test.verb", frozenset({who}))
    return {name for name, actor in EVERYBODY.items() if can(actor, "test.verb", thing)}


@pytest.mark.parametrize("who", list(GROUPS))
def test_each_group_is_who_it_says(who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    assert allowed(who, Own(OURS), monkeypatch) == GROUPS[who]
    assert allowed(who, SimpleNamespace(company_id=OURS), monkeypatch) == GROUPS[who]


@pytest.mark.parametrize("who", list(GROUPS))
@pytest.mark.parametrize(
    "thing", [Own(THEIRS), Own(None), None, SimpleNamespace()], ids=["theirs", "nobody's", "none", "else"]
)
def test_things_of_others_are_nobodys(who: Who, thing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert allowed(who, thing, monkeypatch) == (set() if who in OWN else GROUPS[who])


def test_several_groups_add_up_and_an_empty_row_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "test.verb", frozenset({Who.OWN_ADMIN, Who.CURATOR}))
    assert {name for name, actor in EVERYBODY.items() if can(actor, "test.verb", Own(OURS))} == {
        "chief",
        "curator",
        "admin",
    }
    monkeypatch.setitem(TABLE, "test.verb", frozenset())
    assert not any(can(actor, "test.verb", Own(OURS)) for actor in EVERYBODY.values())
    assert can(SYSTEM, "test.verb"), "the command line and the worker are not asked"


def test_unknown_verbs_are_refused_even_to_the_system() -> None:
    for actor in (VISITOR, ADMIN, SYSTEM):
        with pytest.raises(KeyError):
            can(actor, "gibt.es.nicht")


def test_requiring_says_no_in_a_sentence() -> None:
    require(ADMIN, "user.administer")
    require(VISITOR, "catalogue.search")
    with pytest.raises(NotAllowed, match="Berechtigung"):
        require(CURATOR, "user.administer")
    with pytest.raises(NotAllowed):
        require(CHIEF, "company.invite", Own(THEIRS))
    require(CHIEF, "company.invite", Own(OURS))


def test_the_system_and_visitors_are_who_they_are() -> None:
    assert (VISITOR.signed_in, VISITOR.is_member, VISITOR.is_staff, VISITOR.is_system) == (False, False, False, False)
    assert (SYSTEM.is_system, SYSTEM.label, SYSTEM.signed_in) == (True, "System", False)
    assert (MEMBER.signed_in, MEMBER.is_member, MEMBER.is_staff) == (True, True, False)
    assert (ADMIN.signed_in, ADMIN.is_member, ADMIN.is_staff) == (True, False, True)


def test_nobody_but_staff_reads_or_changes_what_companies_want_of_each_other() -> None:
    staff = {Who.CURATOR, Who.NETWORK_ADMIN}
    for verb in (
        "demand.see_others",
        "demand.on_behalf",
        "report.see",
        "report.freeze",
        "report.share",
        "run.ask",
        "cooperation.plan",
    ):
        assert TABLE[verb] <= staff, verb
    for verb in ("user.administer", "audit.see", "outbox.see", "company.create", "catalogue.load"):
        assert TABLE[verb] == {Who.NETWORK_ADMIN}, verb
    for verb in (
        "demand.see",
        "demand.edit",
        "wish.write",
        "feedback.see",
        "run.commit",
        "cooperation.write",
        "company.see_people",
    ):
        assert TABLE[verb] == {Who.OWN_MEMBER, Who.CURATOR}, verb
