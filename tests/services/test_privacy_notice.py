"""What the pages and the report about privacy say comes from the settings and the code; the docs say the same."""

import re
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from catalogue.cli import cli
from catalogue.db import Database, Session
from catalogue.models import NoticeShown
from catalogue.services import health, privacy_notice, privacy_report, retention
from catalogue.services.personal_tables import HOLDINGS
from catalogue.settings import Settings
from tests.conftest import ON_SQLITE, People

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = {
    "operator_name": "Netz e. V.", "operator_address": "Gasse 1, 99999 Ort", "operator_representative": "Vera Vorstand",
    "operator_email": "buero@netz.example", "supervisory_authority": "Landesamt",
}  # fmt: skip


def test_a_version_is_shown_once_and_its_day_is_kept(session: Session, people: People) -> None:
    assert [privacy_notice.show_new(session, people.member_user) for _ in range(3)] == [True, False, False]
    kept = session.query(NoticeShown).one()
    assert (kept.user_id, kept.version) == (people.member_user.id, privacy_notice.VERSION)


def test_calls_to_the_outside_are_those_of_the_settings() -> None:
    quiet = Settings(link_checks=False)
    assert [call.to for call in privacy_notice.calls(quiet)] == ["Seiten der Quellen"]
    loud = replace(quiet, smtp_host="mail.example", link_checks=True)
    assert [call.to for call in privacy_notice.calls(loud)] == [
        "mail.example",
        "Seiten der Anbieter",
        "Seiten der Quellen",
    ]


def test_what_law_asks_of_an_operator_is_missing_until_it_is_set() -> None:
    assert len(privacy_notice.missing(Settings())) == 5
    assert privacy_notice.missing(Settings(demo=True)) == []
    assert privacy_notice.missing(Settings(**OPERATOR)) == []


@ON_SQLITE
def test_doctor_warns_of_a_real_installation_without_operator(
    database: Database, settings: Settings, index: object
) -> None:
    real = replace(settings, base_url="https://katalog.example")
    found = health.examine(real, database, index)  # type: ignore[arg-type]
    said = [finding.level for finding in found if "CATALOGUE_OPERATOR_NAME" in f"{finding.text} {finding.advice}"]
    assert said == ["warning"]
    told = health.examine(replace(real, **OPERATOR), database, index)  # type: ignore[arg-type]
    assert [finding for finding in told if "CATALOGUE_OPERATOR" in f"{finding.text} {finding.advice}"] == []


def test_every_cookie_that_the_code_sets_is_on_the_page_and_the_other_way_round() -> None:
    set_in_code = {"session"}  # Flask's own
    for path in {*(ROOT / "catalogue").rglob("*.py")} - {ROOT / "catalogue/web/cookies.py"}:
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"(?<!answer\.)\bset_cookie\(answer, ([\w\"]+)", text):
            constant = re.search(rf"^{name} = \"(\w+)\"", text, re.M)
            chosen = re.search(rf"for {name}, \w+ in \((.*)\):", text)
            looked_up = (
                re.findall(r"\(\"(\w+)\"", chosen[1]) if chosen else [constant[1] if constant else name.strip('"')]
            )
            set_in_code |= set(looked_up)
    assert set_in_code == {cookie.name for cookie in privacy_notice.COOKIES}


def test_browsers_keep_nothing_else_but_votes_that_could_not_be_sent() -> None:
    scripts = sorted((ROOT / "static/js").glob("*.js"))
    keep = re.compile(r"localStorage|sessionStorage|document\.cookie|indexedDB|caches\.")
    assert [path.name for path in scripts if keep.search(path.read_text(encoding="utf-8"))] == ["vote.js"]
    assert "localStorage" not in (ROOT / "static/js/vote.js").read_text(encoding="utf-8")  # ends with the tab


def test_the_report_holds_all_facts_and_no_secrets(tmp_path: Path, monkeypatch: object) -> None:
    settings = Settings(
        secret_key="GEHEIM" * 10, smtp_password="GEHEIM", smtp_host="mail.example", audit_days=400, **OPERATOR
    )
    text = privacy_report.render(settings)
    for word in (
        "Netz e. V.",
        "Vera Vorstand",
        "Landesamt",
        "mail.example",
        "Protokoll: 400 Tage",
        "Argon2id",
        "klausur",
        "35 Tage",
    ):
        assert word in text, word
    assert all(holding.about in text for holding in HOLDINGS.values())
    assert "GEHEIM" not in text
    assert "(nicht eingetragen)" in privacy_report.render(Settings())


@ON_SQLITE
def test_the_commands_report_and_delete(database: Database, settings: Settings, tmp_path: Path) -> None:
    environment = {"CATALOGUE_STATE": str(settings.state)}
    runner = CliRunner()
    done = runner.invoke(cli, ["privacy", "report", "-o", str(tmp_path / "vvt.md")], env=environment)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "vvt.md").read_text(encoding="utf-8").startswith("# Verzeichnis")
    for options in (["--dry-run"], []):
        done = runner.invoke(cli, ["privacy", "retention", *options], env=environment)
        assert done.exit_code == 0, done.output
        assert "audit" in done.output


def documented(settings: Settings) -> list[str]:
    """The lines of docs/privacy.md that the code makes."""
    periods = [f"| `{one.key}` | {one.about} | {one.days} days | {one.since} |" for one in retention.periods(settings)]
    tables = [
        f"| `{table}` | {one.about} | {f'`{one.key}`' if one.key else 'no: ' + one.withheld} | "
        f"{', '.join(f'{name}: {fate.name.lower()}' for name, fate in {**one.persons, **one.addresses}.items()) or '–'} | "
        f"{one.kept.value}{f' (`{one.period}`)' if one.period else ''} |"
        for table, one in HOLDINGS.items()
    ]
    cookies = [f"| `{one.name}` | {one.purpose} | {one.lasts} |" for one in privacy_notice.COOKIES]
    return [*periods, *tables, *cookies]


def test_the_docs_say_what_the_code_does() -> None:
    """To write the lines anew: ``python -m tests.services.test_privacy_notice``."""
    page = (ROOT / "docs/privacy.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in documented(Settings()) if line not in page] == []
    assert len([line for line in page if line.startswith("| `")]) == len(documented(Settings()))


if __name__ == "__main__":
    print("\n".join(documented(Settings())))  # noqa: T201
