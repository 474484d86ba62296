"""Lists of companies: what is exported and imported again changes nothing, edits change exactly their cells, undo is the identity."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select

from catalogue.db import Database, Session, utcnow
from catalogue.models import AuditEvent, Company, CompanyImport, RowKind, SizeClass, Vocabulary
from catalogue.services import companies, company_imports, company_lists
from catalogue.services.companies import CompanyInput, CompanyQuery
from catalogue.services.errors import Conflict, Invalid, NotAllowed
from catalogue.services.exports import csv_bytes, xlsx_bytes
from catalogue.services.permissions import SYSTEM
from catalogue.services.spreadsheets import open_sheet
from tests import factories
from tests.conftest import People


def upload(session: Session, text: str | bytes, name: str = "firmen.csv") -> CompanyImport:
    content = text if isinstance(text, bytes) else text.encode()
    return company_imports.upload(session, SYSTEM, name, open_sheet(name, content))


def kinds(session: Session, run: CompanyImport) -> dict[str, int]:
    plan = company_imports.plan_of(session, SYSTEM, run)
    return {kind.value: len(plan.of(kind)) for kind in RowKind if plan.of(kind)}


def stored(session: Session) -> dict[str, CompanyInput]:
    return {one.slug: companies.values_of(one) for one in companies.find_all(session, SYSTEM)}


@pytest.fixture
def terms(session: Session) -> None:
    factories.make_term(session, Vocabulary.SECTOR, "sensorik", "Sensorik")
    factories.make_term(session, Vocabulary.REGION, "jena", "Jena und Umland")


def test_a_list_adds_changes_and_leaves_alone(session: Session, people: People, terms: None) -> None:
    text = (
        "Firma;Branche;Region;Größe;Sitz;E-Mail-Domänen;Aktiv;Farbe\r\n"
        "Ärztewerk;Sensorik;jena;120;Jena;aerzte.example, www.aerzte.example;ja;rot\r\n"
        "muster ag;;;small;Gera;;;\r\n"
        "Beispiel GmbH;;;;;;;\r\n"
    )
    run = upload(session, text.encode("cp1252"))
    plan = company_imports.plan_of(session, SYSTEM, run)
    assert kinds(session, run) == {"new": 1, "changed": 1, "unchanged": 1}
    assert plan.ignored == ("Farbe",)
    assert company_imports.apply(session, SYSTEM, run, plan.fingerprint) == 2
    made = stored(session)["aerztewerk"]
    assert (made.sector, made.region, made.size_class) == ("sensorik", "jena", SizeClass.MEDIUM)
    assert made.email_domains == ("aerzte.example", "www.aerzte.example")
    assert stored(session)["muster-ag"].place == "Gera"
    assert stored(session)["muster-ag"].active is True  # an empty cell does not switch a company off
    assert "companies.imported" in session.scalars(select(AuditEvent.action)).all()


def test_wrong_rows_name_the_cell_and_are_left_out(session: Session, people: People) -> None:
    text = "Name;Branche;Größe;Website;E-Mail-Domänen;Kennung\nA;gibtsnicht;riesig;javascript:x;gmx.de;a\n;;;;;\nB;;;;;B b\nMuster AG;;;;;\nMUSTER ag;;;;;\nBeispiel GmbH;;;;;neu\n"
    run = upload(session, text)
    wrong = company_imports.plan_of(session, SYSTEM, run).of(RowKind.WRONG)
    cells = {cell for row in wrong for cell, _text in row.errors}
    assert cells == {"B2", "C2", "D2", "E2", "F4", "A6", "A7"}
    before = stored(session)
    with pytest.raises(Conflict, match="nichts"):
        company_imports.apply(session, SYSTEM, run, None)
    assert stored(session) == before


@pytest.mark.parametrize(
    ("text", "word"),
    [("Ort\nJena\n", "Name"), ("Name;Firma\nA;B\n", "zweimal"), ("Name\n", "keine Zeile"), ("", "leer")],
)
def test_lists_that_cannot_be_meant_are_refused_whole(session: Session, text: str, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        upload(session, text)


def test_what_changed_after_the_export_or_after_the_preview_is_not_overwritten(
    session: Session, people: People
) -> None:
    exported = csv_bytes(company_lists.table(session, SYSTEM, CompanyQuery()))
    run = upload(session, exported.replace(b"Muster AG", b"Muster SE"))
    seen = company_imports.plan_of(session, SYSTEM, run).fingerprint
    muster = companies.get(session, SYSTEM, "muster-ag")
    companies.update_profile(
        session, people.company_admin, muster, companies.ProfileInput(place="Gera"), muster.version
    )
    with pytest.raises(Conflict, match="Vorschau"):
        company_imports.apply(session, SYSTEM, run, seen)
    assert kinds(session, run) == {"wrong": 1, "unchanged": 1}


def test_undo_takes_back_what_nobody_touched_since(session: Session, people: People) -> None:
    before = stored(session)
    run = upload(session, "Name;Ort\nNeu AG;Jena\nBelegt AG;Suhl\nMuster AG;Gera\nBeispiel GmbH;Ilmenau\n")
    company_imports.apply(session, SYSTEM, run, None)
    factories.make_user(session, company=companies.get(session, SYSTEM, "belegt-ag"))
    session.expire_all()
    beispiel = companies.get(session, SYSTEM, "beispiel-gmbh")
    companies.update_profile(session, SYSTEM, beispiel, companies.ProfileInput(place="Zeitz"), None)
    assert sorted(company_imports.undo(session, SYSTEM, run)) == ["Beispiel GmbH", "Belegt AG"]
    now = stored(session)
    assert now["beispiel-gmbh"].place == "Zeitz"
    assert "neu-ag" not in now
    assert {slug: values for slug, values in now.items() if slug in before and slug != "beispiel-gmbh"} == {
        "muster-ag": before["muster-ag"]
    }
    with pytest.raises(Conflict):
        company_imports.undo(session, SYSTEM, run)


def test_only_network_admins_import_and_old_previews_are_forgotten(session: Session, people: People) -> None:
    run = upload(session, "Name\nNeu\n")
    for actor in (people.curator, people.company_admin, people.visitor):
        with pytest.raises(NotAllowed):
            company_imports.get(session, actor, run.id)
    run.created_at = utcnow() - timedelta(days=15)
    session.flush()
    assert company_imports.prune(session) == 1


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=12)
ROWS = st.fixed_dictionaries(
    {
        "name": st.text("abcÄß =+-@;\"'1", min_size=1, max_size=12).filter(lambda text: any(c.isalnum() for c in text)),
        "place": WORDS,
        "note": WORDS,
        "size_class": st.sampled_from([None, *SizeClass]),
        "email_domains": st.sampled_from([(), ("firma.example",), ("a.example", "b.example")]),
        "sector": st.sampled_from(["", "sensorik"]),
        "active": st.booleans(),
    }
)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=3), xlsx=st.booleans())
def test_export_and_import_is_the_identity_and_import_and_undo_too(
    database: Database, rows: list[dict[str, Any]], xlsx: bool
) -> None:
    with database.session(write=True) as session:  # never committed: each example begins with an empty database
        factories.make_term(session, Vocabulary.SECTOR, "sensorik", "Sensorik")
        for number, row in enumerate(rows):
            companies.create(session, SYSTEM, CompanyInput(**row | {"name": f"{row['name']} {number}"}))
        table = company_lists.table(session, SYSTEM, CompanyQuery())
        run = upload(session, xlsx_bytes(table) if xlsx else csv_bytes(table), "firmen.xlsx" if xlsx else "firmen.csv")
        assert kinds(session, run) == {"unchanged": len(rows)}
        before = stored(session)
        edited = upload(
            session, "Kennung;Name;Ort\n" + "".join(f"{slug};{slug};Neuort\n" for slug in before) + ";Ganz neu;\n"
        )
        company_imports.apply(session, SYSTEM, edited, None)
        assert {values.place for slug, values in stored(session).items() if slug in before} == {"Neuort"}
        assert company_imports.undo(session, SYSTEM, edited) == []
        assert stored(session) == before
        assert session.scalars(select(Company.slug)).all()
