"""What companies offer and seek: entries, undo, who sees them, matches by a score that explains itself, introductions."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    AuditEvent,
    Company,
    Confidentiality,
    CooperationDirection,
    CooperationEntry,
    CooperationKind,
    DemandSource,
    Introduction,
    OutboxMail,
    Term,
    Vocabulary,
)
from catalogue.services import cooperation, introductions
from catalogue.services import cooperation_matches as matches
from catalogue.services.cooperation import EntryInput
from catalogue.services.demand_rules import OnBehalf
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import ON_SQLITE, People

OFFERS, SEEKS = CooperationDirection
ROOM = EntryInput(OFFERS, CooperationKind.ROOM, "Raum mit Beamer", confidentiality=Confidentiality.MEMBERS)


@pytest.fixture
def terms(session: Session) -> dict[str, Term]:
    return {
        code: factories.make_term(session, vocabulary, code)
        for vocabulary, code in [
            (Vocabulary.TOPIC, "sicherheit"), (Vocabulary.TOPIC, "recht"), (Vocabulary.REGION, "thueringen"),
            (Vocabulary.REGION, "sachsen"), (Vocabulary.REGION, "online"),
        ]
    }  # fmt: skip


# entries


def test_an_entry_is_written_changed_withdrawn_and_each_of_it_undone(
    session: Session, people: People, terms: dict[str, Term]
) -> None:
    given = replace(ROOM, topic="sicherheit", region="sachsen", period="2027-Q1", place=" Jena ", text=" Ein Raum ")
    entry = cooperation.add(session, people.member, given)
    assert (entry.text, entry.place, entry.topic, entry.period) == ("Ein Raum", "Jena", terms["sicherheit"], "2027-Q1")
    assert cooperation.add(session, people.member, given) is entry
    cooperation.update(session, people.member, entry, replace(given, topic="", capacity="12", version=entry.version))
    assert (entry.topic, entry.capacity) == (None, "12")
    cooperation.undo(session, people.member, entry, entry.version)
    assert (entry.topic, entry.capacity) == (terms["sicherheit"], "")
    cooperation.undo(session, people.member, entry)
    assert entry.capacity == "12"
    cooperation.withdraw(session, people.member, entry)
    assert cooperation.own_list(session, people.member) == []
    with pytest.raises(Conflict):
        cooperation.update(session, people.member, entry, given)
    cooperation.undo(session, people.member, entry)
    assert cooperation.own_list(session, people.member) == [entry]


def test_undoing_the_first_word_withdraws_it(session: Session, people: People) -> None:
    entry = cooperation.add(session, people.member, ROOM)
    with pytest.raises(Conflict):
        cooperation.undo(session, people.member, entry, entry.version + 1)
    assert cooperation.undo(session, people.member, entry).withdrawn_at is not None
    assert cooperation.undo(session, people.member, entry).withdrawn_at is None


def test_a_stale_change_is_refused(session: Session, people: People) -> None:
    entry = cooperation.add(session, people.member, ROOM)
    cooperation.update(session, people.company_admin, entry, replace(ROOM, capacity="12", version=1))
    with pytest.raises(Stale):
        cooperation.update(session, people.member, entry, replace(ROOM, capacity="14", version=1))


@ON_SQLITE
@pytest.mark.parametrize(
    ("field", "value"),
    [("text", " "), ("text", "x" * 4001), ("place", "x" * 201), ("capacity", "x" * 201), ("contact", "x" * 201), ("period", "bald"),
     ("topic", "quatsch"), ("region", "quatsch")],
)  # fmt: skip
def test_wrong_values_are_named(session: Session, people: People, field: str, value: str) -> None:
    given: Any = {field: value}
    with pytest.raises(Invalid) as refused:
        cooperation.add(session, people.member, replace(ROOM, **given))
    assert set(refused.value.fields) == {field}


def test_staff_enter_it_on_behalf_with_source_and_day(session: Session, people: People) -> None:
    told = OnBehalf(people.company.slug, DemandSource.CALL, date(2026, 11, 2))
    entry = cooperation.add(session, people.curator, ROOM, told)
    assert (entry.company_id, entry.source, entry.source_date) == (
        people.company.id,
        DemandSource.CALL,
        told.source_date,
    )
    for wrong in (replace(told, company="gibt-es-nicht"), replace(told, source_date=None), replace(told, source=DemandSource.SELF),
                  replace(told, source_date=utcnow().date() + timedelta(2))):  # fmt: skip
        with pytest.raises(Invalid):
            cooperation.add(session, people.curator, ROOM, wrong)
    with pytest.raises(NotAllowed):
        cooperation.add(session, people.stranger, ROOM, told)
    with pytest.raises(Invalid):
        cooperation.add(session, people.curator, ROOM)
    assert cooperation.own_list(session, people.member) == [entry]
    cooperation.update(session, people.member, entry, replace(ROOM, capacity="9", version=entry.version))
    assert entry.source == DemandSource.SELF


@pytest.mark.parametrize(
    ("kind", "seen"),
    [(Confidentiality.NETWORK, False), (Confidentiality.ANONYMOUS, False), (Confidentiality.MEMBERS, True)],
)
def test_others_see_only_what_is_for_members(
    session: Session, people: People, kind: Confidentiality, seen: bool
) -> None:
    entry = cooperation.add(session, people.member, replace(ROOM, confidentiality=kind))
    assert cooperation.of_others(session, people.member) == []
    assert cooperation.of_others(session, people.stranger) == ([entry] if seen else [])
    assert cooperation.all_active(session, people.curator) == [entry]
    with pytest.raises(NotFound):
        cooperation.get(session, people.stranger, entry.id)
    for actor in (VISITOR, people.curator):
        with pytest.raises(NotAllowed):
            cooperation.of_others(session, actor)
    with pytest.raises(NotAllowed):
        cooperation.all_active(session, people.member)
    company = session.get_one(Company, people.company.id)
    company.active = False
    session.flush()
    assert cooperation.of_others(session, people.stranger) == cooperation.all_active(session, people.curator) == []


# matches: golden examples by hand


def entry_of(company: Company, direction: CooperationDirection, **values: Any) -> CooperationEntry:
    values.setdefault("kind", CooperationKind.ROOM)
    values.setdefault("period", "")
    return CooperationEntry(
        id=uuid.uuid4(), company=company, company_id=company.id, direction=direction, text="x", **values
    )


@ON_SQLITE
@pytest.mark.parametrize(
    ("offer", "need", "points", "reasons"),
    [
        # topic and region the same: 2 + 2
        (("sicherheit", "sachsen", ""), ("sicherheit", "sachsen", ""), 4, "gleiches Thema, gleiche Region"),
        # an offer for every topic: 1 + 2
        (("", "sachsen", ""), ("sicherheit", "sachsen", ""), 3, "für jedes Thema, gleiche Region"),
        # online is anywhere: 2 + 1
        (("recht", "online", ""), ("recht", "thueringen", ""), 3, "gleiches Thema, Region offen"),
        (("recht", "sachsen", ""), ("recht", "thueringen", ""), 2, "gleiches Thema, andere Region"),
        (("", "", ""), ("", "", ""), 2, "für jedes Thema, Region offen"),
        (("recht", "", ""), ("sicherheit", "", ""), 1, "anderes Thema, Region offen"),
        (("recht", "sachsen", ""), ("sicherheit", "thueringen", ""), 0, "anderes Thema, andere Region"),
        # periods: a quarter lies in its year; two quarters do not meet, which costs a point
        (("recht", "sachsen", "2027"), ("recht", "sachsen", "2027-Q3"), 4, "gleiches Thema, gleiche Region"),
        (("recht", "sachsen", "2027-Q1"), ("recht", "sachsen", "2027-Q3"), 3, "gleiches Thema, gleiche Region, anderer Zeitraum"),
        (("recht", "sachsen", "2027-H1"), ("sicherheit", "thueringen", "2028"), 0, "anderes Thema, andere Region, anderer Zeitraum"),
    ],
)  # fmt: skip
def test_the_score_explains_itself(
    session: Session, terms: dict[str, Term], offer: Any, need: Any, points: int, reasons: str
) -> None:
    one, other = factories.make_company(session), factories.make_company(session)
    made = [
        entry_of(company, direction, topic=terms.get(topic), region=terms.get(region), period=period)
        for company, direction, (topic, region, period) in ((one, OFFERS, offer), (other, SEEKS, need))
    ]
    found = matches.score(*made)
    assert (found.points, ", ".join(found.reasons)) == (points, reasons)
    session.expunge_all()


@ON_SQLITE
def test_only_the_same_kind_of_another_company_matches_best_first(session: Session, terms: dict[str, Term]) -> None:
    anna, berg, cell = (factories.make_company(session, name) for name in ("Anna", "Berg", "Cell"))
    safety = terms["sicherheit"]
    need = entry_of(anna, SEEKS, topic=safety)
    own, near, far = entry_of(anna, OFFERS, topic=safety), entry_of(berg, OFFERS), entry_of(cell, OFFERS, topic=safety)
    lab = entry_of(cell, OFFERS, kind=CooperationKind.LABORATORY)
    lonely = entry_of(berg, SEEKS, kind=CooperationKind.PRACTICE)
    found = matches.match([lonely, need, own, near, far, lab])
    assert [(pair.offer, pair.points) for pair in found.needs[0].matches] == [(far, 3), (near, 2)]
    assert [one.need for one in found.unmatched] == [lonely]
    assert set(found.unused) == {own, lab}
    table = matches.matches_table(found)
    assert [(row["need"], row.get("offer"), row.get("points")) for row in table.rows] == [
        ("Anna", "Cell", 3), ("Anna", "Berg", 2), ("Berg", None, None),
    ]  # fmt: skip
    assert [row["matches"] for row in matches.entries_table([need, far, lab], found).rows] == [2, 1, 0]
    session.expunge_all()


# introductions


def pair(
    session: Session, people: People, offer: Confidentiality, need: Confidentiality
) -> tuple[CooperationEntry, CooperationEntry]:
    said = replace(ROOM, contact="Alice, Telefon 1", confidentiality=offer)
    wanted = replace(ROOM, direction=SEEKS, text="Wir brauchen einen Raum", confidentiality=need)
    return cooperation.add(session, people.member, said), cooperation.add(session, people.stranger, wanted)


def mails(session: Session) -> dict[str, str]:
    return {mail.to: mail.text for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.created_at))}


def test_who_is_visible_for_members_is_introduced_at_once(session: Session, people: People) -> None:
    offer, need = pair(session, people, Confidentiality.MEMBERS, Confidentiality.MEMBERS)
    made = introductions.introduce(session, people.curator, offer, need)
    assert made.introduced_at is not None
    assert introductions.introduce(session, people.curator, offer, need) is made
    told = mails(session)
    assert len(session.scalars(select(OutboxMail)).all()) == 2
    assert "Beispiel GmbH sucht: Räume\nWir brauchen einen Raum" in told["alice@muster.example"]
    assert "Muster AG bietet: Räume\nRaum mit Beamer\nAnsprechperson: Alice, Telefon 1" in told["bob@beispiel.example"]
    assert [entry for _, entry in introductions.introduced_to(session, people.member)] == [need]


@pytest.mark.parametrize("kind", [Confidentiality.NETWORK, Confidentiality.ANONYMOUS])
def test_everybody_else_is_asked_first_and_learns_nothing_of_the_other(
    session: Session, people: People, kind: Confidentiality
) -> None:
    offer, need = pair(session, people, Confidentiality.MEMBERS, kind)
    made = introductions.introduce(session, people.curator, offer, need)
    assert made.introduced_at is None
    told = mails(session)
    assert set(told) == {"bob@beispiel.example"}
    assert "Muster AG" not in told["bob@beispiel.example"]
    assert introductions.questions(session, people.member) == introductions.introduced_to(session, people.member) == []
    assert [entry for _, entry in introductions.questions(session, people.stranger)] == [need]
    with pytest.raises(NotAllowed):
        introductions.answer(session, people.member, made, need, True)
    introductions.answer(session, people.stranger, made, need, True)
    assert made.introduced_at is not None
    assert "Beispiel GmbH" in mails(session)["alice@muster.example"]
    with pytest.raises(Conflict):
        introductions.answer(session, people.stranger, made, need, False)


def test_a_no_ends_it_and_the_other_never_hears_of_it(session: Session, people: People) -> None:
    offer, need = pair(session, people, Confidentiality.NETWORK, Confidentiality.NETWORK)
    made = introductions.introduce(session, people.curator, offer, need)
    introductions.answer(session, people.member, made, offer, True)
    introductions.answer(session, people.curator, made, need, False)  # said by telephone
    assert (made.introduced_at, introductions.waiting_for(made)) == (None, [])
    for text in mails(session).values():
        assert ("Muster AG" in text) != ("Beispiel GmbH" in text)
    with pytest.raises(Conflict):
        introductions.answer(session, people.member, made, offer, True)


def test_who_changes_their_mind_about_being_named_is_asked(session: Session, people: People) -> None:
    offer, need = pair(session, people, Confidentiality.MEMBERS, Confidentiality.NETWORK)
    made = introductions.introduce(session, people.curator, offer, need)
    cooperation.update(session, people.member, offer, replace(ROOM, confidentiality=Confidentiality.NETWORK))
    introductions.answer(session, people.stranger, made, need, True)
    assert made.introduced_at is None
    assert introductions.waiting_for(made) == [offer]
    cooperation.withdraw(session, people.member, offer)
    assert introductions.waiting_for(made) == introductions.questions(session, people.member) == []


def test_only_pairs_that_fit_are_introduced_and_only_by_staff(session: Session, people: People) -> None:
    offer, need = pair(session, people, Confidentiality.MEMBERS, Confidentiality.MEMBERS)
    other = cooperation.add(session, people.stranger, replace(ROOM, direction=SEEKS, kind=CooperationKind.TRAINER))
    own = cooperation.add(session, people.member, replace(ROOM, direction=SEEKS))
    for wrong in ((need, offer), (offer, other), (offer, own)):
        with pytest.raises(Conflict):
            introductions.introduce(session, people.curator, *wrong)
    with pytest.raises(NotAllowed):
        introductions.introduce(session, people.member, offer, need)
    with pytest.raises(NotAllowed):
        introductions.listed(session, people.member)
    made = introductions.introduce(session, people.curator, offer, need)
    assert introductions.get(session, people.curator, made.id) == (made, None)
    for actor, introduction_id in ((VISITOR, made.id), (people.curator, uuid.uuid4())):
        with pytest.raises(NotFound):
            introductions.get(session, actor, introduction_id)


def test_what_a_company_said_goes_with_it(database: Database, people: People) -> None:
    with database.write() as session:
        offer, need = pair(session, people, Confidentiality.NETWORK, Confidentiality.NETWORK)
        introductions.introduce(session, people.curator, offer, need)
    with database.write() as session:
        session.execute(CooperationEntry.__table__.delete().where(CooperationEntry.id == offer.id))
    with database.read() as session:
        assert session.scalars(select(Introduction)).all() == []
        assert session.scalars(select(CooperationEntry.id)).all() == [need.id]
        events = session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("cooperation.%"))).all()
        assert sorted(events) == ["cooperation.added", "cooperation.added", "cooperation.introduced"]


def test_a_company_that_is_not_active_any_more_is_not_named(session: Session, people: People) -> None:
    offer, need = pair(session, people, Confidentiality.MEMBERS, Confidentiality.NETWORK)
    made = introductions.introduce(session, people.curator, offer, need)
    session.get_one(Company, people.company.id).active = False
    session.flush()
    assert introductions.questions(session, people.stranger) == []
    assert introductions.waiting_for(made) == []
    introductions.answer(session, people.stranger, made, need, True)
    assert made.introduced_at is None
    assert "Muster AG" not in mails(session)["bob@beispiel.example"]
    with pytest.raises(Conflict):
        introductions.introduce(session, people.curator, offer, need)


def test_after_an_introduction_nobody_reads_what_was_written_later_for_the_office_only(
    session: Session, people: People
) -> None:
    offer, need = pair(session, people, Confidentiality.NETWORK, Confidentiality.MEMBERS)
    made = introductions.introduce(session, people.curator, offer, need)
    introductions.answer(session, people.member, made, offer, True)
    assert introductions.shows(made, offer)
    later = replace(ROOM, text="Nur für Sie: ab Mai leer", confidentiality=Confidentiality.NETWORK)
    with time_machine.travel(utcnow() + timedelta(hours=1)):
        cooperation.update(session, people.member, offer, later)
    assert not introductions.shows(made, offer)
    cooperation.update(session, people.member, offer, replace(later, confidentiality=Confidentiality.MEMBERS))
    assert introductions.shows(made, offer)
