"""A cancel in every stage, again and again: the tool and all its children are gone, and nothing is left behind."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.crash.estate import PATIENCE, Estate, open_estate
from tests.serve.chaos import FULL

pytestmark = [pytest.mark.slow, pytest.mark.alone]
TIMES = 100 if FULL else 4  # in each stage
PROMPT = 1.0  # seconds from the request to the answer, for 95 of 100; the answer comes when all is gone
HARD = 2.0  # seconds, for all of them
HOLDS = ("write", "speak", "draw", "render_scene", "finish")
KINDS = ("asks", "stops", "ignores")  # what holds it up: a polite tool, one that is stopped, one deaf to TERM


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with open_estate() as estate:
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


def cancelled_after(estate: Estate, method: str, number: int) -> float:
    """The seconds that one cancel took, of a job held up in `method`; nothing of it may run or lie about then."""
    hold = estate.stage_cache / f"hold-{method}"
    hold.parent.mkdir(parents=True, exist_ok=True)
    hold.write_text(KINDS[number % len(KINDS)])
    job_id = estate.submit(f"# {method} {number}\n\nThe {method} is held up {number} times.\n")
    wait_for(hold.with_suffix(".reached"))
    began = time.monotonic()
    assert estate.call("jobs.cancel", jobId=job_id)["status"] == "Cancelled"
    took = time.monotonic() - began
    assert estate.tools() == []
    hold.unlink()
    hold.with_suffix(".reached").unlink()
    return took


def wait_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} is not reached"
        time.sleep(0.005)
