"""The documentation says what the code does: settings, commands, routes, links."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from catalogue.cli import cli
from catalogue.services.permissions import TABLE
from catalogue.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parent.parent
DOCS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"{prefix}{name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_documented_with_its_help(field) -> None:  # type: ignore[no-untyped-def]
    page = text("docs/settings.md")
    assert f"`CATALOGUE_{field.name.upper()}`" in page
    assert field.metadata["help"] in page


def test_the_settings_page_names_nothing_that_does_not_exist() -> None:
    known = {f"CATALOGUE_{field.name.upper()}" for field in fields(Settings)}
    known |= {f"CATALOGUE_{field.name.upper()}_FILE" for field in fields(Settings) if field.metadata["secret"]}
    named = set(
        re.findall(
            r"CATALOGUE_[A-Z_]*[A-Z]",
            "".join(text(f"docs/{name}") for name in ("settings.md", "operation.md")) + text("README.md"),
        )
    )
    assert {name for name in named if not name.startswith("CATALOGUE_TEST")} - known == set()


@pytest.mark.parametrize("command", sorted(commands(cli)))
def test_every_command_is_documented(command: str) -> None:
    assert f"catalogue {command}" in text("docs/operation.md")


def test_every_command_has_help() -> None:
    def walk(group: click.Group) -> Iterator[click.Command]:
        for command in group.commands.values():
            yield command
            if isinstance(command, click.Group):
                yield from walk(command)

    assert [command.name for command in walk(cli) if not command.help] == []


def test_links_between_the_documents_lead_somewhere() -> None:
    broken = []
    for page in DOCS:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http", "mailto:")) and not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_every_promise_of_security_has_a_test_or_says_why_not() -> None:
    page = text("docs/security.md")
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    }
    assert set(re.findall(r"`(test_\w+)`", page)) - written == set()
    rows = re.findall(r"^\| (\d+) \|(.*)$", page, re.MULTILINE)
    assert [int(number) for number, _rest in rows] == list(range(1, 53))
    assert [number for number, rest in rows if "`test_" not in rest and "**" not in rest] == []


def test_no_permission_is_open_by_default() -> None:
    assert [verb for verb, who in TABLE.items() if not who] == []


def test_unknown_and_bad_settings_are_refused_with_their_name() -> None:
    for environment, word in [
        ({"CATALOGUE_PROT": "8000"}, "CATALOGUE_PROT"),
        ({"CATALOGUE_K_ANONYMITY": "2"}, "CATALOGUE_K_ANONYMITY"),
        ({"CATALOGUE_RATE_LIMITS": "maybe"}, "CATALOGUE_RATE_LIMITS"),
        ({"CATALOGUE_SMTP_SECURITY": "ssl"}, "CATALOGUE_SMTP_SECURITY"),
    ]:
        with pytest.raises(SettingsError, match=word):
            Settings.from_env(environment)


def test_secrets_can_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n", encoding="utf-8")
    assert Settings.from_env({"CATALOGUE_SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == "from-a-file"
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.from_env({"CATALOGUE_SECRET_KEY_FILE": str(tmp_path / "missing")})
