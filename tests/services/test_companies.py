"""Companies and their people."""

import dataclasses

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import AuditEvent, Company, CompanyRole, SizeClass, Vocabulary
from catalogue.services import companies, sessions, users
from catalogue.services import people as staff
from catalogue.services.companies import CompanyInput, CompanyQuery
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People


def names(session: Session, people: People, text: str = "", sort: str = "name") -> list[str]:
    return [one.name for one in companies.find(session, people.curator, CompanyQuery(text, sort=sort)).companies]


def test_companies_are_listed_in_german_order_and_found_without_umlauts(session: Session, people: People) -> None:
    for name in ("Zeta AG", "Ärztewerk", "Apfel GmbH", "Öltechnik"):
        companies.create(session, people.admin, CompanyInput(name, place="Jena" if name == "Zeta AG" else ""))
    assert names(session, people) == ["Apfel GmbH", "Ärztewerk", "Beispiel GmbH", "Muster AG", "Öltechnik", "Zeta AG"]
    assert names(session, people, "oltech") == ["Öltechnik"]
    assert names(session, people, "JENA") == ["Zeta AG"]
    assert names(session, people, sort="-name")[0] == "Zeta AG"
    assert len(names(session, people, sort="'; DROP TABLE company")) == 6


def test_sector_and_region_are_terms_and_unknown_codes_name_the_known_ones(session: Session, people: People) -> None:
    factories.make_term(session, Vocabulary.SECTOR, "sensorik")
    factories.make_term(session, Vocabulary.REGION, "jena")
    made = companies.create(session, people.admin, CompanyInput("Neu", "sensorik", "jena", SizeClass.SMALL))
    assert made.sector is not None
    assert companies.values_of(made).sector == "sensorik"
    with pytest.raises(Invalid, match="sensorik"):
        companies.create(session, people.admin, CompanyInput("Neu 2", sector="unbekannt"))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "  "}, {"name": "MUSTER AG"}, {"website": "javascript:alert(1)"}, {"website": "www.firma.de"}, {"website": "https://"},
        {"website": "http://[x"}, {"email_domains": ("firma",)}, {"email_domains": ("a@b.de",)}, {"email_domains": ("*.de",)},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(session: Session, people: People, change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        companies.create(session, people.admin, dataclasses.replace(CompanyInput("Neu"), **change))  # type: ignore[arg-type]


def test_a_stale_change_is_refused_with_both_versions(session: Session, people: People) -> None:
    company = companies.get(session, people.admin, "muster-ag")
    read = company.version
    values = companies.values_of(company)
    companies.update(session, people.admin, company, dataclasses.replace(values, place="Jena"), read)
    with pytest.raises(Stale) as refused:
        companies.update(session, people.admin, company, dataclasses.replace(values, place="Gera"), read)
    assert refused.value.current.place == "Jena"
    assert refused.value.mine.place == "Gera"
    assert "company.changed" in session.scalars(select(AuditEvent.action)).all()


def test_switching_a_company_off_ends_sign_ins_and_rights_at_once(
    session: Session, settings: Settings, people: People
) -> None:
    token = sessions.start(session, settings, session.merge(people.member_user))
    company = companies.get(session, people.admin, "muster-ag")
    off = dataclasses.replace(companies.values_of(company), active=False)
    companies.update(session, people.admin, company, off, company.version)
    assert sessions.resume(session, settings, token) is None
    alice = users.get(session, people.admin, people.member_user.id)
    again = sessions.resume(session, settings, sessions.start(session, settings, alice))
    assert again is not None
    assert sessions.actor_of(again.user).company_id is None


def test_a_company_admin_edits_the_profile_but_cannot_switch_the_company_off(session: Session, people: People) -> None:
    company = companies.get_by_id(session, people.company_admin, people.company.id)
    values = dataclasses.replace(companies.values_of(company), place="Erfurt")
    companies.update(session, people.company_admin, company, values, None)
    with pytest.raises(NotAllowed):
        companies.update(session, people.company_admin, company, dataclasses.replace(values, active=False), None)


@pytest.mark.parametrize("who", ["visitor", "member", "company_admin", "stranger", "curator"])
def test_only_network_admins_create_companies(session: Session, people: People, who: str) -> None:
    with pytest.raises(NotAllowed):
        companies.create(session, getattr(people, who), CompanyInput("Neu"))


def test_slugs_are_unique_and_never_clash_with_a_page(session: Session, people: People) -> None:
    first = companies.create(session, people.admin, CompanyInput("New"))
    second = companies.create(session, people.admin, CompanyInput("New!?x"), "")
    assert first.slug == "new-2"
    assert second.slug != first.slug
    with pytest.raises(Invalid):
        companies.create(session, people.admin, CompanyInput("Anders"), "muster-ag")


# people


def test_roles_change_and_the_record_says_from_what_to_what(session: Session, people: People) -> None:
    member = staff.get(session, people.company_admin, people.member_user.id)
    staff.change_role(session, people.company_admin, member, CompanyRole.ADMIN)
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "role.changed")).one()
    assert event.details == {"role": ["member", "admin"]}
    assert event.company_id == people.company.id


def test_the_last_admin_cannot_leave_a_company_alone_but_the_network_can_do_it(
    session: Session, people: People
) -> None:
    last = staff.get(session, people.company_admin, people.company_admin_user.id)
    with pytest.raises(Conflict):
        staff.change_role(session, people.company_admin, last, CompanyRole.MEMBER)
    with pytest.raises(Conflict):
        staff.remove(session, people.company_admin, last)
    staff.remove(session, people.admin, last)


def test_people_of_another_company_are_not_found(session: Session, people: People) -> None:
    with pytest.raises(NotFound):
        staff.get(session, people.company_admin, people.stranger_user.id)
    with pytest.raises(NotAllowed):
        staff.get(session, people.member, people.company_admin_user.id)


def test_who_is_removed_is_signed_out(session: Session, settings: Settings, people: People) -> None:
    token = sessions.start(session, settings, session.merge(people.member_user))
    staff.remove(session, people.company_admin, staff.get(session, people.company_admin, people.member_user.id))
    assert sessions.resume(session, settings, token) is None


def test_colleagues_see_each_other_and_nobody_else(session: Session, people: People) -> None:
    company = session.get_one(Company, people.company.id)
    assert [m.user.name for m in staff.listed(session, people.member, company)] == ["Alice Muster", "Anton Muster"]
    with pytest.raises(NotAllowed):
        staff.listed(session, people.stranger, company)
