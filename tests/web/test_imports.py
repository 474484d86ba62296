"""The journey of a list: upload, columns, preview, choosing, applying, undoing – without scripts."""

import io
import re
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catalogue.db import Database
from catalogue.models import ImportFile, ImportRun, Module
from catalogue.services import module_locks, modules
from catalogue.services.module_input import ModuleInput
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.services.lists import cells_of, csv_file, workbook

PAGE = "/curation/imports"


@pytest.fixture
def staff(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.curator_user)
    return client


@pytest.fixture
def slug(database: Database, people: People) -> str:
    with database.write() as session:
        given = ModuleInput(title="Zellmontage", code="ZM-1", place_text="Arnstadt", duration_text="2 Tage")
        return modules.create(session, people.curator, given).slug


def send(client: FlaskClient, content: bytes, name: str = "partner.csv") -> TestResponse:
    return post(client, PAGE, {"file": (io.BytesIO(content), name)}, page="/help", content_type="multipart/form-data")


def text_of(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def settled(client: FlaskClient, path: str) -> str:
    """The page as soon as the work in the background is done."""
    for _ in range(400):
        if not client.get(f"{path}/state").get_json()["busy"]:
            return text_of(client.get(path))
        time.sleep(0.05)
    raise AssertionError("the work does not end")


def checked(client: FlaskClient, content: bytes, name: str = "partner.csv", **form: Any) -> str:
    """Upload, accept the guessed columns, and return the path of the import when it is checked."""
    answer = send(client, content, name)
    assert answer.status_code == 303, text_of(answer)[:3000]
    path = answer.headers["Location"]
    keys = re.findall(r'<select[^>]*name="(columns-\d+)".*?</select>', text_of(client.get(path)), re.S)
    chosen = re.findall(r'<option selected value="([^"]*)"', text_of(client.get(path)))
    assert post(client, f"{path}/mapping", dict(zip(keys, chosen, strict=True)) | form, page="/help").status_code == 303
    settled(client, path)
    return path


def boxes(page: str, kind: str) -> dict[str, str]:
    """What a browser would send with the form of the preview."""
    shown = re.search(r'name="shown" value="([^"]*)"', page)
    assert shown
    return {"shown": shown[1], "kind": kind}


def test_the_whole_journey(staff: FlaskClient, database: Database, people: People, slug: str) -> None:
    path = checked(
        staff, csv_file("Kürzel;Titel;Ort;Dauer", "ZM-1;Zellmontage;Erfurt;3 Tage", "ZM-2;Formierung;;", "ZM-3;;;")
    )

    changed = text_of(staff.get(f"{path}?kind=changed"))
    assert "Noch ist nichts gespeichert." in changed
    assert "<del>Arnstadt</del>" in changed
    assert "<ins>Erfurt</ins>" in changed
    assert "<code>C2</code>" in changed
    assert "1 neue und 1 geänderte übernehmen" in changed
    assert "Formierung" in text_of(staff.get(f"{path}?kind=new"))
    assert "<code>B4</code> Titel: Der Titel fehlt." in text_of(staff.get(f"{path}?kind=wrong"))
    wrong = cells_of(staff.get(f"{path}/wrong.xlsx").data)
    assert wrong == [["Kürzel", "Titel", "Ort", "Dauer", "Fehler"], ["ZM-3", None, None, None, "B4: Der Titel fehlt."]]

    form = boxes(changed, "changed") | {"take": "2:place_text", "action": "apply"}
    assert post(staff, f"{path}/selection", form, page="/help").status_code == 303
    done = settled(staff, path)
    assert "2 Module übernommen." in done
    with database.read() as session:
        said = modules.input_of(modules.get(session, people.curator, slug))
    assert (said.place_text, said.duration_text) == ("Erfurt", "2 Tage")
    assert "importiert" in text_of(staff.get(f"/curation/modules/{slug}/history"))

    assert post(staff, f"{path}/undo", page="/help").status_code == 303
    assert "Der Import ist rückgängig gemacht." in settled(staff, path)
    with database.read() as session:
        assert modules.input_of(modules.get(session, people.curator, slug)).place_text == "Arnstadt"
    assert "partner.csv" in text_of(staff.get(PAGE))


def test_rows_that_look_like_a_known_module_say_so_and_are_imported_all_the_same(staff: FlaskClient, slug: str) -> None:
    path = checked(staff, csv_file("Kürzel;Titel", "zm1;Etwas anderes", "X-9;Zell-Montage", "X-10;Wickeln"))
    page = text_of(staff.get(path))
    assert page.count("Vielleicht schon da") == 2
    assert page.count(f'href="/curation/modules/{slug}"') == 2
    assert "gleiches Kürzel: ZM1" in page
    assert "3 neue und 0 geänderte übernehmen" in page


def test_exported_edited_and_imported_again(staff: FlaskClient, slug: str) -> None:
    rows = cells_of(staff.get(f"{PAGE}/modules.xlsx").data)
    rows[1][rows[0].index("Ort")] = "Jena"
    page = text_of(staff.get(checked(staff, workbook(rows), "module.xlsx")))
    assert "0 neue und 1 geänderte übernehmen" in page
    assert page.count('name="take"') == 1


def test_columns_are_remembered_and_mistakes_stay_on_the_page(staff: FlaskClient) -> None:
    path = send(staff, csv_file("Eins;Zwei", "a;b")).headers["Location"]
    form = {"columns-0": "title", "columns-1": "title"}
    refused = post(staff, f"{path}/mapping", form, page="/help")
    assert refused.status_code == 422
    assert "„Titel“ ist schon einer anderen Spalte zugeordnet." in text_of(refused)
    post(staff, f"{path}/mapping", form | {"columns-1": "place_text"}, page="/help")
    settled(staff, path)
    again = text_of(staff.get(send(staff, csv_file("Eins;Zwei", "c;d")).headers["Location"]))
    assert re.findall(r'<option selected value="([^"]*)"', again) == ["title", "place_text"]


def test_choices_of_a_page_are_kept_and_fields_can_be_protected(
    staff: FlaskClient, database: Database, people: People, slug: str
) -> None:
    path = checked(staff, csv_file("Kürzel;Titel;Ort;Dauer", "ZM-1;Zellmontage;Erfurt;3 Tage"))
    page = text_of(staff.get(path))
    form = boxes(page, "changed") | {"take": "2:duration_text"}
    assert post(staff, f"{path}/selection", form | {"action": "lock 2:place_text"}, page="/help").status_code == 303
    page = text_of(staff.get(path))
    assert "vor Importen geschützt" in page
    assert "0 neue und 1 geänderte" in page
    with database.read() as session:
        locks = module_locks.locks_of(session, people.curator, modules.get(session, people.curator, slug))
        assert [one.field for one in locks] == ["place_text"]
    post(staff, f"{PAGE}/locks/{slug}", {"fields": ["title"]}, page="/help")
    assert re.search(r'value="title"[^>]*checked', text_of(staff.get(f"{PAGE}/locks/{slug}")))
    assert post(staff, f"{PAGE}/locks/{slug}", {"fields": ["state"]}, page="/help").status_code == 422


def test_nothing_of_a_refused_file_is_kept(staff: FlaskClient, database: Database) -> None:
    for name, content in (
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("b.pdf", b"%PDF"),
        ("c.csv", b"Titel\n\x00"),
        ("d.csv", b""),
    ):
        answer = send(staff, content, name)
        assert answer.status_code == 422, name
        assert "Es gibt ein Problem" in text_of(answer)
    with database.read() as session:
        assert session.query(ImportRun).count() == session.query(ImportFile).count() == 0


@pytest.mark.parametrize("name", ["../../x.csv", "a\u202evsc.csv", "x" * 300 + ".csv", "<b>fett</b>.csv"])
def test_names_of_files_mislead_nobody(staff: FlaskClient, name: str) -> None:
    path = send(staff, csv_file("Titel", "Eins"), name).headers["Location"]
    page = text_of(staff.get(path))
    assert "<b>fett" not in page
    assert "\u202e" not in page
    assert "../" not in page


def test_actions_at_the_wrong_time_are_conflicts_and_unknown_imports_are_not_found(staff: FlaskClient) -> None:
    path = checked(staff, csv_file("Titel", "Eins"))
    assert post(staff, f"{path}/undo", page="/help").status_code == 409
    assert post(staff, f"{path}/resume", page="/help").status_code == 409
    assert post(staff, f"{path}/discard", page="/help").status_code == 303
    assert post(staff, f"{path}/discard", page="/help").status_code == 409
    assert post(staff, f"{path}/selection", {"action": "apply"}, page="/help").status_code == 409
    assert staff.get(f"{PAGE}/00000000-0000-0000-0000-000000000000").status_code == 404
    assert "verworfen" in text_of(staff.get(path))


@pytest.mark.parametrize("path", ["", "/modules.xlsx", "/locks/zellmontage", "/00000000-0000-0000-0000-000000000000"])
def test_companies_cannot_import(client: FlaskClient, people: People, path: str) -> None:
    assert client.get(PAGE + path).status_code == 303
    sign_in(client, people.company_admin_user)
    assert client.get(PAGE + path).status_code == 403


@pytest.mark.parametrize(
    "form",
    [
        {"shown": "x 9999999:title 2:", "take": "\u00fc", "kind": "?", "page": "-1"},
        {"action": "lock 2:title"},
        {"action": "lock :"},
        {"go": "99999999999999"},
    ],
)
def test_strange_choices_never_fail(staff: FlaskClient, form: dict[str, str]) -> None:
    path = checked(staff, csv_file("Titel", "Eins"))
    answer = post(staff, f"{path}/selection", form, page="/help")
    assert answer.status_code in (303, 404)
    if answer.status_code == 303:
        assert staff.get(answer.headers["Location"]).status_code == 200


def test_interrupted_work_can_be_begun_again(staff: FlaskClient, app: Flask, database: Database) -> None:
    path = checked(staff, csv_file("Titel", "Eins"))
    with database.write() as session:
        session.query(ImportRun).update({"state": "applying"})  # as a server that was stopped leaves it
    page = text_of(staff.get(path))
    assert "Noch einmal beginnen" in page
    assert post(staff, f"{path}/resume", page="/help").status_code == 303
    assert "1 Modul übernommen." in settled(staff, path)
    with database.read() as session:
        assert session.query(Module).count() == 1
