"""Dockerfile and compose.yaml: nothing here builds an image, but every command, path, setting and name in them exists."""

import json
import re
import shlex
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from catalogue.cli import cli
from catalogue.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = re.sub(r"\\\n", " ", DOCKERFILE).splitlines()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def instructions(name: str) -> list[str]:
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def commands() -> list[list[str]]:
    """What the image runs and what compose runs instead."""
    found = [json.loads(instructions("CMD")[-1])]
    for service in SERVICES.values():
        found += [service["command"]] if "command" in service else []
        test = service.get("healthcheck", {}).get("test", ["CMD"])
        found += [test[1:]] if test[1:2] == ["catalogue"] else []
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_exists_with_its_options(words: list[str]) -> None:
    assert words[0] == "catalogue"
    command: click.Command = cli
    context = click.Context(cli, info_name="catalogue")
    rest = words[1:]
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, click.Context(found, info_name=found.name, parent=context)
    command.make_parser(context).parse_args(list(rest))


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for line in instructions("COPY") if "--from" not in line for name in line.split()[:-1]}
    assert copied == allowed
    assert not [name for name in copied if not (ROOT / name).exists()]


def test_every_setting_is_one(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x" * 40)
    given = dict(re.findall(r"(CATALOGUE_\w+)=(\S+)", DOCKERFILE))
    given |= {name: value for service in SERVICES.values() for name, value in service.get("environment", {}).items() if name.startswith("CATALOGUE_")}  # fmt: skip
    given = {name: str(tmp_path / "secret") if name.endswith("_FILE") else value for name, value in given.items()}
    settings = Settings.from_env(given)
    assert settings.secure
    assert settings.proxies == 1
    assert "127.0.0.1" in settings.trusted_hosts  # by this name the health check asks


def test_the_image_has_a_user_of_its_own_pinned_parts_and_a_health_check() -> None:
    assert instructions("USER")[-1].split(":")[0].isdigit()
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-\w+", instructions("ARG")[0])
    check = instructions("HEALTHCHECK")[0]
    python = json.loads(check[check.index("["):])  # fmt: skip
    assert python[:2] == ["python", "-c"]
    compile(python[2], "healthcheck", "exec")
    installs = [part for line in instructions("RUN") for part in line.split("&&") if "pip install" in part]
    assert all("--require-hashes" in part or "--no-deps" in part for part in installs)
    assert all(shlex.split(part) for part in installs)


def test_every_service_is_locked_down_and_watched() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "healthcheck" in service or service["image"] == "modulkatalog", name  # the image has its own
        assert re.search(r":\d+(\.\d+)*-\w+$|^modulkatalog$", service["image"]), name
        assert "privileged" not in service
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_every_name_in_compose_is_declared() -> None:
    for service in SERVICES.values():
        volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(COMPOSE["volumes"])
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)
    states = [v for s in SERVICES.values() for v in s.get("volumes", []) if v.startswith("state-") and s.get("command") != ["catalogue", "db", "upgrade"]]  # fmt: skip
    assert len(states) == len(set(states))  # an index is of one machine
    caddy = COMPOSE["configs"]["caddyfile"]["content"]
    assert caddy.count("{") == caddy.count("}")
    nodes = re.search(r"reverse_proxy (.+) \{", caddy)
    assert nodes
    assert {node.split(":")[0] for node in nodes[1].split()} == {name for name in SERVICES if name.startswith("node-")}


# --- locks of the image: blocks of requirements-dev.txt, so that an image holds what was tested


def blocks(file: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            name = canonicalize_name(re.split(r"[=\[ ]", line)[0])
            found[name] = line.rstrip(" \\")
        elif name and "--hash" in line:
            found[name] += "\n" + line.strip(" \\")
    return found


def wanted(roots: set[str]) -> set[str]:
    """The distributions that *roots* need here, themselves included."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    rest = [Requirement(root) for root in roots]
    while rest:
        one = rest.pop()
        key = (canonicalize_name(one.name), tuple(sorted(one.extras)))
        if key in seen:
            continue
        seen.add(key)
        for needed in map(Requirement, metadata.requires(one.name) or []):
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in one.extras or {""}):
                rest.append(needed)
    return {name for name, _ in seen}


@pytest.mark.parametrize(
    ("file", "roots"),
    [
        ("requirements-server.txt", {"psycopg[binary]", "gunicorn", "authlib", "requests"}),
        ("requirements-pdf.txt", {"weasyprint"}),
    ],
)
def test_the_image_holds_what_was_tested(file: str, roots: set[str]) -> None:
    here, tested, always = blocks(file), blocks("requirements-dev.txt"), blocks("requirements.txt")
    assert here
    assert {name: text for name, text in here.items() if tested[name] != text} == {}
    assert wanted(roots) - set(always) == set(here)
