"""The copy that a person gets: everything about them, by documented keys, and nothing about anybody else."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from catalogue.db import Base, Database, Session
from catalogue.models import AuditEvent, Membership, OutboxMail, PersonCopy, User
from catalogue.services import accounts, audit, person_copies, person_page, sessions
from catalogue.services.errors import Conflict, NotAllowed, NotFound
from catalogue.services.permissions import VISITOR
from catalogue.services.personal_tables import HOLDINGS
from catalogue.settings import Settings
from tests import factories, traces
from tests.conftest import People

EMAIL = "aenne@muster.example"
EXPORTED = {table: holding for table, holding in HOLDINGS.items() if holding.key}


def person(session: Session, email: str) -> User:
    session.flush()
    session.expire_all()
    found = accounts.by_email(session, email)
    assert found is not None
    return found


@pytest.fixture
def anne(session: Session, people: People) -> User:
    made = factories.make_user(session, EMAIL, name="Änne Kirschholz", company=people.company)
    traces.leave(session, made)
    traces.leave(session, person(session, people.stranger_user.email))
    return person(session, EMAIL)


def test_every_declared_table_is_in_it_with_exactly_its_fields(session: Session, anne: User) -> None:
    data = person_copies.collect(session, anne)["data"]
    for table, holding in EXPORTED.items():
        rows = data[holding.key]
        assert len(rows) == 1, table
        expected = [name.removesuffix("_id") for name in (*holding.fields, *holding.shared)]
        assert list(rows[0]) == expected, table
        for name in (*holding.fields, *holding.shared):
            stored = session.execute(Base.metadata.tables[table].select()).mappings().all()
            assert any(_same(rows[0][name.removesuffix("_id")], row[name]) for row in stored), f"{table}.{name}"


def _same(shown: object, stored: object) -> bool:
    if isinstance(shown, dict) and set(shown) == {"id", "name"}:
        return str(shown["id"]) == str(stored)
    return shown == stored or str(shown) == (stored.isoformat() if hasattr(stored, "isoformat") else str(stored))


def test_nothing_of_anybody_else_is_in_it(session: Session, people: People, anne: User) -> None:
    text = json.dumps(person_copies.collect(session, anne), ensure_ascii=False)
    for other in (people.stranger_user, people.admin_user, people.member_user):
        assert other.email not in text
        assert other.name not in text
        assert str(other.id) not in text
    assert "Beispiel GmbH" not in text
    assert "password_hash" not in text
    assert anne.password_hash not in text


def test_who_left_a_company_gets_no_words_of_it(session: Session, anne: User) -> None:
    session.delete(session.get_one(Membership, anne.membership.id))  # type: ignore[union-attr]
    data = person_copies.collect(session, person(session, EMAIL))["data"]
    assert list(data["demand"][0]) == ["module", "company", "updated_at"]
    assert "snapshot" not in data["demand_changes"][0]


def test_the_record_about_the_person_says_what_not_who(session: Session, people: People, anne: User) -> None:
    audit.record(session, people.admin, "role.changed", anne, role=["member", "admin"], to="bob@beispiel.example")
    about = person_copies.collect(session, anne)["data"]["record_about_you"]
    assert [(row["action"], row["by_yourself"], row["role"]) for row in about] == [
        ("role.changed", False, ["member", "admin"])
    ]
    assert "to" not in about[0]


def test_the_file_holds_json_and_a_page(session: Session, anne: User) -> None:
    actor = sessions.actor_of(anne)
    session.query(PersonCopy).delete()
    made = person_copies.request(session, actor)
    with zipfile.ZipFile(io.BytesIO(person_copies.open_copy(session, actor, made.id))) as archive:
        assert archive.namelist() == ["daten.json", "auskunft.html"]
        data = json.loads(archive.read("daten.json"))
        page = archive.read("auskunft.html").decode()
    assert data["format"] == person_copies.FORMAT
    assert "Änne Kirschholz" in page
    assert "<script" not in page
    assert all(holding.about.replace("„", "„") in page for holding in EXPORTED.values())
    assert [event.action for event in session.query(AuditEvent) if event.action.startswith("data.")] == [
        "data.exported"
    ]


def test_the_page_escapes_and_knows_a_heading_for_every_field() -> None:
    page = person_page.render(
        {"made_at": "x", "data": {"bookmarks": [{"module": {"id": "1", "name": "<b>A & B</b>"}}], "wishes": []}}
    )
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in page
    fields = {name.removesuffix("_id") for holding in EXPORTED.values() for name in (*holding.fields, *holding.shared)}
    assert fields - set(person_page.HEADINGS) == set()


def test_a_large_copy_is_made_by_the_worker_who_tells_the_person(
    database: Database, people: People, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_copies, "AT_ONCE", 0)
    with database.write() as session:
        made = person_copies.request(session, people.member)
        with pytest.raises(NotFound):
            person_copies.open_copy(session, people.member, made.id)
        with pytest.raises(Conflict):
            person_copies.request(session, people.member)
    assert [person_copies.make_due(database, settings) for _ in range(2)] == [1, 0]
    with database.read() as session:
        assert person_copies.open_copy(session, people.member, made.id)[:2] == b"PK"
        assert [mail.to for mail in session.query(OutboxMail)] == [people.member_user.email]


def test_nobody_opens_the_copy_of_somebody_else(session: Session, people: People) -> None:
    made = person_copies.request(session, people.member)
    for actor in (people.company_admin, people.admin, people.stranger):
        with pytest.raises(NotFound):
            person_copies.open_copy(session, actor, made.id)
    with pytest.raises(NotAllowed):
        person_copies.request(session, VISITOR)


def test_the_keys_are_documented() -> None:
    page = Path("docs/privacy.md").read_text(encoding="utf-8")
    missing = [holding.key for holding in EXPORTED.values() if f"`{holding.key}`" not in page]
    assert missing == []
