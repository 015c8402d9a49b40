"""Each patch breaks one promise; the test that it names must see it, and must pass without it."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serve.chaos import FULL

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
TREE = (
    "aurad",
    "plugins",
    "tests/engine",
    "tests/serve",
    "tests/client",
    "tests/crash",
    "tests/worker",
    "tests/toys",
    "tests/conftest.py",
    "tests/learnt.py",
    "pyproject.toml",
)
PATIENCE = 120.0  # seconds for one test on a busy machine
AT_ONCE = 8  # of a quick check
FAILED = 1  # pytest's status when a test has failed, not when it could not run one


def named_test(patch: Path) -> str:
    found = re.search(r"^fails: (\S+)$", patch.read_text(), re.MULTILINE)
    assert found, f"{patch.name} does not name its test"
    return found[1]


def copy_tree(folder: Path) -> Path:
    for name in TREE:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "*.whl"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def run(tree: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """The tests on that tree; it comes before whatever is installed."""
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environ = os.environ | {"PYTHONPATH": str(tree), "HYPOTHESIS_STORAGE_DIRECTORY": str(tree / "examples")}
    return subprocess.run(
        argv, cwd=tree, env=environ, capture_output=True, text=True, timeout=PATIENCE * len(tests), check=False
    )


def chosen(config: pytest.Config) -> list[Path]:
    """All of them; of a quick check, which gives a seed, some by chance."""
    seed = config.getoption("--hypothesis-seed", None)
    if FULL or seed is None or config.getoption("keyword"):
        return PATCHES
    return sorted(random.Random(f"{seed}").sample(PATCHES, AT_ONCE))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "patch" in metafunc.fixturenames:
        metafunc.parametrize("patch", chosen(metafunc.config), ids=lambda patch: patch.stem)


@pytest.mark.parametrize("file", PATCHES, ids=lambda file: file.stem)
def test_it_fits(file: Path) -> None:
    subprocess.run(["patch", "-p1", "-s", "-F0", "--dry-run", "-i", str(file)], cwd=ROOT, check=True)


def test_without_a_patch_all_of_them_pass(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    done = run(copy_tree(tmp_path), *sorted({named_test(patch) for patch in chosen(request.config)}))
    assert done.returncode == 0, done.stdout


def test_it_is_seen(patch: Path, tmp_path: Path) -> None:
    tree = copy_tree(tmp_path)
    subprocess.run(["patch", "-p1", "-s", "-F0", "-i", str(patch)], cwd=tree, check=True)
    done = run(tree, named_test(patch))
    assert done.returncode == FAILED, done.stdout
