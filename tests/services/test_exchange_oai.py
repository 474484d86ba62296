"""OAI-PMH 2.0: the verbs, the errors of the protocol, tombstones, and lists that can be resumed while things change."""

import uuid
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from catalogue.db import Session
from catalogue.models import Module, Vocabulary, WorkflowState
from catalogue.models.provider import Programme
from catalogue.services.exchange import oai
from catalogue.services.permissions import VISITOR
from catalogue.settings import Settings
from tests import factories

XML = {"oai": oai.OAI, "dc": "http://purl.org/dc/elements/1.1/"}
HOST = "127.0.0.1"
DC = ("metadataPrefix", "oai_dc")


@pytest.fixture
def modules(session: Session) -> list[Module]:
    """One published on 1 May (topic recht), one archived on 2 May that was published, a draft and an archived draft."""
    topic = factories.make_term(session, Vocabulary.TOPIC, "recht", "Recht")
    programme = Programme(slug="batteriemd", name="BatterieMD")
    session.add(programme)
    session.flush()
    was = datetime(2026, 1, 1, tzinfo=UTC)
    made = [
        factories.make_module(
            session, "Batterierecht <&>", slug="recht", terms=[topic], published_at=was, provider_text="Kammer"
        ),
        factories.make_module(
            session, "Alt", slug="alt", state=WorkflowState.ARCHIVED, published_at=was, programme_id=programme.id
        ),
        factories.make_module(session, "Entwurf", slug="entwurf", state=WorkflowState.DRAFT),
        factories.make_module(session, "Nie", slug="nie", state=WorkflowState.ARCHIVED),
    ]
    for day, module in enumerate(made, start=1):
        changed = update(Module).where(Module.id == module.id).values(updated_at=datetime(2026, 5, day, 12, tzinfo=UTC))
        session.execute(changed)
    session.expire_all()
    return made


def ask(session: Session, settings: Settings, *arguments: tuple[str, str]) -> ElementTree.Element:
    return ElementTree.fromstring(oai.answer(session, VISITOR, settings, arguments))  # noqa: S314 - our own


def error_of(root: ElementTree.Element) -> str | None:
    found = root.find("oai:error", XML)
    return None if found is None else found.get("code")


def identifier(module: Module) -> str:
    return f"oai:{HOST}:{module.id}"


LIST, IDS, GET = ("verb", "ListRecords"), ("verb", "ListIdentifiers"), ("verb", "GetRecord")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "badVerb"),
        ([("junk", "1")], "badVerb"),
        ([("verb", "junk")], "badVerb"),
        ([("verb", "Identify"), ("verb", "Identify")], "badVerb"),
        ([("verb", "Identify"), ("set", "topic")], "badArgument"),
        ([GET], "badArgument"),
        ([GET, DC], "badArgument"),
        ([GET, ("identifier", f"oai:{HOST}:{uuid.uuid4()}")], "badArgument"),
        ([GET, ("identifier", f"oai:{HOST}:{uuid.uuid4()}"), DC], "idDoesNotExist"),
        ([GET, ("identifier", "really_wrong_id\x00"), DC], "idDoesNotExist"),
        ([GET, ("identifier", f"oai:{HOST}:{uuid.UUID(int=7).hex}"), DC], "idDoesNotExist"),
        ([IDS, DC, ("until", "junk")], "badArgument"),
        ([IDS, DC, ("until", "")], "badArgument"),
        ([IDS, DC, ("until", "0001-01-01")], "noRecordsMatch"),
        ([IDS, DC, ("set", "topic:recht"), ("until", "2000-01-01")], "noRecordsMatch"),
        ([IDS, DC, ("from", "junk")], "badArgument"),
        ([IDS, DC, ("from", "2026-13-01")], "badArgument"),
        ([IDS, DC, ("from", "2026-05-01"), ("until", "2026-05-02T00:00:00Z")], "badArgument"),
        ([IDS, DC, ("from", "2026-05-02"), ("until", "2026-05-01")], "badArgument"),
        ([IDS, DC, ("from", "2026-05-02"), ("from", "2026-05-02")], "badArgument"),
        ([IDS, ("resumptionToken", "junk"), ("until", "2026-05-01")], "badArgument"),
        ([LIST], "badArgument"),
        ([LIST, ("resumptionToken", "junk")], "badResumptionToken"),
        ([LIST, ("resumptionToken", "ä.\ud800")], "badResumptionToken"),
        ([LIST, ("resumptionToken", "junk"), DC], "badArgument"),
        ([LIST, DC, ("until", "junk")], "badArgument"),
        ([LIST, ("metadataPrefix", "marc21")], "cannotDisseminateFormat"),
        ([LIST, DC, ("from", "2030-01-01")], "noRecordsMatch"),
        ([LIST, DC, ("set", "topic:gibt-es-nicht")], "noRecordsMatch"),
        ([LIST, DC, ("set", "unsinn")], "noRecordsMatch"),
        ([("verb", "ListMetadataFormats"), ("identifier", "x")], "idDoesNotExist"),
        ([("verb", "ListSets"), ("resumptionToken", "x")], "badResumptionToken"),
    ],
)
def test_errors_have_their_codes(
    session: Session, settings: Settings, modules: list[Module], arguments: list[tuple[str, str]], code: str
) -> None:
    root = ask(session, settings, *arguments)
    assert error_of(root) == code
    request = root.find("oai:request", XML)
    assert request is not None
    assert request.text == "http://127.0.0.1:8000/oai"
    assert (not request.attrib) == (code in ("badVerb", "badArgument")), "attributes are echoed only if they are valid"


def test_the_repository_says_what_it_is(session: Session, settings: Settings, modules: list[Module]) -> None:
    root = ask(session, settings, ("verb", "Identify"))
    told = {child.tag.partition("}")[2]: child.text for child in root.findall("oai:Identify/*", XML)}
    assert told["baseURL"] == "http://127.0.0.1:8000/oai"
    assert (told["protocolVersion"], told["deletedRecord"]) == ("2.0", "persistent")
    assert told["earliestDatestamp"] == "2026-05-01T12:00:00Z"
    formats = ask(session, settings, ("verb", "ListMetadataFormats"))
    assert [one.text for one in formats.findall(".//oai:metadataPrefix", XML)] == ["oai_dc", "rdf"]
    sets = ask(session, settings, ("verb", "ListSets"))
    assert [one.text for one in sets.findall(".//oai:setSpec", XML)] == [
        "topic",
        "topic:recht",
        "programme",
        "programme:batteriemd",
    ]


def test_records_are_published_modules_and_tombstones(
    session: Session, settings: Settings, modules: list[Module]
) -> None:
    root = ask(session, settings, LIST, DC)
    told = [
        (record.findtext(".//dc:title", None, XML), header.get("status"), header.findtext("oai:datestamp", None, XML))
        for record in root.findall(".//oai:record", XML)
        if (header := record.find("oai:header", XML)) is not None
    ]
    assert told == [("Batterierecht <&>", None, "2026-05-01T12:00:00Z"), (None, "deleted", "2026-05-02T12:00:00Z")]
    one = ask(session, settings, GET, ("identifier", identifier(modules[1])), ("metadataPrefix", "rdf"))
    assert one.find(".//oai:metadata", XML) is None
    for hidden in modules[2:]:
        assert error_of(ask(session, settings, GET, ("identifier", identifier(hidden)), DC)) == "idDoesNotExist"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([("from", "2026-05-02")], ["alt"]),
        ([("until", "2026-05-01")], ["recht"]),
        ([("from", "0001-01-01"), ("until", "9999-12-31")], ["recht", "alt"]),
        ([("until", "9999-12-31T23:59:59Z")], ["recht", "alt"]),
        ([("from", "2026-05-01T12:00:00Z"), ("until", "2026-05-01T12:00:00Z")], ["recht"]),
        ([("set", "topic")], ["recht"]),
        ([("set", "topic:recht")], ["recht"]),
        ([("set", "programme:batteriemd")], ["alt"]),
    ],
)
def test_lists_are_limited_by_time_and_set(
    session: Session, settings: Settings, modules: list[Module], limits: list[tuple[str, str]], expected: list[str]
) -> None:
    root = ask(session, settings, IDS, DC, *limits)
    ids = {identifier(module): module.slug for module in modules}
    assert [ids[one.text or ""] for one in root.findall(".//oai:identifier", XML)] == expected


def test_a_list_is_resumed_and_nothing_is_lost_that_changes_meanwhile(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oai, "PER_PAGE", 4)
    made = [factories.make_module(session, f"Modul {number}", slug=f"m{number}") for number in range(11)]
    same = datetime(2026, 5, 1, tzinfo=UTC)  # all at the same time: the id decides
    session.execute(update(Module).values(updated_at=same))
    seen: list[str] = []
    arguments = [IDS, DC]
    for page in range(9):
        root = ask(session, settings, *arguments)
        assert error_of(root) is None
        seen += [one.text or "" for one in root.findall(".//oai:identifier", XML)]
        token = root.find(".//oai:resumptionToken", XML)
        assert token is not None
        assert root[-1][-1] is token, "the token stands last"
        if page == 0:
            first = [module for module in made if identifier(module) in seen]
            later = datetime(2026, 5, 2, tzinfo=UTC)
            session.execute(
                update(Module).where(Module.id.in_([module.id for module in first[:3]])).values(updated_at=later)
            )
        if not token.text:
            break
        arguments = [IDS, ("resumptionToken", token.text)]
    assert set(seen) == {identifier(module) for module in made}
    assert len(seen) == 14, "what changed is told again"


def test_a_token_cannot_be_made_or_altered(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oai, "PER_PAGE", 1)
    for number in range(3):
        factories.make_module(session, f"Modul {number}", slug=f"m{number}")
    token = ask(session, settings, LIST, DC).findtext(".//oai:resumptionToken", "", XML)
    assert error_of(ask(session, settings, LIST, ("resumptionToken", token))) is None
    packed, _, signature = token.partition(".")
    for broken in (f"{packed}A.{signature}", f"{packed}.{signature[:-1]}", packed, f".{signature}"):
        assert error_of(ask(session, settings, LIST, ("resumptionToken", broken))) == "badResumptionToken"


def test_a_record_has_one_identifier(session: Session, settings: Settings, modules: list[Module]) -> None:
    assert error_of(ask(session, settings, GET, ("identifier", identifier(modules[0])), DC)) is None
    for other in (modules[0].id.hex, f"{{{modules[0].id}}}"):
        assert error_of(ask(session, settings, GET, ("identifier", f"oai:{HOST}:{other}"), DC)) == "idDoesNotExist"
