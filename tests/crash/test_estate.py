"""The estate of the crash tests sees what it has to see."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.crash.estate import open_estate

pytestmark = pytest.mark.slow
ORPHAN = ("sleep", "3600.125")


def test_an_orphan_that_forgot_where_it_came_from_is_seen_until_it_is_gone() -> None:
    with open_estate() as estate:
        assert estate.processes() == {}
        subprocess.run(["setsid", "--fork", "env", "--ignore-environment", *ORPHAN], check=True)
        with pytest.raises(AssertionError, match=" ".join(ORPHAN)):
            estate.assert_no_orphans()
        (orphan,) = estate.processes()
        os.kill(orphan, signal.SIGKILL)
        estate.assert_no_orphans()


def test_what_others_have_started_is_none_of_its_business() -> None:
    with subprocess.Popen(ORPHAN) as other, open_estate() as estate, open_estate() as inner:
        assert estate.processes() == inner.processes() == {}
        other.kill()
