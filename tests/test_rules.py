"""Rules of this house that a reader would otherwise have to remember."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurad.model.errors import KINDS

ROOT = Path(__file__).parent.parent
LONGEST = 400  # lines; a longer file is a missing room
CODE = sorted(path for top in ("aurad", "plugins", "tests", "docs") for path in (ROOT / top).rglob("*.py"))
TEXT = {".py", ".md", ".toml", ".txt", ".css", ".html", ".js", ".sh", ".service", ".socket", ".sql", ""}
SOURCES = sorted(
    path
    for path in ROOT.rglob("*")
    if path.suffix in TEXT
    and path.is_file()
    and not re.search(r"/(\.(?!ci/)|build/|\w+\.egg-info/)", str(path)[len(str(ROOT)) :])
)
# In pieces, so that this file does not hold them. Registries, this project's own making, and paths of one machine.
FORBIDDEN = re.compile(
    r"\bpypi\." + r"org|pythonhosted" + r"\.|npm" + r"js\.|deb\." + r"debian|https?://[^ ]*" + "pypi"
    r"|(\.\.|^|[\s`'\"(])/?" + "shared" + "/|/" + "work/|/" + r"root/|\bissue" + r" #?\d|HELP" + "ERS"
)
parametrize_code = pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))


def nodes(*tops: str, hint: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of every file under `tops` that holds the hint, with the file's name: parsing all takes seconds."""
    for path in CODE:
        name, source = str(path.relative_to(ROOT)), path.read_text()
        if name.startswith(tops) and re.search(hint, source):
            yield from ((name, node) for node in ast.walk(ast.parse(source)))


def calls(function: str, *tops: str) -> Iterator[tuple[str, str]]:
    """Every call of the function under `tops`, with the file's name."""
    for name, node in nodes(*tops, hint=rf"\b{function.removeprefix('trio.')}\b"):
        if isinstance(node, ast.Call) and re.search(rf"\b{function}\b", ast.unparse(node.func)):
            yield name, ast.unparse(node)


@parametrize_code
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_bytes().splitlines()) <= LONGEST


@parametrize_code
def test_every_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes())) or not path.read_bytes()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_mentions_how_or_where_it_was_made(path: Path) -> None:
    assert FORBIDDEN.search(path.read_text(errors="replace")) is None


def test_no_channel_is_unbounded() -> None:
    opened = [*calls("open_memory_channel", "")]
    assert opened
    assert [(path, call) for path, call in opened if re.search(r"\binf\b", call)] == []


def test_trio_is_run_at_the_entrances_only() -> None:
    entrances = {"aurad/__main__.py", "aurad/worker/main.py", "aurad/client/cli/run.py"}
    assert {path for path, _ in calls("trio.run", "aurad/", "plugins/")} <= entrances


def test_every_error_code_in_use_is_in_the_table() -> None:
    used = {
        (node.value, path)
        for path, node in nodes("aurad/", "plugins/", hint=r"E\d{3}-")
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"E\d{3}-[A-Z_]+", node.value)
    }
    assert used
    assert {(code, path) for code, path in used if code not in KINDS} == set()


def test_every_dependency_has_a_tried_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    asked = {re.match(r"[\w-]+", each)[0].lower() for each in [*project["dependencies"], *extras]}
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert asked - {"aurad"} - pinned == set()


def test_every_package_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {str(path.parent.relative_to(ROOT)).replace("/", ".") for path in CODE if path.name == "__init__.py"}
    packages = {
        re.sub(r"^plugins\b", "aurad_plugins", each) for each in found if not each.startswith(("tests", "docs"))
    }
    assert packages == {each for each in setuptools["packages"] if not each.startswith("aurad_config")}
