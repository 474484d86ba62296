"""One of everything, with canaries: words that only the company concerned and network staff may ever see."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from catalogue.db import Session, utcnow
from catalogue.models import (
    Action,
    ApiToken,
    Bookmark,
    BulkChange,
    CompanyCalendar,
    CompanyImport,
    CompanyLink,
    CompanyRole,
    Confidentiality,
    CooperationDirection,
    CooperationEntry,
    CooperationKind,
    Decision,
    DecisionKind,
    Demand,
    DemandEvent,
    DemandImport,
    DemandSource,
    Feedback,
    FeedbackKind,
    FeedbackVisibility,
    Identity,
    ImportRow,
    ImportRun,
    ImportState,
    Introduction,
    Invitation,
    LinkPurpose,
    Measure,
    MeasureModule,
    Module,
    ModuleMerge,
    ModuleVersion,
    NetworkRole,
    OneTimeLink,
    OutboxMail,
    PendingVersion,
    PersonCopy,
    ProgrammeKind,
    Relevance,
    RetreatParticipant,
    RowKind,
    Run,
    RunCommitment,
    SavedSearch,
    SearchGap,
    SizeClass,
    Source,
    SourceKind,
    SourceRun,
    SynonymKind,
    SynonymRule,
    Term,
    User,
    UserSession,
    Vocabulary,
    Wish,
    WishSupport,
    WorkflowState,
)
from catalogue.services import frozen_reports, report_links, retreat_votes
from catalogue.services.bulk_plan import BulkInput
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from catalogue.services.secrets import hash_token
from tests import factories
from tests.retreats import items_of, make_retreat, phones

CANARY = "Kanarienvogel"
COMPANY = f"{CANARY} Firmenname GmbH"
PERSON = f"{CANARY} Personenname"
NOTE = f"{CANARY} Anmerkung"
WISH = f"{CANARY} Wunschtitel"
FEEDBACK = f"{CANARY} Rückmeldung"
STAFF_NOTE = f"{CANARY} Netzwerknotiz"  # that not even the company itself may see
PEOPLE = 4711
BOARD = "board-token"
SYNONYM = UUID("5a0f3b0e-0000-4000-8000-000000000001")
COMMITMENT = UUID("5a0f3b0e-0000-4000-8000-000000000004")
MERGE = UUID("5a0f3b0e-0000-4000-8000-000000000003")
DECISION = UUID("5a0f3b0e-0000-4000-8000-000000000004")
ACTION = UUID("5a0f3b0e-0000-4000-8000-000000000005")
COPY = UUID("5a0f3b0e-0000-4000-8000-000000000006")
CHANGE = UUID("5a0f3b0e-0000-4000-8000-000000000002")


@dataclass(frozen=True)
class World:
    """What the tests need to build addresses and to sign in."""

    people: dict[str, User]
    samples: dict[str, Any]

    def sample(self, endpoint: str, name: str) -> Any:
        """Return a value for the argument *name* of a route; the endpoint's blueprint decides what ``slug`` and ``id`` mean."""
        blueprint, _, view = endpoint.partition(".")
        for key in (f"{endpoint}.{name}", f"{blueprint}.{name}", name):
            if key in self.samples:
                return self.samples[key]
        raise KeyError(f"tests/web/world.py has no sample for {name} of {endpoint} ({view})")


def _people(session: Session) -> tuple[dict[str, User], Any]:
    sector = factories.make_term(session, Vocabulary.SECTOR, "messtechnik", "Messtechnik")
    region = factories.make_term(session, Vocabulary.REGION, "thueringen", "Thüringen")
    company = factories.make_company(
        session,
        COMPANY,
        slug="kanarie",
        sector_id=sector.id,
        region_id=region.id,
        size_class=SizeClass.SMALL,
        note=STAFF_NOTE,
        email_domains=["kanarie.example"],
    )
    other = factories.make_company(session, "Beispiel GmbH", sector_id=sector.id, region_id=region.id)
    gone = factories.make_company(session, "Ausgetreten GmbH", slug="ausgetreten")
    people = {
        "member": factories.make_user(session, "alice@kanarie.example", name=PERSON, company=company),
        "company_admin": factories.make_user(
            session, "anton@kanarie.example", name=f"{PERSON} Anton", company=company, role=CompanyRole.ADMIN
        ),
        "stranger": factories.make_user(session, "bob@beispiel.example", name="Bob Beispiel", company=other),
        "rival": factories.make_user(
            session, "berta@beispiel.example", name="Berta Beispiel", company=other, role=CompanyRole.ADMIN
        ),
        "alone": factories.make_user(session, "otto@nirgends.example", name="Otto Ohne"),
        "left": factories.make_user(
            session, "gerda@ausgetreten.example", name="Gerda Gegangen", company=gone, role=CompanyRole.ADMIN
        ),
        "locked": factories.make_user(session, "lore@beispiel.example", name="Lore Gesperrt", company=other),
        "curator": factories.make_user(
            session, "clara@netz.example", name="Clara Netz", network_role=NetworkRole.CURATOR
        ),
        "admin": factories.make_user(session, "nora@netz.example", name="Nora Netz", network_role=NetworkRole.ADMIN),
    }
    return people, company


def _module(session: Session) -> Module:
    topic = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
    shape = factories.make_term(session, Vocabulary.FORMAT, "praesenz", "Präsenz")
    module = factories.make_module(
        session,
        "Sicherheit und Batterie",
        slug="sicherheit-und-batterie",
        summary="Gefahren erkennen und Batterien sicher lagern.",
        contents=["Gefahren", "Lagerung"],
        provider=factories.make_provider(session, "Akademie Nord"),
        programme=factories.make_programme(session, "BatterieMD", kind=ProgrammeKind.ALLIANCE),
        terms=[topic, shape],
        source_url="https://beispiel.example/kurs",
        as_of=date(2026, 11, 22),
    )
    session.add(PendingVersion(module_id=module.id, base={"title": module.title}, snapshot={"title": "Neu"}))
    for number in (1, 2):
        session.add(
            ModuleVersion(
                module_id=module.id, number=number, action="edited", snapshot={"title": module.title}, changed=["title"]
            )
        )
    return module


def _said(session: Session, people: dict[str, User], company: Any, module: Module) -> dict[str, Any]:
    demand = Demand(
        company_id=company.id,
        module_id=module.id,
        relevance=Relevance.MUST,
        purposes=["training"],
        people=PEOPLE,
        period="2027-Q1",
        note=NOTE,
        confidentiality=Confidentiality.NETWORK,
        source=DemandSource.CALL,
        source_date=date(2026, 11, 2),
        updated_by_id=people["member"].id,
    )
    wish = Wish(
        company_id=company.id,
        user_id=people["member"].id,
        title=WISH,
        text=NOTE,
        confidentiality=Confidentiality.NETWORK,
    )
    feedback = Feedback(
        module_id=module.id,
        company_id=company.id,
        user_id=people["member"].id,
        kind=FeedbackKind.WEAKNESS,
        visibility=FeedbackVisibility.NETWORK,
        text=FEEDBACK,
    )
    session.add_all([demand, wish, feedback])
    session.flush()
    shared: dict[str, Any] = {
        "text": NOTE,
        "contact": PERSON,
        "capacity": f"{PEOPLE} Plätze",
        "kind": CooperationKind.ROOM,
    }
    offer = CooperationEntry(
        company_id=company.id, direction=CooperationDirection.OFFERS, user_id=people["member"].id, **shared
    )
    need = CooperationEntry(
        company=people["stranger"].membership.company,
        direction=CooperationDirection.SEEKS,
        kind=CooperationKind.ROOM,
        text="Raum",
    )
    introduction = Introduction(offer=offer, need=need, user_label="Clara Netz")
    session.add(introduction)
    session.flush()
    snapshot = {
        "relevance": "must", "purposes": ["training"], "people": PEOPLE, "period": "2027-Q1", "format": "", "place": "", "note": NOTE,
        "confidentiality": "network", "source": "call", "source_date": "2026-11-02", "withdrawn": False,
    }  # fmt: skip
    event = DemandEvent(
        demand_id=demand.id,
        company_id=company.id,
        module_id=module.id,
        action="marked",
        user_label=PERSON,
        snapshot=snapshot,
    )
    session.add_all([event, WishSupport(wish_id=wish.id, company_id=company.id, user_id=people["member"].id)])
    session.flush()
    return {
        "demand": demand,
        "wish": wish,
        "feedback": feedback,
        "event": event,
        "entry": offer,
        "introduction": introduction,
    }


def _secrets(session: Session, people: dict[str, User], company: Any) -> dict[str, Any]:
    later = utcnow() + timedelta(days=3)
    member = people["member"]
    invitation = Invitation(
        email="neu@kanarie.example", company_id=company.id, role="member", token_hash=hash_token("invitation"),
        created_at=utcnow(), expires_at=later,
    )  # fmt: skip
    link = OneTimeLink(
        purpose="password", user_id=member.id, token_hash=hash_token("link"), email=member.email, expires_at=later
    )
    token = ApiToken(user_id=member.id, name="Auswertung", token_hash=hash_token("api"))
    elsewhere = Identity(user_id=member.id, issuer="https://login.example", subject="s-1", email=member.email)
    sign_in = UserSession(user_id=member.id, token_hash=hash_token("session"), expires_at=later)
    saved = SavedSearch(user_id=member.id, name=f"{CANARY} Suchname", question="q=akku")
    mail = OutboxMail(to=member.email, subject=f"{CANARY} Betreff", text=NOTE)
    request = Invitation(
        email="bitte@kanarie.example", name=f"{CANARY} Bittsteller", company_text="Kanarie", company_id=company.id, role="member",
        token_hash=hash_token("request"), created_at=utcnow(), requested_at=utcnow(), verified_at=utcnow(), expires_at=later,
    )  # fmt: skip
    survey = DemandImport(
        file_name="umfrage.csv",
        source_date=date(2026, 11, 2),
        headings=["Unternehmen", "Modul", "Personen"],
        lines=[[2, COMPANY, "", "3"]],
    )
    sheet = CompanyLink(company_id=company.id, purpose=LinkPurpose.SHEET, subjects=[], expires_at=later)
    calendar = CompanyCalendar(
        company_id=company.id, name=f"{CANARY} Kalender", token_hash=hash_token("calendar"), created_by_id=member.id
    )
    session.add_all([survey, sheet, calendar])
    listed = CompanyImport(file_name="firmen.csv", headings=["Name"], lines=[[2, "Neue Firma"]])
    session.add_all([elsewhere, invitation, link, token, sign_in, mail, saved, request, listed])
    session.flush()
    return {
        "request": request,
        "company_import": listed,
        "demand_import": survey,
        "company_link": sheet,
        "calendar": calendar,
        "invitation": invitation,
        "token": token,
        "sign_in": sign_in,
        "identity": elsewhere,
        "mail": mail,
        "saved": saved,
    }


def _decision(session: Session, module: Module, staff: User) -> None:
    """What staff decided and keep to themselves, as companies concerned read it."""
    told = {"answer": "Zwei Termine 2027.", "published_at": utcnow(), "decided_on": date(2026, 11, 22)}
    session.add(
        Decision(
            id=DECISION, module_id=module.id, kind=DecisionKind.CARRY_OUT, reason=STAFF_NOTE, responsible=STAFF_NOTE,
            source=STAFF_NOTE, decided_by_id=staff.id, decided_by=staff.name, **told,
        )
    )  # fmt: skip
    session.flush()
    session.add(Action(id=ACTION, title=STAFF_NOTE, decision_id=DECISION))


def _list(session: Session, module: Module) -> ImportRun:
    run = ImportRun(
        file_name="liste.csv", headings=["Titel"], mapping=["title"], state=ImportState.CHECKED, counts={"changed": 1}
    )
    session.add(run)
    session.flush()
    change = {"field": "title", "cell": "A2", "old": module.title, "new": "Neuer Titel", "selected": True}
    session.add(ImportRow(run_id=run.id, number=2, kind=RowKind.CHANGED, module_id=module.id, slug=module.slug, label=module.title,
                          selected=True, changes=[change]))  # fmt: skip
    session.flush()
    return run


def _source(session: Session) -> dict[str, Any]:
    """A source that somebody is at just now, so that no test fetches it."""
    source = Source(
        name="Akademie Nord", url="https://beispiel.example/kurse.csv", kind=SourceKind.CSV, headings=["Titel"]
    )
    session.add(source)
    session.flush()
    run = SourceRun(source_id=source.id)
    session.add(run)
    session.flush()
    return {"source_id": source.id, "source_run_id": run.id, "sources.name": "csv"}


def _retreat(session: Session) -> dict[str, Any]:
    retreat = make_retreat(session, 2)
    (token,) = phones(session, retreat, 1)
    participant = session.query(RetreatParticipant).one()
    item = items_of(session, retreat)[0]
    retreat_votes.vote(session, token, item.id, retreat_votes.VoteInput())
    return {
        "retreat_id": retreat.id,
        "item_id": item.id,
        "participant_id": participant.id,
        "participation.code": "KKKKKK",
    }


def build_world(session: Session) -> World:
    """Fill an empty database and return the samples."""
    people, company = _people(session)
    module = _module(session)
    draft = factories.make_module(session, "Entwurf zur Formierung", state=WorkflowState.DRAFT)
    gone = factories.make_module(session, "Formierung", state=WorkflowState.ARCHIVED)
    session.add(ModuleMerge(id=MERGE, kept_id=draft.id, merged_id=gone.id))
    session.add(BulkChange(id=CHANGE, about=asdict(BulkInput(step="archive"))))
    session.add(SynonymRule(id=SYNONYM, kind=SynonymKind.ONE_WAY, terms=["Ruß"], targets=["Brandschutz"]))
    _decision(session, module, people["curator"])
    session.add(SearchGap(query="leuchtfarbe", day=utcnow().date(), hits=0))
    session.add(Bookmark(user_id=people["member"].id, module_id=module.id))
    session.add(PersonCopy(id=COPY, user_id=people["member"].id, made_at=utcnow(), content=b"PK"))
    run = Run(module=module, starts_on=date(2027, 2, 16), min_participants=6, max_participants=12, place="Erfurt")
    measure = Measure(
        slug="massnahme", title="Maßnahme Lager", sort_title="massnahme lager", state=WorkflowState.PUBLISHED
    )
    measure.parts = [MeasureModule(module_id=module.id, position=1)]
    session.add_all([run, measure])
    session.flush()
    session.add(RunCommitment(id=COMMITMENT, run_id=run.id, company_id=company.id, asked_at=utcnow()))
    said, secret = _said(session, people, company, module), _secrets(session, people, company)
    topic = session.query(Term).filter_by(vocabulary="topic").one()
    listed = _list(session, module)
    return World(
        people,
        {"import_id": listed.id, "imports.name": "xlsx"}
        | _source(session)
        | _retreat(session)
        | _report(session)
        | _samples(people, company, module, draft, run, measure, topic, said, secret),
    )


def _report(session: Session) -> dict[str, Any]:
    report = frozen_reports.freeze(session, SYSTEM, FreezeInput("Bericht", "", ReportQuery()), 5)
    link, _ = report_links.create(session, SYSTEM, report.id, "Vorstand", 30, 5)
    link.token_hash = hash_token(BOARD)
    session.flush()
    return {"report_id": report.id, "planning.link_id": link.id}


def _samples(*things: Any) -> dict[str, Any]:
    people, company, module, draft, run, measure, topic, said, secret = things
    return {
        "slug": module.slug,
        "draft": draft.slug,
        "curation.name": "topic",
        "curation.code": "sicherheit",
        "curation.export.name": "csv",
        "curation.export_gaps.name": "csv",
        "curation.export_runs.name": "csv",
        "runs.name": "csv",
        "planning.export_decisions.name": "csv",
        "planning.export_actions.name": "csv",
        "planning.decision_id": DECISION,
        "planning.action_id": ACTION,
        "curation.change_id": CHANGE,
        "curation.merge_id": MERGE,
        "curation.other": draft.slug,
        "curation.rule_id": SYNONYM,
        "curation.take.name": "archive",
        "curation.take_measure.name": "archive",
        **{
            f"curation.{view}.slug": measure.slug
            for view in ("measure", "update_measure", "take_measure", "arrange_measure")
        },
        "runs.feed_of_measure.slug": measure.slug,
        "interest.what": "topics",
        **{f"curation.{view}.slug": module.provider.slug for view in ("provider", "update_provider")},
        **{f"curation.{view}.slug": module.programme.slug for view in ("programme", "update_programme")},
        "measures.slug": measure.slug,
        "providers.slug": module.provider.slug,
        "programmes.slug": module.programme.slug,
        "module_slug": module.slug,
        "company_slug": company.slug,
        "measure_slug": measure.slug,
        "company_id": company.id,
        "user_id": people["member"].id,
        "session_id": secret["sign_in"].id,
        "identity_id": secret["identity"].id,
        "token_id": secret["token"].id,
        "calendar_id": secret["calendar"].id,
        "invitation_id": secret["invitation"].id,
        "request_id": secret["request"].id,
        "company_import_id": secret["company_import"].id,
        "demand_import_id": secret["demand_import"].id,
        "link_id": secret["company_link"].id,
        "companies.export.name": "csv",
        "users.export.name": "csv",
        "admin.export_audit.name": "csv",
        "personal.copy_id": COPY,
        "mail_id": secret["mail"].id,
        "searches.search_id": secret["saved"].id,
        "signature": "forged",
        "run_id": run.id,
        "commitment_id": COMMITMENT,
        "planning.answer_for.slug": company.slug,
        "planning.export_runs.what": "runs",
        "planning.export_missing.name": "csv",
        "demand_id": said["demand"].id,
        "entry_id": said["entry"].id,
        "introduction_id": said["introduction"].id,
        "planning.export_cooperation.what": "entries",
        "event_id": said["event"].id,
        "wish_id": said["wish"].id,
        "feedback_id": said["feedback"].id,
        "term_id": topic.id,
        "vocabulary": "topic",
        "number": 1,
        "token": "unknown-token",
        "format": "csv",
        "suffix": "csv",
        "planning.report_file.format": "json",
        "planning.report_table.name": "module",
        "board.token": BOARD,
        "exchange.part": 1,
        "field": "strength",
        "what": "interest",
        "across": "region",
        "filename": "css/tokens.css",
    }
