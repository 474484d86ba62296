"""The structure that docs/architecture.md promises, kept by machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import cli as import_linter

from catalogue.web.routes import BLUEPRINTS

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted((ROOT / "catalogue").rglob("*.py"))
OWN_CODE = [path for path in CODE if "migrations/versions" not in path.as_posix()]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
COMMITTERS = {"catalogue/db.py", "catalogue/web/requests.py"}
NO_PAGES = {"api", "exchange", "health", "preferences", "static", "bootstrap"}


def lines_of(path: Path) -> int:
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_layers_and_library_borders_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert import_linter.lint_imports(cache_dir=None) == 0


def test_only_the_request_hook_and_the_write_block_commit() -> None:
    commits = {name_of(path) for path in OWN_CODE if re.search(r"\.commit\(\)", path.read_text(encoding="utf-8"))}
    allowed_writer_of_the_index = {name for name in commits if name.startswith("catalogue/search/")}
    assert commits - allowed_writer_of_the_index <= COMMITTERS


@pytest.mark.parametrize(
    ("folder", "pattern", "limit"),
    [
        ("catalogue", "*.py", 400),
        ("templates", "*.html", 150),
        ("static/js", "*.js", 250),
        ("static/css", "*.css", 900),
    ],
)
def test_no_file_is_too_long(folder: str, pattern: str, limit: int) -> None:
    files = [path for path in (ROOT / folder).rglob(pattern) if "migrations/versions" not in path.as_posix()]
    assert [f"{name_of(path)}: {lines_of(path)}" for path in files if lines_of(path) > limit] == []


def test_no_function_is_too_long_and_the_usual_one_is_short() -> None:
    sizes = {
        f"{name_of(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in OWN_CODE
        for node in functions(path)
    }
    assert [f"{name}: {size}" for name, size in sizes.items() if size > 50] == []
    assert sorted(sizes.values())[len(sizes) // 2] <= 10


def test_files_are_named_after_things() -> None:
    folders = ["catalogue", "templates", "static", "tests", "data"]
    named = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.stem.lower() in VAGUE_NAMES]
    assert [name_of(path) for path in named if "__pycache__" not in path.parts] == []


def test_every_blueprint_has_its_template_folder_and_its_test_file() -> None:
    missing = []
    for name in {blueprint.name for blueprint in BLUEPRINTS}:
        if name not in NO_PAGES and not (ROOT / "templates" / name).is_dir():
            missing.append(f"templates/{name}/")
        if not (ROOT / "tests/web" / f"test_{name}.py").exists():
            missing.append(f"tests/web/test_{name}.py")
    assert missing == []


def test_no_template_switches_escaping_off_or_carries_style_or_script() -> None:
    forbidden = {
        r"\|\s*safe": "|safe",
        r"\sstyle=": "style attribute",
        r"\son[a-z]+=": "event attribute",
        r"<script(?![^>]*\bsrc=)(?![^>]*ld\+json)": "inline script",
        r"(?<![\w.])n?p?(?:get)?(?:gettext|_)\((?!\s*[\"'])": "translation of a variable, which is not escaped: use |shown",
    }
    found = []
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        found += [f"{name_of(path)}: {what}" for pattern, what in forbidden.items() if re.search(pattern, text)]
    assert found == []


def test_style_sheets_name_tokens_not_colours() -> None:
    found = []
    for path in (ROOT / "static/css").glob("*.css"):
        if path.name != "tokens.css":
            rules = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
            found += [f"{path.name}: {colour}" for colour in re.findall(r":[^;{]*(#[0-9a-fA-F]{3,8}\b|rgba?\()", rules)]
    assert found == []


def test_nothing_points_at_another_host() -> None:
    files = TEMPLATES + list((ROOT / "static").rglob("*.css")) + list((ROOT / "static").rglob("*.js"))
    pattern = re.compile(r"(?:src|href)=[\"']https?://|url\([\"']?https?://|@import|from [\"']https?://")
    assert [name_of(path) for path in files if pattern.search(path.read_text(encoding="utf-8"))] == []
