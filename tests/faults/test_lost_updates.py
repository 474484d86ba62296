"""Two people edit the same thing: whoever saves second reads both versions, and nothing is overwritten unseen."""

import html
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from tests.faults.forms import Form, collected, pattern, send
from tests.faults.table import Faults
from tests.web.installation import Installation, installation

FIRST, SECOND = 'Erste <b>"Fassung"</b> & mehr', "Zweite <i>'Fassung'</i> & mehr"
TEXTS = ("text", "textarea")
SETTLED = (
    "/demand/refuse",
    "/withdraw",
    "/schedule",
    "/confirm",
)  # asking twice for the same says nothing new and changes nothing


def _words(form: Form) -> str:
    """The field in which both write something else, "" if there are only choices."""
    return next((name for name, one in form.fields.items() if one.kind in TEXTS and not one.hidden), "")


def _filled(form: Form, words: str) -> MultiDict[str, object]:
    filled = form.filled()
    filled["once"] = words  # each has opened a form of their own
    if name := _words(form):
        filled[name] = words
    return filled


def _saved_second(made: Installation, role: str, form: Form) -> str | None:
    """Return what is wrong with how the second is answered, None if the form cannot be tried."""
    client = made.browser(role)
    try:
        first = send(client, form, _filled(form, FIRST))
        if first.status_code != 303:
            return None
        second = send(client, form, _filled(form, SECOND))
    finally:
        made.back()
    page = second.get_data(as_text=True)
    if second.status_code != 409:
        return f"is answered {second.status_code} {second.location}"
    if not _words(form):
        return ""
    missing = [words for words in (FIRST, SECOND) if words not in html.unescape(page)]
    raw = [words for words in (FIRST, SECOND) if words in page]
    return f"misses {missing}, unescaped {raw}" if missing or raw else ""


@pytest.mark.slow
def test_the_second_of_two_editors_reads_both_versions(sqlite_template: Path, faults: Faults) -> None:
    tried, wrong = set[str](), list[str]()
    with installation(sqlite_template) as made:
        for role in ("company_admin", "admin"):
            for form in collected(made, role):
                if (
                    form.action.endswith(SETTLED)
                    or "version" not in form.fields
                    or form.fields["version"].values in ([], ["0"], [""])
                ):
                    continue
                found = _saved_second(made, role, form)
                if found is not None:
                    tried.add(pattern(form.action))
                if found:
                    wrong.append(f"{role} {pattern(form.action)} {found}")
    faults.record("R7", "two editors at every form with a version", tries=len(tried), lost=len(wrong))
    if wrong:
        pytest.fail("\n".join(wrong))
    assert len(tried) > 20
