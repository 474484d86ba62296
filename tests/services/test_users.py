"""All accounts, as network admins look after them."""

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import AuditEvent, NetworkRole, OutboxMail
from catalogue.services import sessions, users
from catalogue.services.errors import Conflict, NotAllowed
from catalogue.services.permissions import SYSTEM
from catalogue.services.users import UserQuery
from catalogue.settings import Settings
from tests.conftest import People


def test_people_are_found_by_name_address_and_company(session: Session, people: People) -> None:
    def found(text: str = "", role: str = "") -> list[str]:
        return [user.name for user in users.find(session, people.admin, UserQuery(text, role)).users]

    assert found() == ["Alice Muster", "Anton Muster", "Bob Beispiel", "Clara Netz", "Nora Netz"]
    assert found("beispiel gmbh") == ["Bob Beispiel"]
    assert found("clara@") == ["Clara Netz"]
    assert found(role="admin") == ["Nora Netz"]
    assert found(role="company") == ["Alice Muster", "Anton Muster", "Bob Beispiel"]


def test_the_last_network_admin_stays(session: Session, people: People) -> None:
    nora, clara = (users.get(session, people.admin, u.id) for u in (people.admin_user, people.curator_user))
    with pytest.raises(Conflict):
        users.deactivate(session, people.admin, nora)
    with pytest.raises(Conflict):
        users.set_network_role(session, people.admin, nora, None)
    users.set_network_role(session, people.admin, clara, NetworkRole.ADMIN)
    users.set_network_role(session, people.admin, nora, None)
    assert sessions.actor_of(nora).network_role is None


def test_a_locked_admin_does_not_count_as_an_admin(session: Session, people: People) -> None:
    nora, clara = (users.get(session, people.admin, u.id) for u in (people.admin_user, people.curator_user))
    users.set_network_role(session, people.admin, clara, NetworkRole.ADMIN)
    users.deactivate(session, people.admin, clara)
    with pytest.raises(Conflict):
        users.deactivate(session, people.admin, nora)


def test_locking_an_account_ends_its_sign_ins(session: Session, settings: Settings, people: People) -> None:
    token = sessions.start(session, settings, session.merge(people.member_user))
    users.deactivate(session, people.admin, users.get(session, people.admin, people.member_user.id))
    assert sessions.resume(session, settings, token) is None
    assert session.scalars(select(AuditEvent.action)).all() == ["user.deactivated"]


def test_a_network_admin_sends_a_link_but_never_sets_a_password(
    session: Session, settings: Settings, people: People
) -> None:
    alice = users.get(session, people.admin, people.member_user.id)
    before = alice.password_hash
    users.send_link(session, settings, people.admin, alice)
    assert alice.password_hash == before
    assert session.scalars(select(OutboxMail.to)).all() == ["alice@muster.example"]


@pytest.mark.parametrize("who", ["visitor", "member", "company_admin", "curator"])
def test_others_administer_nobody(session: Session, settings: Settings, people: People, who: str) -> None:
    actor, alice = getattr(people, who), session.merge(people.member_user)
    for forbidden in (
        lambda: users.find(session, actor, UserQuery()),
        lambda: users.deactivate(session, actor, alice),
        lambda: users.set_network_role(session, actor, alice, NetworkRole.ADMIN),
        lambda: users.send_link(session, settings, actor, alice),
        lambda: users.add(session, actor, "x@y.example"),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_adding_an_account_twice_changes_the_first(session: Session, people: People) -> None:
    company = session.merge(people.company)
    first = users.add(session, SYSTEM, "Neu@Muster.example", company=company)
    again = users.add(session, SYSTEM, "neu@muster.example", name="Nina", network_role=NetworkRole.CURATOR)
    assert first.id == again.id
    assert (again.name, again.network_role) == ("Nina", NetworkRole.CURATOR)
    assert first.membership is not None


def test_umlauts_in_a_domain_are_kept_in_their_ascii_form() -> None:
    assert users.check_email(" Info@Müller.DE ") == "info@xn--mller-kva.de"
