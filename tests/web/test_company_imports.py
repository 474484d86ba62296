"""Importing a list of companies in the browser."""

from io import BytesIO

from flask.testing import FlaskClient

from tests.browsing import post, sign_in
from tests.conftest import People

LIST = "/admin/company-imports"


def upload(client: FlaskClient, text: str, name: str = "firmen.csv"):  # type: ignore[no-untyped-def]
    return post(client, LIST, {"file": (BytesIO(text.encode()), name)}, page=LIST, content_type="multipart/form-data")


def test_from_the_file_to_the_undo(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    path = upload(client, "Name;Ort\nNeue Firma;Jena\nMuster AG;Gera\nBeispiel GmbH;\nBeispiel GmbH;\n").location
    page = client.get(path).get_data(as_text=True)
    assert "1 neue und 1 geänderte übernehmen" in page
    assert "A5" in page
    assert "steht schon in Zeile 4" in page
    fingerprint = page.split('name="fingerprint" value="')[1].split('"')[0]
    assert post(client, f"{path}/apply", {"fingerprint": "alt"}, page=path).location == path
    assert "Vorschau noch einmal" in client.get(path).get_data(as_text=True)
    assert post(client, f"{path}/apply", {"fingerprint": fingerprint}, page=path).status_code == 303
    assert "2 Unternehmen übernommen" in client.get(path).get_data(as_text=True)
    assert "Neue Firma" in client.get("/admin/companies").get_data(as_text=True)
    assert post(client, f"{path}/undo", page=path).status_code == 303
    assert "rückgängig gemacht" in client.get(path).get_data(as_text=True)
    assert "Neue Firma" not in client.get("/admin/companies").get_data(as_text=True)


def test_bad_files_are_refused_at_the_field_and_lists_can_be_discarded(client: FlaskClient, people: People) -> None:
    sign_in(client, people.admin_user)
    for text, name in (("", "leer.csv"), ("Ort\nJena\n", "firmen.csv"), ("Name\nA\n", "firmen.exe")):
        refused = upload(client, text, name)
        assert refused.status_code == 422
        assert "file-error" in refused.get_data(as_text=True)
    assert post(client, LIST, page=LIST).status_code == 422
    path = upload(client, "Name\nNeu\n").location
    assert post(client, f"{path}/discard", page=path).location == LIST
    assert client.get(path).status_code == 404
