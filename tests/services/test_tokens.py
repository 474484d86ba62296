"""API tokens: made once, used until revoked."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import ApiToken
from catalogue.services import tokens, users
from catalogue.services.errors import Invalid, NotAllowed, NotFound
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
