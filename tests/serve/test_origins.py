"""A job that settings do not allow is refused with the file and line that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurad.model.errors import AuradError
from tests.serve.test_operations import MINE, ask
from tests.serve.test_settings_operations import TOYS, open_configured

LINE = len(TOYS.splitlines()) + 2


@pytest.mark.parametrize("method", ["jobs.submit", "jobs.validate"])
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('[defaults]\npreset = "none"\n', "E103-PRESET"),
        ("[plugins.tone]\nnope = 3\n", "E102-OPTION"),
    ],
)
async def test_a_refusal_names_file_and_line(tmp_path: Path, method: str, more: str, code: str) -> None:
    async with open_configured(tmp_path, more) as house:
        with pytest.raises(AuradError) as refusal:
            await ask(house, method, MINE, brief={"source": "One sentence."})
    assert refusal.value.code == code
    assert refusal.value.detail.endswith(f"; see {tmp_path / 'config' / 'aurad.toml'}:{LINE}")


@pytest.mark.parametrize("asked", [{"preset": "none"}, {"options": {"tone": {"nope": 3}}}])
async def test_what_the_job_says_itself_is_no_files_fault(tmp_path: Path, asked: dict[str, Any]) -> None:
    async with open_configured(tmp_path, '[defaults]\npreset = "youtube-1080p"\n') as house:
        with pytest.raises(AuradError) as refusal:
            await ask(house, "jobs.submit", MINE, brief={"source": "One sentence."}, **asked)
    assert "see " not in refusal.value.detail
