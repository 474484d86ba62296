"""Merkliste: own, private, without doubles."""

import pytest

from catalogue.db import Session, utcnow
from catalogue.models import WorkflowState
from catalogue.services import bookmarks
from catalogue.services.errors import NotAllowed
from tests import factories
from tests.conftest import People


def test_keeping_twice_keeps_once_and_removing_twice_is_no_error(session: Session, people: People) -> None:
    module = factories.make_module(session, "Lagerung")
    for _ in range(2):
        bookmarks.add(session, people.member, module)
    assert [one.module.title for one in bookmarks.listed(session, people.member)] == ["Lagerung"]
    for _ in range(2):
        bookmarks.remove(session, people.member, module)
    assert bookmarks.listed(session, people.member) == []


def test_everybody_has_a_list_of_their_own(session: Session, people: People) -> None:
    module = factories.make_module(session, "Lagerung")
    bookmarks.add(session, people.member, module)
    assert bookmarks.own(session, people.member, [module.id]) == {module.id}
    for other in (people.company_admin, people.stranger, people.curator, people.admin, people.visitor):
        assert bookmarks.own(session, other, [module.id]) == frozenset()


def test_archived_modules_stay_and_drafts_disappear(session: Session, people: People) -> None:
    old = factories.make_module(session, "Alt", state=WorkflowState.ARCHIVED, published_at=utcnow())
    draft = factories.make_module(session, "Neu", state=WorkflowState.DRAFT)
    for module in (old, draft):
        bookmarks.add(session, people.curator, module)
    assert [one.module.title for one in bookmarks.listed(session, people.curator)] == ["Alt"]


def test_visitors_cannot_keep(session: Session, people: People) -> None:
    module = factories.make_module(session, "Lagerung")
    with pytest.raises(NotAllowed):
        bookmarks.add(session, people.visitor, module)
    with pytest.raises(NotAllowed):
        bookmarks.listed(session, people.visitor)
