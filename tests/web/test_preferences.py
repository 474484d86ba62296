"""Language and theme: chosen by a form, kept in a cookie, applied by the server."""

from flask.testing import FlaskClient

from tests.browsing import post


def test_the_theme_is_set_on_the_page_by_the_server(client: FlaskClient) -> None:
    assert "data-bs-theme" not in client.get("/help").get_data(as_text=True)
    answer = post(client, "/preferences", {"theme": "dark", "next": "/help"}, page="/help")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/help")
    assert 'data-bs-theme="dark"' in client.get("/help").get_data(as_text=True)
    post(client, "/preferences", {"theme": "auto"}, page="/help")
    assert "data-bs-theme" not in client.get("/help").get_data(as_text=True)


def test_the_language_is_set_on_the_page(client: FlaskClient) -> None:
    post(client, "/preferences", {"language": "en", "next": "/help"}, page="/help")
    assert '<html lang="en"' in client.get("/help").get_data(as_text=True)


def test_the_choice_comes_back_to_the_page_with_its_parameters(client: FlaskClient) -> None:
    page = client.get("/?q=akku&topic=x").get_data(as_text=True)
    assert 'name="next" value="/?q=akku&amp;topic=x"' in page


def test_unknown_choices_and_foreign_targets_change_nothing(client: FlaskClient) -> None:
    answer = post(client, "/preferences", {"theme": "pink", "next": "https://boese.example/"}, page="/help")
    assert answer.headers["Location"] == "/"
    assert "theme=" not in answer.headers.get("Set-Cookie", "")


def test_a_choice_without_a_token_is_refused(client: FlaskClient) -> None:
    assert client.post("/preferences", data={"theme": "dark"}).status_code == 400
