"""The SWOT: golden counts, what it was on a past day, and what of it members may read."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from catalogue.db import Session, utcnow
from catalogue.models import (
    Company,
    Feedback,
    FeedbackAction,
    FeedbackKind,
    FeedbackState,
    FeedbackStep,
    FeedbackVisibility,
    Module,
    SwotScope,
    Vocabulary,
)
from catalogue.services import swot, swot_subjects, swot_texts
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.exports import BERLIN
from catalogue.services.permissions import VISITOR
from catalogue.services.swot import SwotQuery
from catalogue.services.swot_subjects import WHOLE, Subject
from catalogue.services.swot_texts import TextInput
from tests import factories
from tests.conftest import People

KINDS, SEES = FeedbackKind, FeedbackVisibility
NOON = datetime(2026, 6, 15, 12, tzinfo=BERLIN)


def say(session: Session, company: Company, kind: FeedbackKind, text: str, module: Module | None = None,
        visibility: FeedbackVisibility = SEES.MEMBERS, at: datetime = NOON) -> Feedback:  # fmt: skip
    given = Feedback(
        company_id=company.id, kind=kind, text=text, module_id=module.id if module else None, visibility=visibility, created_at=at
    )  # fmt: skip
    session.add(given)
    session.flush()
    return given


def step(session: Session, given: Feedback, state: FeedbackState, at: datetime) -> None:
    session.add(FeedbackStep(feedback_id=given.id, action=FeedbackAction(state.value), at=at))
    given.state = state
    session.flush()


class Offer:
    """Two modules (the first below a topic's child and of a provider), and what three companies said about them.

    strength: A twice about one, B about two                → 3 remarks, 2 companies
    weakness: A about one (office only)                     → 1 remark, 1 company
    question: C about the whole (provider), done on 10 July → 1 remark, 1 company
    together: 5 remarks, 3 companies; about the first module: 3 remarks of 1 company
    """

    def __init__(self, session: Session) -> None:
        above = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        below = factories.make_term(session, Vocabulary.TOPIC, "brand", "Brandschutz", parent_id=above.id)
        provider = factories.make_provider(session, "Akademie")
        self.one = factories.make_module(session, "Eins", terms=[below], provider_id=provider.id)
        self.two = factories.make_module(session, "Zwei")
        self.a, self.b, self.c = (factories.make_company(session, name) for name in ("A AG", "B AG", "C AG"))
        say(session, self.a, KINDS.STRENGTH, "gut", self.one, at=NOON - timedelta(days=30))
        say(session, self.a, KINDS.STRENGTH, "sehr gut", self.one)
        say(session, self.b, KINDS.STRENGTH, "auch gut", self.two)
        say(session, self.a, KINDS.WEAKNESS, "zu kurz", self.one, SEES.NETWORK)
        self.asked = say(session, self.c, KINDS.QUESTION, "wann?", None, SEES.PROVIDER)
        step(session, self.asked, FeedbackState.SEEN, NOON + timedelta(days=5))
        step(session, self.asked, FeedbackState.DONE, NOON + timedelta(days=25))


@pytest.fixture
def offer(session: Session) -> Offer:
    return Offer(session)


def counts(board: swot.Board) -> dict[str, tuple[int, int | None]]:
    return {field.kind.value: (field.remarks, field.companies) for field in board.fields if field.remarks}


def test_golden_counts_of_the_whole_a_module_a_topic_and_a_provider(
    session: Session, people: People, offer: Offer
) -> None:
    whole = swot.board(session, people.curator, WHOLE, SwotQuery())
    assert counts(whole) == {"strength": (3, 2), "weakness": (1, 1), "question": (1, 1)}
    assert (whole.remarks, whole.companies) == (5, 3)
    for about in ("module:eins", "topic:sicherheit", "topic:brand", "provider:akademie"):
        subject = swot_subjects.find(session, people.curator, about)
        board = swot.board(session, people.curator, subject, SwotQuery())
        assert counts(board) == {"strength": (2, 1), "weakness": (1, 1)}, about
    quoted = whole.fields[0].quotes
    assert {said.feedback.text for said in quoted} == {"gut", "sehr gut", "auch gut"}
    assert {said.feedback.company.name for said in quoted} == {"A AG", "B AG"}


def test_filters_by_state_and_day_and_the_state_of_a_past_day(session: Session, people: People, offer: Offer) -> None:
    def asked(**values: object) -> dict[str, tuple[int, int | None]]:
        return counts(swot.board(session, people.curator, WHOLE, SwotQuery(**values)))  # type: ignore[arg-type]

    assert asked(states=(FeedbackState.DONE,)) == {"question": (1, 1)}
    assert asked(states=(FeedbackState.DONE,), as_of=date(2026, 7, 9)) == {}
    assert asked(states=(FeedbackState.SEEN,), as_of=date(2026, 7, 9)) == {"question": (1, 1)}
    assert asked(states=(FeedbackState.NEW,), as_of=date(2026, 6, 15)) == {
        "strength": (3, 2), "weakness": (1, 1), "question": (1, 1)
    }  # fmt: skip
    assert asked(as_of=date(2026, 6, 14)) == {"strength": (1, 1)}
    assert asked(since=date(2026, 6, 15)) == {"strength": (2, 2), "weakness": (1, 1), "question": (1, 1)}


def test_more_remarks_than_fit_are_counted_and_shown_when_asked_for(
    session: Session, people: People, offer: Offer
) -> None:
    for number in range(9):
        say(session, offer.b, KINDS.THREAT, f"Risiko {number}")
    threat = swot.board(session, people.curator, WHOLE, SwotQuery()).fields[3]
    assert (threat.remarks, len(threat.quotes), threat.more) == (9, 6, 3)
    full = swot.board(session, people.curator, WHOLE, SwotQuery(full=KINDS.THREAT)).fields[3]
    assert (len(full.quotes), full.more) == (9, 0)


def publish(session: Session, people: People, kind: FeedbackKind, subject: Subject = WHOLE) -> None:
    swot_texts.save(session, people.curator, subject, kind, TextInput(f"Text zu {kind.value}", published=True))


def test_members_read_published_fields_and_quotes_meant_for_them_only(
    session: Session, people: People, offer: Offer
) -> None:
    assert swot.for_members(session, people.member, WHOLE, 5) == ()
    publish(session, people, KINDS.STRENGTH)
    publish(session, people, KINDS.WEAKNESS)
    swot_texts.save(session, people.curator, WHOLE, KINDS.QUESTION, TextInput("intern"))
    strength, weakness = swot.for_members(session, people.member, WHOLE, 5)
    assert [said.feedback.text for said in strength.quotes][-1] == "gut"
    assert (len(strength.quotes), strength.companies) == (3, None), "two companies are too few to be counted"
    assert (weakness.quotes, weakness.remarks, weakness.companies) == ((), 0, None)
    assert [one.about for one in swot_subjects.published(session, people.member)] == [""]


def test_companies_are_counted_from_the_limit_on_without_the_own_one(
    session: Session, people: People, offer: Offer
) -> None:
    publish(session, people, KINDS.OPPORTUNITY)
    for number in range(4):
        say(session, factories.make_company(session, f"Firma {number}"), KINDS.OPPORTUNITY, "mehr")
    say(session, people.company, KINDS.OPPORTUNITY, "unser Wunsch")
    say(session, offer.a, KINDS.OPPORTUNITY, "vertraulich", visibility=SEES.NETWORK)
    # open for members: 4 others and the viewer's own → the viewer sees 4 others (too few), a stranger 5
    assert swot.for_members(session, people.member, WHOLE, 5)[0].companies is None
    assert swot.for_members(session, people.stranger, WHOLE, 5)[0].companies == 5


def test_who_may_do_what(session: Session, people: People, offer: Offer) -> None:
    for verb in (
        lambda: swot.board(session, people.member, WHOLE, SwotQuery()),
        lambda: swot.table(session, people.company_admin, WHOLE, SwotQuery()),
        lambda: swot_texts.save(session, people.member, WHOLE, KINDS.THREAT, TextInput("x")),
        lambda: swot_subjects.find(session, VISITOR, ""),
        lambda: swot.for_members(session, VISITOR, WHOLE, 5),
    ):
        with pytest.raises(NotAllowed):
            verb()
    draft = factories.make_module(session, "Entwurf", state="draft")
    assert swot_subjects.find(session, people.curator, f"module:{draft.slug}").label == "Entwurf"
    for about in (f"module:{draft.slug}", "topic:unbekannt", "provider:", "unsinn:x", "module:\u2028"):
        with pytest.raises(NotFound):
            swot_subjects.find(session, people.member, about)


def test_texts_have_versions_and_a_history(session: Session, people: People) -> None:
    save = swot_texts.save
    assert save(session, people.curator, WHOLE, KINDS.THREAT, TextInput("")) is None
    with pytest.raises(Invalid):
        save(session, people.curator, WHOLE, KINDS.THREAT, TextInput(" ", published=True))
    with pytest.raises(Invalid):
        save(session, people.curator, WHOLE, KINDS.THREAT, TextInput("x" * 1201))
    first = save(session, people.curator, WHOLE, KINDS.THREAT, TextInput("Erster"))
    assert first is not None
    with pytest.raises(Stale):
        save(session, people.admin, WHOLE, KINDS.THREAT, TextInput("Auch erster", version=0))
    seen = first.version
    save(session, people.admin, WHOLE, KINDS.THREAT, TextInput("Zweiter", True, seen))
    with pytest.raises(Stale):
        save(session, people.curator, WHOLE, KINDS.THREAT, TextInput("Dritter", True, seen))
    save(session, people.admin, WHOLE, KINDS.THREAT, TextInput("Zweiter", True, first.version))
    told = swot_texts.history(session, people.curator, first)
    assert [(one.text, one.published, one.user_label) for one in told] == [
        ("Zweiter", True, people.admin.label), ("Erster", False, people.curator.label)
    ]  # fmt: skip


def test_the_export_has_all_remarks_field_by_field(session: Session, people: People, offer: Offer) -> None:
    publish(session, people, KINDS.STRENGTH)
    found = swot.table(session, people.curator, WHOLE, SwotQuery())
    assert [row["kind"] for row in found.rows] == [KINDS.STRENGTH] * 3 + [KINDS.WEAKNESS, KINDS.QUESTION]
    assert ("Stärke", "Text zu strength") in found.notes
    assert {row["company"] for row in found.rows} == {"A AG", "B AG", "C AG"}


def test_choices_are_topics_and_what_remarks_speak_of(session: Session, people: People, offer: Offer) -> None:
    found = {scope: [one.about for one in listed] for scope, listed in swot_subjects.choices(session, people.curator)}
    assert found == {
        SwotScope.TOPIC: ["topic:brand", "topic:sicherheit"], SwotScope.PROVIDER: ["provider:akademie"],
        SwotScope.MODULE: ["module:eins", "module:zwei"],
    }  # fmt: skip


def test_many_remarks_take_few_questions_to_the_database(session: Session, people: People, offer: Offer) -> None:
    now = utcnow()
    session.execute(
        sa.insert(Feedback),
        [
            {"id": UUID(int=n), "company_id": offer.b.id, "kind": KINDS.THREAT, "visibility": SEES.NETWORK, "text": "x",
             "state": FeedbackState.NEW, "created_at": now, "updated_at": now, "version": 1}
            for n in range(300)
        ],
    )  # fmt: skip
    asked: list[str] = []
    sa.event.listen(session.bind, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert swot.board(session, people.curator, WHOLE, SwotQuery()).remarks == 305
    assert len(asked) <= 13
