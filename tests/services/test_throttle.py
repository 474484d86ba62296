"""Limits of guessing: counted in the database, fair to those who do not guess."""

from datetime import timedelta

import pytest
import time_machine

from catalogue.db import Database, Session, utcnow
from catalogue.services import throttle
from catalogue.services.errors import TooMany
from catalogue.services.throttle import Limit, sign_in_limits

FIVE = Limit("test", "somebody", 5, timedelta(minutes=5))


def use_up(session: Session, limit: Limit) -> None:
    for _ in range(limit.tries):
        throttle.reserve(session, [limit])


def tries_until_refused(session: Session, *tried: tuple[str, str]) -> int:
    """How many of these pairs of account and address may try to sign in before one is refused."""
    for number, (email, address) in enumerate(tried):
        try:
            throttle.reserve(session, sign_in_limits(email, address))
        except TooMany:
            return number
    return len(tried)


def test_the_try_after_the_last_allowed_one_is_refused_and_says_how_long_to_wait(session: Session) -> None:
    use_up(session, FIVE)
    with pytest.raises(TooMany) as refused:
        throttle.reserve(session, [FIVE])
    assert 290 <= refused.value.seconds <= 300


def test_another_try_is_allowed_when_the_window_has_moved_on(session: Session) -> None:
    use_up(session, FIVE)
    with time_machine.travel(utcnow() + timedelta(minutes=5, seconds=1)):
        throttle.reserve(session, [FIVE])


def test_a_success_is_not_counted(session: Session) -> None:
    for _ in range(20):
        throttle.forgive(session, throttle.reserve(session, [FIVE]))


def test_counts_hold_across_processes_and_restarts(database: Database) -> None:
    with database.write() as session:
        use_up(session, FIVE)
    restarted = Database(database.engine.url.render_as_string(hide_password=False))
    with restarted.session(write=True) as other, pytest.raises(TooMany):
        throttle.reserve(other, [FIVE])
    restarted.dispose()


def test_guessing_from_one_address_does_not_lock_the_owner_out_elsewhere(session: Session) -> None:
    assert tries_until_refused(session, *[("alice@muster.example", "198.51.100.7")] * 12) == 10
    throttle.reserve(session, sign_in_limits("alice@muster.example", "203.0.113.9"))
    throttle.reserve(session, sign_in_limits("bob@muster.example", "198.51.100.7"))


def test_one_address_cannot_try_hundreds_of_accounts(session: Session) -> None:
    assert tries_until_refused(session, *((f"person{n}@muster.example", "198.51.100.7") for n in range(120))) == 100


def test_one_account_cannot_be_tried_from_hundreds_of_addresses(session: Session) -> None:
    assert tries_until_refused(session, *(("alice@muster.example", f"198.51.100.{n}") for n in range(60))) == 50


def test_addresses_of_one_ipv6_network_count_together() -> None:
    assert throttle.network_of("2001:db8:1:2::77") == throttle.network_of("2001:db8:1:2:9:9:9:9")
    assert throttle.network_of("198.51.100.7") == "198.51.100.7"


def test_who_tried_cannot_be_read_from_the_table() -> None:
    assert "alice" not in Limit("user", "alice@muster.example", 1, timedelta(1)).key
    assert len(Limit("reset-address", "x" * 300, 1, timedelta(1)).key) <= 100


def test_old_tries_are_deleted(session: Session) -> None:
    use_up(session, FIVE)
    assert throttle.prune(session) == 0
    with time_machine.travel(utcnow() + timedelta(days=2)):
        assert throttle.prune(session) == FIVE.tries
