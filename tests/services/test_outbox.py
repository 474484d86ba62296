"""Mails wait in the outbox, one line per header, never twice for one cause."""

import pytest
from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import OutboxMail
from catalogue.services import outbox
from catalogue.services.errors import NotAllowed
from tests.conftest import People


def test_a_mail_with_a_key_is_stored_once(session: Session) -> None:
    assert outbox.send(session, "a@b.example", "Betreff", "Text", "wish:1") is not None
    assert outbox.send(session, "a@b.example", "Betreff", "Text", "wish:1") is None
    assert outbox.waiting(session) == 1


def test_line_breaks_in_names_do_not_make_new_headers(session: Session) -> None:
    outbox.send(session, "a@b.example", "Wunsch von Eva\r\nBcc: alle@b.example", "Text")
    mail = session.scalars(select(OutboxMail)).one()
    assert mail.subject == "Wunsch von Eva Bcc: alle@b.example"


def test_network_admins_see_retry_and_discard_mails(session: Session, people: People) -> None:
    mail = outbox.send(session, "a@b.example", "Betreff", "Text")
    assert mail is not None
    mail.failed_at = utcnow()
    assert outbox.find(session, people.admin).failed == 1
    outbox.retry(session, people.admin, mail.id)
    assert (outbox.failed(session), outbox.waiting(session)) == (0, 1)
    outbox.discard(session, people.admin, mail.id)
    assert outbox.find(session, people.admin).mails == ()


@pytest.mark.parametrize("who", ["visitor", "member", "company_admin", "curator"])
def test_nobody_else_reads_mails(session: Session, people: People, who: str) -> None:
    with pytest.raises(NotAllowed):
        outbox.find(session, getattr(people, who))


@pytest.mark.parametrize("page", [-3, 0, 7])
def test_a_page_that_does_not_exist_is_the_nearest_one(session: Session, people: People, page: int) -> None:
    outbox.send(session, "a@b.example", "Betreff", "Text")
    box = outbox.find(session, people.admin, page)
    assert (box.page, len(box.mails)) == (1, 1)
