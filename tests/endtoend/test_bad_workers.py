"""Plugins that die, hang, print garbage, answer twice, raise or lie: one job each, and never the daemon."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from tests.endtoend.conftest import Lab, install_naughty, with_site
from tests.endtoend.house import House, open_house

numbers = itertools.count(1)


def script(house: House) -> Path:
    """A finished script, so that nothing but the voice has to run."""
    scene = {"text": f"The sentence number {next(numbers)}."}
    return house.file(json.dumps({"title": "Naughty", "scenes": [scene]}), "script.json")


MISCHIEF = {
    "dies": ("E300-CRASH", "status 7", "about to die"),
    "garbage": ("E302-GARBAGE", "naughty"),
    "twice": ("E302-GARBAGE", "nobody asked for"),
    "raises": ("E300-CRASH", "no such voice", "naughty.py"),
    "lies": ("E308-RESULT", "words"),
}


@pytest.mark.parametrize("how", MISCHIEF)
def test_a_naughty_worker_costs_its_job_only(lab: Lab, how: str) -> None:
    code, *told = MISCHIEF[how]
    lab.house.make("--script", script(lab.house), "--until", "Voice").succeeded()
    daemon = lab.house.daemon
    made = lab.house.make("--script", script(lab.house), "--set", f"naughty.how={how}", "--until", "Voice")
    made.failed(code, *told)
    lab.house.assert_quiet()
    lab.house.make("--script", script(lab.house), "--until", "Voice").succeeded()
    assert lab.house.daemon == daemon


def test_a_hung_worker_is_ended(tmp_path: Path) -> None:
    site = install_naughty(tmp_path / "site").parent
    settings = {"PYTHONPATH": with_site(site), "AURAD_VOICE__PROVIDERS": '["naughty"]'}
    with open_house(AURAD_VOICE__DEADLINE_SECONDS="1", **settings) as house:
        made = house.make("--script", script(house), "--set", "naughty.how=hangs", "--until", "Voice")
        made.failed("E301-HUNG", "1", "naughty")
        house.assert_quiet()


def test_a_silent_worker_is_warned_of_and_stopped(tmp_path: Path) -> None:
    site = install_naughty(tmp_path / "site").parent
    settings = {"PYTHONPATH": with_site(site), "AURAD_VOICE__PROVIDERS": '["naughty"]'}
    with open_house(AURAD_VOICE__STALL_SECONDS="0.5", **settings) as house:
        made = house.make("--script", script(house), "--set", "naughty.how=hangs", "--until", "Voice")
        made.failed("E315-STALLED", "0.5", "naughty")
        house.assert_quiet()
