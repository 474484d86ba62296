"""What members, outsiders and providers can read of others' interest: pages, files, API, mails, order (requirements 41 to 46)."""

import csv
import io
import random
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from catalogue.db import Database, Session
from catalogue.models import (
    AuditEvent,
    Confidentiality,
    Module,
    OutboxMail,
    Relevance,
    Term,
    Vocabulary,
    Wish,
    WishSupport,
)
from catalogue.services import confirmations, demand
from catalogue.services.demand import DemandInput
from catalogue.settings import Settings
from tests import factories
from tests.browsing import sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE
NETWORK, ANONYMOUS, MEMBERS = Confidentiality
SHOWN = re.compile(r"≥ ([\d.]+)|mindestens (?:<b>)?([\d.]+) (?:weitere )?(?:Unternehmen|Personen)")
BOUNDS = re.compile(
    "mindestens 5 andere Unternehmen|in Summen von mindestens 5 Unternehmen"
)  # sentences that explain the limit


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


def text(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def wanted(
    session: Session, title: str, anonymous: int, named: int = 0, people: int | None = 4, **kinds: int
) -> Module:
    """A published module of a topic and a level, wanted by so many new companies."""
    terms = [
        _term(session, Vocabulary.TOPIC, kinds.get("topic", 0)),
        _term(session, Vocabulary.LEVEL, kinds.get("level", 0)),
    ]
    module = factories.make_module(session, title, terms=terms)
    for number, confidentiality in ((anonymous, ANONYMOUS), (named, MEMBERS), (2, NETWORK)):
        for _ in range(number):
            company = factories.make_company(session)
            factories.make_demand(session, company, module, people=people, confidentiality=confidentiality)
    session.commit()
    return module


def _term(session: Session, vocabulary: Vocabulary, number: int) -> Term:
    code = f"{vocabulary.value}-{number}"
    found = session.scalar(select(Term).where(Term.vocabulary == vocabulary, Term.code == code))
    return found or factories.make_term(session, vocabulary, code)


def figures_in(page: str) -> list[int]:
    """Every figure about others that a page shows."""
    main = page[page.index("<main") : page.index("</main>")]
    return [int((one or two).replace(".", "")) for one, two in SHOWN.findall(main)]


def cells(content: bytes) -> list[str]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    return [cell for row in rows[1:] for cell in row if cell.isdigit()]


# 41: no figure of fewer than five companies, on no page, in no file, in no answer


@pytest.mark.parametrize("seed", [1, 2])
def test_random_networks_show_only_fives_everywhere(session: Session, member: FlaskClient, seed: int) -> None:
    chance = random.Random(seed)
    made = [
        wanted(
            session,
            "",
            chance.randrange(9),
            chance.choice([0, 0, 3, 6]),
            chance.randrange(1, 60),
            topic=n % 3,
            level=n % 2,
        )
        for n in range(8)
    ]
    shown = figures_in(text(member, "/interest"))
    shown += [
        int(one) for what in ("topics", "modules") for one in cells(member.get(f"/interest/export/{what}.csv").data)
    ]
    for module in made:
        interest = member.get(f"/api/v1/modules/{module.slug}").get_json()["interest"]
        known = [] if "suppressed" in interest else [number for number in interest.values() if number]
        assert figures_in(BOUNDS.sub("", text(member, f"/modules/{module.slug}"))) == known
        shown += known
    assert shown
    assert all(number >= 5 and number % 5 == 0 for number in shown)


def test_supporters_of_a_wish_follow_the_same_rule(session: Session, member: FlaskClient) -> None:
    wish = Wish(title="Brandschutz im Lager", confidentiality=ANONYMOUS, company=factories.make_company(session))
    session.add(wish)
    session.commit()
    for number in range(1, 7):
        session.add(WishSupport(wish_id=wish.id, company_id=factories.make_company(session).id))
        session.commit()
        [item] = member.get("/api/v1/wishes").get_json()["items"]
        assert item["supporters"] == (5 if number >= 5 else None)


# 43: order tells nothing that the figures do not


def test_what_is_hidden_comes_in_the_order_of_titles(session: Session, member: FlaskClient) -> None:
    for title, companies in (("Zelle", 4), ("Anode", 0), ("Kathode", 3), ("Separator", 6)):
        wanted(session, title, companies, topic=ord(title[0]))
    page = text(member, "/interest")
    hidden = page[page.index("Noch keine Zahl") :]
    places = [hidden.index(f"Topic-{ord(letter)}") for letter in "AKZ"]
    assert places == sorted(places)
    assert "Separator" in page
    assert "Kathode" not in page  # no figure, not in the list


@pytest.mark.parametrize("sort", ["", "relevance", "newest", "title", "next_run", "duration", "interest", "demand"])
def test_no_order_of_the_search_depends_on_interest(session: Session, member: FlaskClient, sort: str) -> None:
    for title in ("Anode", "Kathode", "Zelle"):
        wanted(session, title, 0)

    def order() -> list[str]:
        found = member.get(f"/api/v1/modules?sort={sort}").get_json()
        return [item["title"] for item in found.get("items", [])]

    session.commit()
    order()  # before the index is there the database answers
    before = order()
    last = session.scalars(select(Module).where(Module.title == "Zelle")).one()
    for _ in range(9):
        factories.make_demand(session, factories.make_company(session), last, confidentiality=MEMBERS)
    session.commit()
    assert order() == before


# 44: whoever of the staff looks at what companies said leaves a trace


def test_every_planning_page_leaves_a_trace(
    app: Flask, database: Database, session: Session, client: FlaskClient, people: People
) -> None:
    wanted(session, "Gefragt", 3)
    sign_in(client, people.curator_user)
    silent = [path for path in planning_pages(app) if not traces(database, client, path)]
    assert silent == []


# pages without a word of companies: the office's own work, forms for something new, choosing reports
SILENT = ("/planning/decisions", "/planning/actions", "/planning/reports", "/planning/reports/compare")


def planning_pages(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("planning.") and not rule.arguments]
    return [
        rule.rule
        for rule in rules
        if "GET" in (rule.methods or ()) and not (rule.rule in SILENT or rule.rule.endswith("/new"))
    ]


def traces(database: Database, client: FlaskClient, path: str) -> bool:
    def count() -> int:
        with database.session() as session:
            return session.scalar(select(func.count()).select_from(AuditEvent)) or 0

    before = count()
    return client.get(path).status_code != 200 or count() > before


# 45: providers who confirm a module learn nothing of who wants it


def test_the_link_of_a_provider_shows_neither_names_nor_figures(
    session: Session, settings: Settings, client: FlaskClient, people: People
) -> None:
    module = wanted(session, "Gefragt", 7, named=6, people=97)
    module.provider = factories.make_provider(session, "Akademie", contact_email="kurs@akademie.example")
    confirmations.ask(session, settings, people.curator, [module])
    mail = session.scalars(select(OutboxMail).where(OutboxMail.to == "kurs@akademie.example")).one()
    session.commit()
    path = re.search(r"/confirm/\S+", mail.text)
    assert path
    for words in (mail.text, text(client, path[0]), text(client, f"{path[0]}/change")):
        assert "Firma" not in words
        assert not {"97", "≥", "weitere Unternehmen"} & set(words.split())


# 46: nothing becomes more visible by itself


def test_one_click_and_changes_of_other_words_keep_the_choice(session: Session, people: People) -> None:
    module = factories.make_module(session)
    demand.mark(session, people.member, module, DemandInput(confidentiality=NETWORK, relevance=Relevance.NONE))
    demand.mark_relevant(session, people.member, module)
    said = demand.set_people(session, people.member, module, 7)
    assert said.confidentiality == NETWORK
    demand.mark(session, people.member, module, DemandInput(confidentiality=MEMBERS))
    demand.withdraw(session, people.member, module)
    assert demand.mark_relevant(session, people.member, module).confidentiality == NETWORK


def test_the_choice_at_the_mark_says_who_sees_what(session: Session, member: FlaskClient) -> None:
    page = text(member, f"/modules/{wanted(session, 'Gefragt', 0).slug}")
    assert "Wer sieht das?" in page
    for words in ("nur Netzwerkbüro", "anonym in Summen", "für Mitglieder sichtbar", "Niemand sonst", "/who-sees-what"):
        assert words in page
    explained = text(member, "/who-sees-what")
    assert "Interesse im Netzwerk" in explained
    assert "mindestens 5" in explained
