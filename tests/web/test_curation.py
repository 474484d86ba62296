"""The pages of network staff, without scripts: nothing typed is lost, nothing shows what it should not."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import (
    Feedback,
    FeedbackKind,
    FeedbackVisibility,
    Measure,
    Module,
    Run,
    RunState,
    Term,
    Vocabulary,
    WorkflowState,
)
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

TAG = "<script>alert(1)</script>"


@pytest.fixture
def staff(app: Flask, people: People) -> FlaskClient:
    """Clara's browser."""
    client = app.test_client()
    sign_in(client, people.curator_user)
    return client


@pytest.fixture
def module(database: Database, people: People) -> str:
    """The slug of a published module."""
    with database.write() as session:
        factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        factories.make_provider(session, "SLV Halle")
        factories.make_module(
            session, "ADR-Basiskurs", summary="Alt.", provider_text="SLV", source_url="https://a.example"
        )
    return "adr-basiskurs"


def stored(database: Database, slug: str) -> Module:
    with database.read() as session:
        return session.scalars(select(Module).where(Module.slug == slug)).one()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found[1]


def form_of(client: FlaskClient, path: str) -> dict[str, Any]:
    """All text fields of the edit form as a browser would send them, with the choice to publish at once."""
    page = client.get(path).get_data(as_text=True)
    fields = dict(re.findall(r'<input[^>]*name="([a-z_]+)"[^>]*type="text"[^>]*value="([^"]*)"', page))
    fields |= dict(re.findall(r'<textarea[^>]*name="([a-z_]+)"[^>]*>\s*([^<]*)</textarea>', page))
    sent = {name: hidden(page, name) for name in ("version", "waiting")}
    return fields | {"title_exact": "y", "when": "now", **sent}


def test_every_page_opens_for_staff_and_for_nobody_else(
    app: Flask, staff: FlaskClient, people: People, module: str
) -> None:
    paths = [
        "", "/modules", "/modules.csv", "/modules.xlsx", "/modules/new", f"/modules/{module}", f"/modules/{module}/history",
        f"/modules/{module}/runs", f"/modules/{module}/runs/new", "/measures", "/measures/new", "/providers", "/providers/new",
        "/providers/slv-halle", "/programmes/new", "/vocabularies/topic", "/vocabularies/topic/new",
        "/vocabularies/topic/sicherheit", "/feedback", f"/modules/new?from={module}",
    ]  # fmt: skip
    member = app.test_client()
    sign_in(member, people.member_user)
    for path in paths:
        assert staff.get(f"/curation{path}").status_code == 200, path
        assert member.get(f"/curation{path}").status_code == 403, path
        assert app.test_client().get(f"/curation{path}").status_code == 303, path


def test_a_module_is_created_reviewed_published_and_archived(
    staff: FlaskClient, client: FlaskClient, database: Database, people: People
) -> None:
    made = post(staff, "/curation/modules/new", {"title": "Neues Modul", "summary": "Ein Satz.", "title_exact": "y"})
    assert made.headers["Location"] == "/curation/modules/neues-modul"
    path = "/curation/modules/neues-modul"
    assert client.get("/modules/neues-modul").status_code == 404

    def take(name: str) -> Any:
        version = hidden(staff.get(path).get_data(as_text=True), "version")
        return post(staff, f"{path}/steps/{name}", {"version": version})

    assert take("submit").status_code == 303
    refused = take("publish")
    assert refused.status_code == 422
    assert 'href="#provider"' in refused.get_data(as_text=True)
    assert 'href="#source_url"' in refused.get_data(as_text=True)
    post(staff, path, form_of(staff, path) | {"provider_text": "SLV", "as_of": "01.10.2026"})
    assert take("publish").status_code == 303
    assert client.get("/modules/neues-modul").status_code == 200
    assert take("archive").status_code == 303
    assert stored(database, "neues-modul").state == WorkflowState.ARCHIVED
    assert client.get("/modules/neues-modul").status_code == 200
    assert take("submit").status_code == 409
    assert take("fliegen").status_code == 404


def test_errors_stand_at_their_fields_and_in_the_summary_and_the_input_is_kept(
    staff: FlaskClient, database: Database, module: str
) -> None:
    path = f"/curation/modules/{module}"
    values = form_of(staff, path) | {
        "title": "",
        "summary": TAG,
        "dqr": "neun",
        "source_url": "javascript:1",
        "as_of": "gestern",
    }
    answer = post(staff, path, values)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("title", "dqr", "as_of"):
        assert f'href="#{field}"' in page
        assert f'id="{field}-error"' in page
    assert "gestern" in page
    assert "&lt;script&gt;" in page
    assert TAG not in page
    answer = post(staff, path, values | {"title": "Da", "dqr": "9", "as_of": ""})
    for field in ("dqr", "source_url"):
        assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert stored(database, module).summary == "Alt."


def test_two_browsers_edit_the_same_module_and_nothing_is_lost(
    app: Flask, staff: FlaskClient, people: People, database: Database, module: str
) -> None:
    path = f"/curation/modules/{module}"
    nora = app.test_client()
    sign_in(nora, people.admin_user)
    claras, noras = form_of(staff, path), form_of(nora, path)
    assert post(staff, path, claras | {"summary": f"Von Clara {TAG}"}).status_code == 303
    conflict = post(nora, path, noras | {"summary": f"Von Nora {TAG}", "objectives": "messen"})
    page = conflict.get_data(as_text=True)
    assert conflict.status_code == 409
    assert TAG not in page
    assert "Von Clara &lt;script&gt;" in page
    assert "Von Nora &lt;script&gt;" in page
    assert "Clara Netz" in page
    assert stored(database, module).summary == f"Von Clara {TAG}"
    again = noras | {"summary": f"Von Nora {TAG}", "objectives": "messen", "version": hidden(page, "version")}
    assert post(nora, path, again).status_code == 303
    assert stored(database, module).summary == f"Von Nora {TAG}"
    assert stored(database, module).objectives == ["messen"]
    history = nora.get(f"{path}/history/compare").get_data(as_text=True)
    assert "<del>Clara</del>" in history
    assert "<ins>Nora</ins>" in history
    assert TAG not in history


def test_fields_that_are_not_in_the_form_change_nothing(staff: FlaskClient, database: Database, module: str) -> None:
    path = f"/curation/modules/{module}"
    before = stored(database, module)
    extra = {
        "state": "archived", "id": "0", "slug": "anders", "position": "99", "published_at": "2020-01-01", "sort_title": "x",
        "confirmed_by": "x", "title": "ADR-Basiskurs neu", "terms_sector": "automotive",
    }  # fmt: skip
    assert post(staff, path, form_of(staff, path) | extra).status_code == 303
    after = stored(database, module)
    assert after.title == "ADR-Basiskurs neu"
    for name in ("id", "slug", "state", "position", "published_at", "confirmed_by"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.version == before.version + 1


@pytest.mark.parametrize("version", ["", "0", "-1", "abc", "99999999999999999999", "²"])
def test_a_missing_or_odd_version_counts_as_stale(
    staff: FlaskClient, database: Database, module: str, version: str
) -> None:
    path = f"/curation/modules/{module}"
    answer = post(staff, path, form_of(staff, path) | {"summary": "Neu.", "version": version})
    assert answer.status_code == 409
    assert stored(database, module).summary == "Alt."
    assert post(staff, f"{path}/steps/archive", {"version": version}).status_code == 409


def test_unknown_terms_and_providers_are_refused_not_stored(
    staff: FlaskClient, database: Database, module: str
) -> None:
    path = f"/curation/modules/{module}"
    values = form_of(staff, path) | {"terms_topic": ["sicherheit", "erfunden"], "provider": "erfunden"}
    answer = post(staff, path, values)
    assert answer.status_code == 422
    assert 'href="#terms_topic"' in answer.get_data(as_text=True)
    assert post(staff, path, values | {"terms_topic": "sicherheit", "provider": "slv-halle"}).status_code == 303
    assert "checked" in staff.get(path).get_data(as_text=True).split('name="terms_topic"')[1][:120]


def test_a_version_is_restored_from_the_history(staff: FlaskClient, database: Database, module: str) -> None:
    path = f"/curation/modules/{module}"
    for summary in ("Eins.", "Zwei."):
        post(staff, path, form_of(staff, path) | {"summary": summary})
    version = hidden(staff.get(path).get_data(as_text=True), "version")
    assert post(staff, f"{path}/history/1/restore", {"version": version}).status_code == 303
    assert stored(database, module).summary == "Eins."
    for number in (0, 9, 99999999999999999999):
        assert post(staff, f"{path}/history/{number}/restore", {"version": version}).status_code == 404
    assert staff.get(f"{path}/history/compare?from=99&to=1").status_code == 404
    assert staff.get(f"{path}/history/compare?from=x&to=y").status_code == 200


def test_the_table_keeps_its_state_in_the_address_and_exports_what_it_shows(staff: FlaskClient, module: str) -> None:
    page = staff.get("/curation/modules?state=published&sort=title").get_data(as_text=True)
    assert "ADR-Basiskurs" in page
    assert "sort=-title" in page
    assert "/curation/modules.csv?state=published" in page
    assert "ADR-Basiskurs" in staff.get("/curation/modules.csv?state=published").get_data(as_text=True)
    assert "ADR-Basiskurs" not in staff.get("/curation/modules.csv?state=draft").get_data(as_text=True)
    for odd in (
        "page=99999999999999999999",
        "page=-1",
        "page=x",
        "sort=%27",
        "state=x&missing=y&status=z",
        "q=%25_%5C",
    ):
        assert staff.get(f"/curation/modules?{odd}").status_code == 200, odd


def test_staff_see_which_catalogues_take_a_module_and_what_the_others_miss(
    staff: FlaskClient, database: Database, module: str
) -> None:
    with database.write() as session:
        for vocabulary in (
            Vocabulary.FORMAT,
            Vocabulary.PRICE,
            Vocabulary.CERTIFICATE,
            Vocabulary.LEVEL,
            Vocabulary.TOPIC,
        ):
            factories.make_term(session, vocabulary, "eins", "Eins")
    page = staff.get(f"/curation/modules/{module}").get_data(as_text=True)
    form = page[page.index("<form") :]
    told = "".join(re.findall(r'<details class="readiness".*?</details>', page, re.S))
    fields = re.findall(r'<li><a href="#([^"]+)"', told)
    assert {"terms_format", "terms_price"} <= set(fields)
    assert all(f'id="{field}"' in form for field in fields), fields
    assert f'href="/curation/modules/{module}/runs"' in told
    listed = staff.get("/curation/modules?ready=-kursnet").get_data(as_text=True)
    assert "ADR-Basiskurs" in listed
    assert '<option value="-kursnet" selected>nicht bereit für KURSNET</option>' in listed
    assert "ADR-Basiskurs" not in staff.get("/curation/modules?ready=kursnet").get_data(as_text=True)
    assert "ADR-Basiskurs" in staff.get("/curation/modules?ready=unsinn").get_data(as_text=True)
    exported = staff.get("/curation/modules.csv?ready=amb").get_data(as_text=True)
    assert "AMB, MOOChub" in exported


def test_runs_are_added_copied_and_cancelled(staff: FlaskClient, database: Database, module: str) -> None:
    path = f"/curation/modules/{module}/runs"
    refused = post(staff, f"{path}/new", {"starts_on": "", "place": "Erfurt"})
    assert refused.status_code == 422
    assert 'value="Erfurt"' in refused.get_data(as_text=True)
    assert (
        post(staff, f"{path}/new", {"starts_on": "16.02.2027", "place": "Erfurt", "state": "planned"}).status_code
        == 303
    )
    with database.read() as session:
        run = session.scalars(select(Run)).one()
    assert 'value="Erfurt"' in staff.get(f"{path}/new?from={run.id}").get_data(as_text=True)
    assert staff.get(f"{path}/new?from=x").status_code == 404
    assert post(staff, f"{path}/{run.id}", {"starts_on": "16.02.2027", "version": "9"}).status_code == 409
    asked = post(staff, f"{path}/{run.id}/cancel", {"version": "1"})
    assert (asked.status_code, "Geben Sie an, warum" in asked.get_data(as_text=True)) == (422, True)
    reason = {"version": "1", "cancel_reason": "Zu wenige Anmeldungen"}
    back = "/curation/runs?when=all&seats=unknown&sort=-module"
    done = post(staff, f"{path}/{run.id}/cancel", reason, query_string={"back": back})
    assert (done.status_code, done.location) == (303, back)
    for page in (path, back, f"{path}/{run.id}", f"/modules/{module}", "/runs?view=month&month=2027-02"):
        assert "abgesagt" in staff.get(page).get_data(as_text=True), page
    assert "Zustand: <del>geplant</del>" in staff.get(path).get_data(as_text=True)
    assert "Zu wenige Anmeldungen" in staff.get(f"/curation/runs.csv{back[14:]}").get_data(as_text=True)
    shifted = staff.get(f"{path}/new?from={run.id}&weeks=2").get_data(as_text=True)
    assert 'value="2027-03-02"' in shifted
    with database.read() as session:
        assert session.scalars(select(Run.state)).one() == RunState.CANCELLED


def test_a_measure_orders_modules_and_is_published(
    staff: FlaskClient, client: FlaskClient, database: Database, module: str
) -> None:
    with database.write() as session:
        factories.make_module(session, "Zweites")
    lines = {
        "parts-0-position": "2", "parts-0-module": module, "parts-0-required": "y",
        "parts-1-position": "1", "parts-1-module": "zweites", "parts-2-position": "3", "parts-2-module": "",
    }  # fmt: skip
    assert post(staff, "/curation/measures/new", {"title": "Weg", **lines}).status_code == 303
    page = staff.get("/curation/measures/weg").get_data(as_text=True)
    assert page.index('selected value="zweites"') < page.index(f'selected value="{module}"')
    assert post(staff, "/curation/measures/weg", {"title": "Weg", **lines, "version": "7"}).status_code == 409
    assert post(staff, "/curation/measures/weg/steps/publish", {"version": "1"}).status_code == 303
    assert post(staff, "/curation/measures/weg/steps/submit", {"version": "2"}).status_code == 404
    with database.read() as session:
        assert session.scalars(select(Measure.state)).one() == WorkflowState.PUBLISHED


def test_providers_programmes_and_terms_are_edited(staff: FlaskClient, database: Database, module: str) -> None:
    assert post(staff, "/curation/providers/new", {"name": ""}).status_code == 422
    assert post(staff, "/curation/providers/new", {"name": "TÜV Süd"}).status_code == 303
    assert post(staff, "/curation/providers/tuev-sued", {"name": "TÜV SÜD", "version": "1"}).status_code == 303
    assert post(staff, "/curation/providers/tuev-sued", {"name": "Anders", "version": "1"}).status_code == 409
    assert (
        post(staff, "/curation/programmes/new", {"name": "B³", "kind": "sibling", "position": "2"}).status_code == 303
    )
    assert post(staff, "/curation/programmes/b3", {"name": "B³ neu", "kind": "x", "version": "1"}).status_code == 303
    term = "/curation/vocabularies/topic/sicherheit"
    assert (
        post(
            staff, term, {"label_de": "Sicherheit und Schutz", "synonyms": "Schutz\n\nSafety", "version": "1"}
        ).status_code
        == 303
    )
    assert post(staff, term, {"label_de": "Anders", "version": "1"}).status_code == 409
    with database.read() as session:
        found = session.scalars(select(Term).where(Term.code == "sicherheit")).one()
    assert (found.synonyms, found.old_names) == (["Schutz", "Safety"], ["Sicherheit"])
    assert staff.get("/curation/vocabularies/unbekannt").status_code == 404
    assert staff.get("/curation/vocabularies/topic/unbekannt").status_code == 404


def test_feedback_is_answered_in_the_inbox(staff: FlaskClient, database: Database, people: People, module: str) -> None:
    with database.write() as session:
        remark = Feedback(
            company_id=people.company.id, user_id=people.member_user.id, kind=FeedbackKind.QUESTION, text=f"Wann? {TAG}"
        )
        session.add(remark)
    page = staff.get("/curation/feedback").get_data(as_text=True)
    assert "Wann? &lt;script&gt;" in page
    assert TAG not in page
    path = f"/curation/feedback/{remark.id}"
    assert post(staff, path, {"answer": "Im Mai.", "version": "1"}).status_code == 422
    assert post(staff, path, {"state": "done", "answer": "", "version": "1"}).status_code == 422
    assert post(staff, path, {"state": "done", "answer": "Im Mai.", "version": "1"}).status_code == 303
    late = post(staff, path, {"state": "declined", "answer": "Im Juni.", "version": "1"})
    assert late.status_code == 409
    assert "Im Mai." in late.get_data(as_text=True)
    assert "Im Juni." in late.get_data(as_text=True)
    assert "Wann?" not in staff.get("/curation/feedback").get_data(as_text=True)
    assert "Wann?" in staff.get("/curation/feedback?state=done").get_data(as_text=True)
    assert staff.get("/curation/feedback?state=x&kind=y&page=-3").status_code == 200


def test_a_remark_is_hidden_with_a_reason_shown_again_and_moved(
    staff: FlaskClient, database: Database, people: People, module: str
) -> None:
    with database.write() as session:
        remark = Feedback(
            company_id=people.company.id, user_id=people.member_user.id, kind=FeedbackKind.THREAT, text="Zu teuer",
            visibility=FeedbackVisibility.MEMBERS,
        )  # fmt: skip
        session.add(remark)
    path = f"/curation/feedback/{remark.id}"
    page = staff.get(path).get_data(as_text=True)
    assert "Für Mitglieder ausblenden" in page
    assert len(ids := re.findall(r' id="([^"]+)"', page)) == len(set(ids))
    assert post(staff, f"{path}/hide", {"hide-reason": "", "hide-version": "1"}).status_code == 422
    assert post(staff, f"{path}/hide", {"hide-reason": "Nennt Preise", "hide-version": "1"}).status_code == 303
    assert "Zu teuer" in staff.get("/curation/feedback?state=hidden").get_data(as_text=True)
    assert "Nennt Preise" in staff.get(path).get_data(as_text=True)
    assert post(staff, f"{path}/show", {"version": "1"}).status_code == 409
    assert post(staff, f"{path}/show", {"version": "2"}).status_code == 303
    moved = {"move-kind": "weakness", "move-module": "", "move-reason": "x", "move-version": "3"}
    assert post(staff, f"{path}/move", moved | {"move-module": "unbekannt"}).status_code == 422
    assert post(staff, f"{path}/move", moved).status_code == 303
    assert post(staff, f"{path}/move", moved | {"move-kind": "strength"}).status_code == 409


def test_the_start_page_counts_what_its_lists_hold(staff: FlaskClient, database: Database, module: str) -> None:
    with database.write() as session:
        for number in range(3):
            factories.make_module(session, f"Wartet {number}", state=WorkflowState.REVIEW)
    page = staff.get("/curation").get_data(as_text=True)
    assert "4 Module" in page
    assert re.search(r"Zu prüfen <span>3</span>", page)
    assert staff.get("/curation/modules?state=review").get_data(as_text=True).count("Prüfen: Wartet") == 3
