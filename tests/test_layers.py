"""Imports go one way. The table is the design: what a room may use, itself and the standard library aside."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "model": set(),
    "durable": set(),
    "wire": {"model"},
    "hooks": {"model"},
    "worker": {"hooks", "wire", "model"},
    "engine": {"hooks", "wire", "model", "durable"},
    "serve": {"engine", "hooks", "wire", "model", "configuration", "durable"},
    "client": {"wire", "model", "configuration"},
    "api": {"hooks", "model"},
    "testing": {"api", "worker", "wire", "hooks", "model"},
    "configuration": {"wire", "model", "durable"},
    "daemon": {"serve", "engine", "hooks", "wire", "model", "configuration"},
    "__main__": {"daemon", "wire", "model", "configuration"},
    "__init__": set(),
}
WITHOUT_TRIO = {"model", "wire"}
FILES = sorted([*ROOT.glob("aurad/**/*.py"), *ROOT.glob("plugins/**/*.py")])


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, as `a.b.c`; a relative import keeps its dots."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ([f"aurad.{alias.name}" for alias in node.names] if module == "aurad" else [module])


def allowed(path: Path, module: str) -> bool:
    package, *inner = path.relative_to(ROOT).with_suffix("").parts
    top, *rest = module.split(".")
    if package == "plugins":
        return module == "aurad.api" or (top != "aurad" and (top != "aurad_plugins" or rest[:1] == inner[:1]))
    if top == "trio":
        return inner[0] not in WITHOUT_TRIO
    return top != "aurad_plugins" and (top != "aurad" or rest[0] in {inner[0], "__version__", *ROOMS[inner[0]]})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    assert [m for m in imports(path) if m.startswith(".") or not allowed(path, m)] == []


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("aurad/model/job.py", "trio"),
        ("aurad/model/job.py", "aurad.wire.lines"),
        ("aurad/worker/main.py", "aurad.engine.memo"),
        ("aurad/client/blocking.py", "aurad.engine.jobs"),
        ("plugins/voice_hibari/stage.py", "aurad.model.stage"),
        ("plugins/voice_hibari/stage.py", "aurad_plugins.finish_master"),
        ("aurad/engine/jobs.py", "aurad_plugins.voice_hibari"),
    ],
)
def test_the_table_refuses(file: str, module: str) -> None:
    assert not allowed(ROOT / file, module)
