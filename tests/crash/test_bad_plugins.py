"""Seventeen ways to misbehave, in every kind of stage: the daemon and a healthy job beside it notice nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.crash.estate import Estate, open_estate
from tests.crash.mischief import MISCHIEF, STRANGE
from tests.serve.chaos import FULL, dice

pytestmark = pytest.mark.slow
STALL, DEADLINE = 3.0, 4.0  # seconds of silence, and in all, that a stage is given here
ANSWER = 3.0  # seconds within which the daemon answers beside all this, other tests included
KINDS = ("SCRIPT", "VOICE", "VISUALS", "RENDER", "FINISH")
METHODS = ("write", "speak", "draw", "render_scene", "finish")
HARMLESS = {("rewrites", "write")}  # a script has no files
STRANGERS = {
    "write": {"script": ["strange-watched-document"]}, "speak": {"voice": ["strange-watched-beep"]},
    "draw": {"visuals": ["strange-watched-slides"]}, "render_scene": {"render": ["strange-watched-ffmpeg"]},
    "finish": {"finish": ["strange-watched-captions", "strange-watched-package"]},
}  # fmt: skip
UNTIL = {"write": "Script", "speak": "Voice", "draw": "Visuals"}


class Told(NamedTuple):
    """How a job ends over it, and what its error must name."""

    status: str
    codes: tuple[str, ...] = ()
    cause: str = ""


BAD_RESULT = ("E308-RESULT",)
ENDS: dict[str, Told] = {
    "raises": Told("Failed", ("E300-CRASH",), "no such colour"),
    "exits 0": Told("Failed", ("E300-CRASH",), "ended with status 0"),
    "exits 1": Told("Failed", ("E300-CRASH",), "ended with status 1"),
    "segfaults": Told("Failed", ("E300-CRASH",), "SIGSEGV"),
    "hangs": Told("Failed", ("E315-STALLED",), "neither progress nor a line for 3 s"),
    "chatters": Told("Failed", ("E301-HUNG",), "no answer within 4"),
    "spins": Told("Failed", ("E315-STALLED",), "neither progress nor a line for 3 s"),
    "hoards": Told("Failed", ("E300-CRASH",), "MemoryError"),
    "forks": Told("Succeeded"),
    "floods the log": Told("Succeeded"),
    "garbage": Told("Failed", ("E302-GARBAGE",), "witness"),
    "answers twice": Told("Failed", ("E302-GARBAGE",), "nobody asked for"),
    "answers for another": Told("Failed", ("E302-GARBAGE",), "nobody asked for"),
    "writes elsewhere": Told("Failed", BAD_RESULT, "elsewhere"),
    "links elsewhere": Told("Failed", BAD_RESULT, "link"),
    "rewrites": Told("Failed", BAD_RESULT, "hash"),
    STRANGE: Told("Failed", ("E600-PLUGIN_BROKEN",), "cannot use stranger: its worker speaks version 99"),
}


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    patience = {f"AURAD_{kind}__STALL_SECONDS": f"{STALL}" for kind in KINDS}
    patience |= {f"AURAD_{kind}__DEADLINE_SECONDS": f"{DEADLINE}" for kind in KINDS}
    with open_estate(AURAD_WORKERS__MEMORY_MIB="1500", **patience) as estate:
        estate.install("witness", "stranger")
        estate.start()
        estate.wait_up()
        yield estate
        assert estate.stop() == 0


def test_every_mischief_is_expected() -> None:
    assert MISCHIEF.keys() == ENDS.keys()


@pytest.fixture(scope="module")
def pairs(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """The kinds of stage for each mischief: one by chance, or all."""
    numbers = dice(request)
    fit = {how: [method for method in METHODS if (how, method) not in HARMLESS] for how in MISCHIEF}
    return {how: methods if FULL else [numbers.choice(methods)] for how, methods in fit.items()}


@pytest.mark.parametrize("how", MISCHIEF)
def test_a_bad_plugin_costs_its_own_job_only(estate: Estate, pairs: dict[str, list[str]], how: str) -> None:
    for method in pairs[how]:
        print(f"{how} in {method}")
        assert_contained(estate, how, method)


def assert_contained(estate: Estate, how: str, method: str) -> None:
    estate.call("plugins.reload")  # what earlier ones did is forgiven
    put_up = estate.stage_cache.with_name("stranger" if how == STRANGE else "witness") / f"mischief-{method}"
    put_up.parent.mkdir(parents=True, exist_ok=True)
    put_up.write_text(how)
    number = time.time()  # not twice the same: pytest plugins may seed `random` for each test
    by = {"providers": STRANGERS[method]} if how == STRANGE else {}
    bad = estate.submit(tale("villain", number), captions="burn", **until(method), **by)
    good = estate.submit(tale("hero", number))
    slowest = answers_until_ended(estate, bad, good)
    put_up.unlink()
    print(estate.call("jobs.tasks", jobId=bad), estate.witness()[-20:])  # the story, should it not be as told
    assert slowest < ANSWER
    assert estate.wait(good)["status"] == "Succeeded"
    assert_told(estate.wait(bad), ENDS[how], method)
    estate.assert_quiet()
    estate.assert_consistent()


def assert_told(job: dict[str, Any], told: Told, method: str) -> None:
    """The error names the code, the cause, and whose fault it is."""
    assert job["status"] == told.status, job["errors"]
    for problem in job["errors"]:
        assert problem["errorCode"] in told.codes, problem
        assert told.cause in problem["detail"], problem
        assert "witness" in str(problem) or "watched" in str(problem), problem


def answers_until_ended(estate: Estate, *jobs: str) -> float:
    """The seconds that the slowest of many questions took, asked until both jobs had ended."""
    slowest, ended = 0.0, False
    while not ended:
        began = time.monotonic()
        states = [estate.call("jobs.get", jobId=job_id)["status"] for job_id in jobs]
        slowest = max(slowest, time.monotonic() - began)
        ended = all(state in ("Succeeded", "Failed") for state in states)
        time.sleep(0.1)
    return slowest


def until(method: str) -> dict[str, str]:
    return {"until": UNTIL[method]} if method in UNTIL else {}


def tale(who: str, number: float) -> str:
    return f"# A {who} {number}\n\nThe {who} takes the bridge.\n"
