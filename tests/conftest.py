"""What every test runs in: folders of its own, no leftovers, no deadline for random examples."""

from __future__ import annotations

import gc
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is slow, not wrong: no deadlines.
settings.register_profile("aurad", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", settings.get_profile("aurad"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "aurad"))

# A shell starts background jobs deaf to Ctrl-C, and children inherit that: the tests of Ctrl-C need it heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MARK = f"PYTHON_AURAD_TEST_RUN={uuid.uuid4().hex}"  # so named that workers, which see little, see it
LEFTOVER_GRACE = 5.0  # seconds: a private daemon takes a moment to see that nobody is left


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-in", type=int, default=1, metavar="N", help="one file in N, chosen by --hypothesis-seed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if not collection_path.name.startswith("test_"):
        return None
    chance = random.Random(
        f"{config.getoption('--hypothesis-seed', None)} {collection_path.relative_to(config.rootpath)}"
    )
    return chance.randrange(config.getoption("--one-in")) > 0 or None


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests live to the end: no collection need look through them again


@pytest.fixture(scope="session", autouse=True)
def _own_folders() -> Iterator[None]:
    """No test sees or touches the state, settings or daemon of whoever runs it.

    The folder is not pytest's: a socket's path must stay under 108 bytes.
    """
    home = Path(tempfile.mkdtemp(prefix="aurad-"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("AURAD_") or n.endswith("_DIRECTORY")]:
            patch.delenv(name)
        patch.setenv(*MARK.split("="))
        patch.setenv("HOME", str(home))
        for name in ("CONFIG", "STATE", "CACHE", "DATA"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        (home / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
        yield
    shutil.rmtree(home, ignore_errors=True)


def _leftovers() -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (folder / "environ").read_bytes() and folder.name != str(os.getpid()):
                found.append(f"{folder.name} " + " ".join((folder / "cmdline").read_text().split("\0"))[:120])
        except OSError:  # gone meanwhile, or not ours
            continue
    return found


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test run that leaves a process behind has failed, whatever its tests say."""
    end = time.monotonic() + LEFTOVER_GRACE
    while (left := _leftovers()) and time.monotonic() < end:
        time.sleep(0.1)
    if left:
        print("\nprocesses left behind by the tests:", *left, sep="\n  ", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
