"""The documentation says what the code does."""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from aurad.hooks.specs import Specs
from aurad.model.errors import KINDS

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
HOOKS = inspect.getmembers(Specs, inspect.isfunction)


def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    assert {name: (REFERENCE / name).read_text() for name in generate().pages()} == generate().pages()


def test_every_error_code_has_its_line() -> None:
    page = (REFERENCE / "errors.md").read_text()
    assert [code for code, kind in KINDS.items() if f"| `{code}` | {kind.title} |" not in page] == []


@pytest.mark.parametrize(("name", "function"), HOOKS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_hook_is_documented_and_tested(name: str, function: object) -> None:
    page = (REFERENCE / "hooks.md").read_text()
    assert f"## {name}\n" in page
    assert f"def {name}{generate().signature(function)}" in page
    assert any(f"def test_hook_{name}" in path.read_text() for path in ROOT.glob("tests/**/test_*.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
    assert [link for link in links if not (page.parent / link).exists()] == []


TUTORIAL = ROOT / "docs" / "tutorial"


@pytest.mark.parametrize("name", ["aurad_letters.py", "test_letters.py"])
def test_the_tutorial_shows_the_plugin_as_it_is(name: str) -> None:
    source = (TUTORIAL / "first_plugin" / name).read_text()
    assert f"```python\n{source}```" in (TUTORIAL / "first-plugin.md").read_text()
