"""Sign-ins: started, resumed, timed out, ended."""

from datetime import timedelta

import time_machine

from catalogue.db import Session, utcnow
from catalogue.models import NetworkRole
from catalogue.services import sessions
from catalogue.settings import Settings
from tests.conftest import People


def test_a_sign_in_can_be_resumed_by_its_token_only(session: Session, settings: Settings, people: People) -> None:
    token = sessions.start(session, settings, session.merge(people.member_user))
    found = sessions.resume(session, settings, token)
    assert found is not None
    assert found.user.email == "alice@muster.example"
    assert sessions.resume(session, settings, token + "x") is None


def test_a_sign_in_ends_after_idle_hours(session: Session, settings: Settings, people: People) -> None:
    token = sessions.start(session, settings, session.merge(people.member_user))
    with time_machine.travel(utcnow() + timedelta(hours=settings.session_idle_hours, minutes=1)):
        assert sessions.resume(session, settings, token) is None


def test_a_sign_in_in_use_ends_after_days_for_members_and_after_hours_for_staff(
    session: Session, settings: Settings, people: People
) -> None:
    for user, lasts in ((people.member_user, timedelta(days=14)), (people.curator_user, timedelta(hours=12))):
        start = utcnow()
        token = sessions.start(session, settings, session.merge(user))
        for step in range(1, 49):
            with time_machine.travel(start + lasts * step / 48 - timedelta(minutes=1)):
                found = sessions.resume(session, settings, token)
                assert found is not None
                sessions.touch(session, found.id)
        with time_machine.travel(start + lasts + timedelta(minutes=1)):
            assert sessions.resume(session, settings, token) is None
            assert sessions.listed(session, sessions.actor_of(user), settings) == []


def test_a_sign_in_whose_rights_changed_gets_another_token(
    session: Session, settings: Settings, people: People
) -> None:
    user = session.merge(people.member_user)
    token = sessions.start(session, settings, user)
    found = sessions.resume(session, settings, token)
    assert found is not None
    assert not sessions.has_other_rights(found)
    user.network_role = NetworkRole.CURATOR
    assert sessions.has_other_rights(found)
    renewed = sessions.renew(session, found.id)
    assert renewed is not None
    assert sessions.resume(session, settings, token) is None
    again = sessions.resume(session, settings, renewed)
    assert again is not None
    assert not sessions.has_other_rights(again)
