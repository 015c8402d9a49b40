"""A cancel in every stage, again and again: the tool and all its children are gone, and nothing is left behind."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median

import pytest

from aurad.engine.tools import find_ffmpeg
from tests.crash.estate import HERE, PATIENCE, Estate, open_estate
from tests.serve.chaos import FULL

pytestmark = [pytest.mark.slow, pytest.mark.alone]
TIMES = 100 if FULL else 4  # in each stage
PROMPT = 1.0  # seconds from the request to the answer, for 95 of 100; the answer comes when all is gone
HARD = 2.0  # seconds, for all of them
HOLDS = ("write", "speak", "draw", "render_scene", "finish")
HELD = {  # what holds it up: a polite tool that hangs, one that is stopped, one deaf to TERM
    "asks": "sleep 3600 & wait",
    "stops": "sleep 3600 & kill -STOP $!; kill -STOP $$",
    "ignores": "trap '' TERM HUP INT; sleep 3600 & while :; do sleep 3600; done",
}
KINDS = tuple(HELD)
FINISHERS = '["watched-captions", "master", "watched-package"]'  # a mastered sound is one that the core listens to
CORE = ("sound", "preview", "listen", "join", "verify")
TOOLS = ("segment", "preview")  # runs of FFmpeg: by a plugin, by the core
FFMPEG = """#!/bin/sh
case "$*" in *encoded.mp4*) hold={hold}-segment; [ ! -e {hold}-later ] || mkdir {hold}-first || exec sleep 3600;;
*preview.mp4*) hold={hold}-preview;; esac
if [ -e "$hold" ]; then touch "$hold.reached"; . "$hold"; fi
exec {real} "$@"
"""


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with open_estate() as estate:
        program = estate.home / "ffmpeg"
        program.write_text(FFMPEG.format(hold=estate.home / "hold", real=find_ffmpeg("")))
        program.chmod(0o755)
        estate.settings["AURAD_TOOLS__FFMPEG"] = str(program)
        estate.settings["AURAD_FINISH__PROVIDERS"] = FINISHERS
        shutil.copy(HERE / "held_core.py", estate.home / "site/sitecustomize.py")
        estate.start()
        estate.wait_up()
        yield estate
        estate.assert_consistent()
        assert estate.stop() == 0


def test_a_cancel_is_prompt_and_leaves_nothing(estate: Estate) -> None:
    waits: dict[str, list[float]] = {method: [] for method in HOLDS}
    for number, method in itertools.product(range(TIMES), HOLDS):
        waits[method].append(cancelled_after(estate, method, number))
    for method, each in waits.items():
        print(f"{method}: half within {median(each):.2f} s, the slowest of {TIMES} {max(each):.2f} s")
    every = sorted(wait for each in waits.values() for wait in each)
    assert every[int(0.95 * len(every)) - 1] <= PROMPT
    assert every[-1] <= HARD
    estate.assert_quiet()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_cancel_ends_an_ffmpeg_however_it_hangs(estate: Estate, kind: str, tool: str) -> None:
    hold = estate.home / f"hold-{tool}"
    hold.write_text(HELD[kind])
    with previewed(estate) if tool == "preview" else nullcontext():
        job_id = submitted(estate, f"FFmpeg of a {tool}", kind)
        wait_for(hold.with_suffix(".reached"))
        assert cancelled(estate, job_id) <= HARD
    hold.unlink()
    hold.with_suffix(".reached").unlink()


@pytest.mark.parametrize("kind", ["looks", "deaf"])
@pytest.mark.parametrize("method", CORE)
def test_a_cancel_ends_what_the_core_does_itself(estate: Estate, method: str, kind: str) -> None:
    hold = estate.home / f"cache/aurad/plugins/core/hold-{method}"
    hold.parent.mkdir(parents=True, exist_ok=True)
    hold.write_text(kind)
    words = "on and on " * (1 + CORE.index(method)) + "again " * (kind == "deaf")  # no two sound the same
    with previewed(estate) if method == "preview" else nullcontext():
        job_id = submitted(estate, method, f"{words}{kind}")
        wait_for(hold.with_suffix(".reached"))
        assert cancelled(estate, job_id) <= HARD
    hold.unlink()
    hold.with_suffix(".reached").unlink()


@contextmanager
def previewed(estate: Estate) -> Iterator[None]:
    """Scenes but the first are not encoded: previews are made only while others still are."""
    (estate.home / "hold-later").touch()
    yield
    (estate.home / "hold-later").unlink()
    (estate.home / "hold-first").rmdir()


def test_a_cancel_of_one_that_waits_or_is_paused_is_as_prompt(estate: Estate) -> None:
    estate.call("system.drain", on=True)
    assert cancelled(estate, submitted(estate, "queue", "once")) <= HARD
    estate.call("system.drain", on=False)
    hold = held(estate, "speak", "asks")
    job_id = submitted(estate, "pause", "once")
    wait_for(hold.with_suffix(".reached"))
    assert estate.call("jobs.pause", jobId=job_id)["status"] == "Paused"
    assert cancelled(estate, job_id) <= HARD
    hold.unlink()
    hold.with_suffix(".reached").unlink()


def cancelled_after(estate: Estate, method: str, number: int) -> float:
    """The seconds that one cancel took, of a job held up in `method`."""
    hold = held(estate, method, KINDS[number % len(KINDS)])
    job_id = submitted(estate, method, str(number))
    wait_for(hold.with_suffix(".reached"))
    took = cancelled(estate, job_id)
    hold.unlink()
    hold.with_suffix(".reached").unlink()
    return took


def held(estate: Estate, method: str, kind: str) -> Path:
    """Whatever comes to `method` is held up beside a tool of that kind, as long as the file is there."""
    hold = estate.stage_cache / f"hold-{method}"
    hold.parent.mkdir(parents=True, exist_ok=True)
    hold.write_text(HELD[kind])
    return hold


def submitted(estate: Estate, where: str, how: str) -> str:
    return estate.submit(
        f"# {where} {how}\n\nThe {where} is held up, it is said: {how}.\n\n## Later\n\nMore of {where} {how}.\n"
    )


def cancelled(estate: Estate, job_id: str) -> float:
    """The seconds that a cancel took; nothing of the job may run or lie about then."""
    began = time.monotonic()
    assert estate.call("jobs.cancel", jobId=job_id)["status"] == "Cancelled"
    took = time.monotonic() - began
    assert estate.tools() == []
    return took


def wait_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} is not reached"
        time.sleep(0.005)
