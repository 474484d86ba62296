"""Sign-ins: started, resumed, timed out, ended."""

from datetime import timedelta

import time_machine

from catalogue.db import Session, utcnow
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
