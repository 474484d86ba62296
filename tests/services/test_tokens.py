"""API tokens: made once, used until revoked."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import ApiToken, AuditEvent, TokenScope
from catalogue.services import tokens, users
from catalogue.services.errors import Invalid, NotAllowed, NotFound
from catalogue.settings import Settings
from tests.conftest import People


def test_a_token_stands_for_its_maker(session: Session, people: People) -> None:
    token = tokens.create(session, people.member, "Auswertung")
    found = tokens.resume(session, token)
    assert found is not None
    assert found.user.email == "alice@muster.example"
    assert token not in session.scalars(select(ApiToken.token_hash)).all()
    assert tokens.resume(session, token[:-1]) is None


def test_a_token_ends_when_revoked_expired_or_its_owner_is_locked(session: Session, people: People) -> None:
    revoked, expiring, kept = (tokens.create(session, people.member, name, 30) for name in ("a", "b", "c"))
    tokens.revoke(session, people.member, next(t.id for t in tokens.listed(session, people.member) if t.name == "a"))
    assert tokens.resume(session, revoked) is None
    with time_machine.travel(utcnow() + timedelta(days=31)):
        assert tokens.resume(session, expiring) is None
        assert tokens.listed(session, people.member) == []
    users.deactivate(session, people.admin, users.get(session, people.admin, people.member_user.id))
    assert tokens.resume(session, kept) is None
    users.activate(session, people.admin, users.get(session, people.admin, people.member_user.id))
    assert tokens.resume(session, kept) is None


def test_nobody_revokes_or_makes_tokens_of_others(session: Session, people: People) -> None:
    tokens.create(session, people.member, "meins")
    mine = tokens.listed(session, people.member)[0]
    for actor in (people.stranger, people.admin):
        with pytest.raises(NotFound):
            tokens.revoke(session, actor, mine.id)
        with pytest.raises(NotFound):
            tokens.create_for(session, actor, session.merge(people.member_user), "fremd")
    with pytest.raises(NotAllowed):
        tokens.create(session, people.visitor, "keins")


@pytest.mark.parametrize("days", [0, -1, 100_000])
def test_days_out_of_range_are_refused(session: Session, people: People, days: int) -> None:
    with pytest.raises(Invalid):
        tokens.create(session, people.member, "x", days)


def test_there_is_an_end_to_the_number_of_tokens(session: Session, people: People) -> None:
    for number in range(tokens.MOST):
        tokens.create(session, people.member, str(number))
    with pytest.raises(Invalid):
        tokens.create(session, people.member, "zu viel")


def test_a_token_goes_as_far_as_its_scope(session: Session, people: People, settings: Settings) -> None:
    made = {scope: tokens.create(session, people.curator, "x", scope=scope) for scope in TokenScope}
    found = {scope: tokens.resume(session, token) for scope, token in made.items()}
    acting = {scope: tokens.actor_of(settings, one) for scope, one in found.items() if one}
    assert [acting[scope].is_staff for scope in TokenScope] == [False, True, True]
    assert not acting[TokenScope.CATALOGUE].signed_in
    reached = {
        scope: [wanted for wanted in TokenScope if not tokens.lacking(acting[scope], wanted)] for scope in acting
    }
    assert reached == {
        TokenScope.CATALOGUE: [TokenScope.CATALOGUE],
        TokenScope.READ: [TokenScope.CATALOGUE, TokenScope.READ],
        TokenScope.WRITE: list(TokenScope),
    }
    assert tokens.lacking(people.curator, TokenScope.WRITE) == ""
    recorded = session.scalars(select(AuditEvent).where(AuditEvent.action == "token.created")).all()
    assert sorted(event.details["scope"] for event in recorded) == ["catalogue", "read", "write"]


def test_without_a_scope_it_is_the_least(session: Session, people: People) -> None:
    tokens.create(session, people.member, "x")
    assert tokens.listed(session, people.member)[0].scope == TokenScope.CATALOGUE


def test_a_token_is_no_way_around_a_second_factor(session: Session, people: People, settings: Settings) -> None:
    strict = replace(settings, second_factor="staff")
    token = tokens.create(session, people.curator, "x", scope=TokenScope.WRITE)
    found = tokens.resume(session, token)
    assert found
    limited = tokens.actor_of(strict, found)
    assert (limited.is_staff, limited.signed_in, limited.scope) == (False, False, TokenScope.CATALOGUE)
    assert "zweiten Faktor" in tokens.lacking(limited, TokenScope.READ)
    found.user.second_factor_at = utcnow()
    assert tokens.actor_of(strict, found).is_staff
