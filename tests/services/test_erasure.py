"""Deleting an account: nothing of the person is left anywhere, nothing of anybody else is lost."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalogue.db import Database, Session
from catalogue.models import (
    Action,
    AuditEvent,
    Decision,
    DecisionKind,
    ErasedAccount,
    Membership,
    Module,
    NetworkRole,
    OutboxMail,
    User,
    Wish,
)
from catalogue.models.company import CompanyRole
from catalogue.services import accounts, audit, backup, erased, erasure, restore, sessions
from catalogue.services.errors import Conflict, Invalid, NotAllowed
from catalogue.services.permissions import SYSTEM, VISITOR
from catalogue.services.personal_data import Scope
from catalogue.services.personal_tables import HOLDINGS
from catalogue.settings import Settings
from tests import factories, traces
from tests.conftest import ON_SQLITE, People

NAME, EMAIL = "Änne Kirschholz-Öz", "aenne.kirschholz@muster.example"


@pytest.fixture
def anne(session: Session, people: People) -> User:
    """Somebody of Muster AG who left a trace in every table."""
    user = factories.make_user(session, EMAIL, name=NAME, company=people.company)
    traces.leave(session, user)
    audit.record(session, sessions.actor_of(user), "login", user)
    return loaded(session, user)


def loaded(session: Session, user: User) -> User:
    session.flush()
    session.expire_all()
    found = accounts.by_email(session, user.email)
    assert found is not None
    return found


def places(session: Session, *words: str) -> set[str]:
    """Where one of the words stands, as the database keeps it: with JSON's escapes, too."""
    spelled = {
        one for word in words for one in (word.lower(), word.encode("ascii", "backslashreplace").decode().lower())
    }
    return {
        f"{table}.{column.name}"
        for table, tabled in traces.TABLES.items()
        for column in tabled.c
        for (value,) in session.execute(sa.select(sa.cast(column, sa.Text)))
        if value and any(word in value.lower() for word in spelled)
    }  # fmt: skip


STAFF_TEXTS = {
    f"{table}.{name}" for table, one in HOLDINGS.items() for name, scope in one.texts.items() if scope == Scope.STAFF
}


def test_the_traces_are_there_before(session: Session, anne: User) -> None:
    declared = {
        f"{table}.{name}" for table, one in HOLDINGS.items()
        for name in (*one.names, *one.addresses, *one.texts, *one.echoes) if table != "company"
    }  # fmt: skip
    assert places(session, NAME, EMAIL) >= declared


def test_after_an_admin_deleted_the_account_no_table_knows_the_person(
    session: Session, people: People, anne: User
) -> None:
    erasure.erase(session, people.admin, anne)
    assert places(session, NAME, EMAIL) == set()


def test_people_who_delete_themselves_change_no_text_that_others_wrote(
    session: Session, people: People, anne: User
) -> None:
    erasure.erase(session, sessions.actor_of(anne), anne)
    assert places(session, EMAIL) == set()
    # a row that is theirs is theirs, whoever may write into it
    left = places(session, NAME)
    assert left <= STAFF_TEXTS
    assert "swot_text.text" in left
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "user.erased")).one()
    assert set(event.details["mentions"]) == left
    assert event.user_label == event.thing_label == erasure.pseudonym(event.user_id)


def test_nobody_else_loses_anything(session: Session, people: People, anne: User) -> None:
    traces.leave(session, loaded(session, people.stranger_user))
    anne = loaded(session, anne)
    theirs = {
        row
        for row in traces.dump(session)
        if NAME not in row[1] and EMAIL not in row[1] and anne.id.hex not in row[1].replace("-", "")
    }
    erasure.erase(session, people.admin, anne)
    assert theirs - traces.dump(session) == set()


def test_contributions_stay_with_the_company_without_the_name(session: Session, people: People, anne: User) -> None:
    erasure.erase(session, people.admin, anne)
    kept = session.execute(sa.text("SELECT user_label FROM demand_event")).scalars().all()
    assert kept == ["ehemalige Person"]
    wish = session.scalars(sa.select(Wish)).one()
    assert (wish.company_id, wish.user_id, wish.text) == (
        people.company.id,
        None,
        "Fragen an ehemalige Person, ehemalige Person!",
    )
    assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMail).where(OutboxMail.to == EMAIL)) == 0


@ON_SQLITE
def test_the_record_keeps_a_pseudonym_that_tells_that_it_was_one_person(
    session: Session, people: People, anne: User
) -> None:
    left = erasure.pseudonym(anne.id)
    assert erasure.erase(session, people.admin, anne) == left
    labels = session.scalars(sa.select(AuditEvent.user_label).where(AuditEvent.action == "login"))
    assert set(labels) == {left}


@ON_SQLITE
def test_a_namesake_keeps_the_name(session: Session, people: People, anne: User) -> None:
    factories.make_user(session, "zweite@muster.example", name=NAME, company=people.company)
    erasure.erase(session, people.admin, anne)
    assert places(session, EMAIL) == set()
    assert "user.name" in places(session, NAME)
    assert "demand_event.user_label" not in places(session, NAME)


@ON_SQLITE
@pytest.mark.parametrize("name", ["Sehr geehrte", "Lithium Ionen", "System", "Berg", "%", "_ _"])
def test_a_name_cannot_be_used_to_rewrite_the_catalogue(session: Session, people: People, name: str) -> None:
    author = factories.make_user(session, "spass@muster.example", name=name, company=people.company)
    factories.make_module(session, "Lithium Ionen am Berg", summary="Sehr geehrte Lithium Ionen")
    module = session.scalars(sa.select(Module)).one()
    session.add(
        Decision(
            module_id=module.id,
            kind=DecisionKind.WATCH,
            reason="Sehr geehrte Lithium Ionen, Berg % _ _",
            decided_on=module.created_at.date(),
        )
    )
    session.add(Wish(company_id=people.other_company.id, title="Sehr geehrte Lithium Ionen"))
    session.flush()
    before = {row for row in traces.dump(session) if row[0] in ("module", "decision", "wish")}
    erasure.erase(session, sessions.actor_of(loaded(session, author)), loaded(session, author))
    assert before - traces.dump(session) == set()


@ON_SQLITE
def test_the_last_network_admin_is_told_what_to_do_first(session: Session, people: People) -> None:
    nora = loaded(session, people.admin_user)
    assert erasure.preview(session, people.admin, nora).is_last_network_admin
    with pytest.raises(Conflict, match="Ernennen Sie zuerst"):
        erasure.erase(session, people.admin, nora)
    factories.make_user(session, "noch@netz.example", network_role=NetworkRole.ADMIN)
    erasure.erase(session, people.admin, nora)


@ON_SQLITE
def test_the_last_admin_of_a_company_names_who_follows(session: Session, people: People) -> None:
    anton = loaded(session, people.company_admin_user)
    assert erasure.preview(session, people.company_admin, anton).needs_successor
    with pytest.raises(Invalid) as refused:
        erasure.erase(session, people.company_admin, anton)
    assert "successor" in refused.value.fields
    with pytest.raises(Invalid):
        erasure.erase(session, people.company_admin, anton, people.stranger_user.id)
    erasure.erase(session, people.company_admin, anton, people.member_user.id)
    role = session.scalars(sa.select(Membership.role).where(Membership.user_id == people.member_user.id)).one()
    assert role == CompanyRole.ADMIN
    told = session.scalars(sa.select(OutboxMail)).one()
    assert told.to == people.member_user.email
    assert "Anton" not in told.text


@ON_SQLITE
def test_open_work_of_the_office_goes_to_the_successor(session: Session, people: People) -> None:
    clara = loaded(session, people.curator_user)
    session.add_all([Action(title="Anrufen", responsible_id=clara.id, responsible=clara.name), Action(title="Fertig", responsible_id=clara.id, responsible=clara.name, state="done")])  # fmt: skip
    factories.make_module(session, "Prüfen", reviewer_id=clara.id)
    session.flush()
    found = erasure.preview(session, people.admin, clara)
    assert (found.actions, found.reviews.modules, found.open_tasks) == (1, 1, 2)
    erasure.erase(session, people.admin, clara, people.admin_user.id)
    rows = session.execute(sa.select(Action.title, Action.responsible).order_by(Action.title)).all()
    assert [tuple(row) for row in rows] == [("Anrufen", "Nora Netz"), ("Fertig", "ehemalige Person")]
    assert session.scalars(sa.select(Module.reviewer_id)).one() == people.admin_user.id


@ON_SQLITE
def test_only_oneself_or_a_network_admin(session: Session, people: People) -> None:
    alice = loaded(session, people.member_user)
    for actor in (people.company_admin, people.curator, people.stranger, VISITOR):
        with pytest.raises(NotAllowed):
            erasure.erase(session, actor, alice)


@ON_SQLITE
def test_sign_ins_end_at_once(session: Session, people: People, settings: Settings) -> None:
    token = sessions.start(session, settings, people.member_user)
    erasure.erase(session, people.member, loaded(session, people.member_user))
    assert sessions.resume(session, settings, token) is None


# backups


def test_a_backup_does_not_bring_anybody_back(database: Database, people: People, settings: Settings) -> None:
    with database.write() as session:
        before = (
            session.execute(sa.select(traces.TABLES["user"]).where(User.id == people.member_user.id)).mappings().one()
        )
        erasure.erase(session, people.member, loaded(session, people.member_user))
    assert erased.remember(database, settings) == 1
    with database.write() as session:  # the backup was older: it knows the person and not the deletion
        session.execute(sa.delete(ErasedAccount))
        session.execute(sa.insert(traces.TABLES["user"]).values(**before))
    assert [erased.repeat(database, settings) for _ in range(2)] == [1, 0]
    with database.read() as session:
        assert session.get(User, people.member_user.id) is None
        assert session.scalars(sa.select(ErasedAccount.id_hash)).all() == [erasure.id_hash(people.member_user.id)]


@ON_SQLITE
def test_restoring_an_older_backup_deletes_the_person_again(
    database: Database, people: People, settings: Settings, tmp_path: Path
) -> None:
    backup.create(database, settings, tmp_path / "before.tar.gz")
    with database.write() as session:
        erasure.erase(session, people.member, loaded(session, people.member_user))
    restore.restore(settings, database, tmp_path / "before.tar.gz", replace=True)
    with database.read() as session:
        assert set(session.scalars(sa.select(User.name))) == {"Anton Muster", "Bob Beispiel", "Clara Netz", "Nora Netz"}
        assert session.scalars(sa.select(ErasedAccount.id_hash)).all() == [erasure.id_hash(people.member_user.id)]


@ON_SQLITE
def test_the_list_in_the_state_folder_survives_damage_and_names_nobody(
    database: Database, people: People, settings: Settings
) -> None:
    path = settings.state / erased.FILE
    path.write_bytes(b"\xff broken\nnot a line at all\n")
    with database.write() as session:
        erasure.erase(session, SYSTEM, loaded(session, people.member_user))
    assert erased.remember(database, settings) == 1
    text = path.read_text()
    assert "alice" not in text
    assert str(people.member_user.id) not in text
    assert path.stat().st_mode & 0o077 == 0


@ON_SQLITE
def test_nothing_is_left_in_the_file_either(database: Database, people: People, settings: Settings) -> None:
    with database.write() as session:
        user = factories.make_user(session, EMAIL, name=NAME, company=people.company)
        traces.leave(session, user)
    with database.write() as session:
        found = accounts.by_email(session, EMAIL)
        assert found is not None
        erasure.erase(session, people.admin, found)
    database.dispose()
    with closing(sqlite3.connect(settings.state / "catalogue.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in settings.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert EMAIL.encode() not in content, path
            assert b"Kirschholz" not in content, path
