"""The examples of the how-to are run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from tests.serve.edge import open_edge

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["blocking", "trio"])
async def test_an_example_makes_a_video(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_edge(tmp_path) as edge:
        monkeypatch.setenv("AURAD_SOCKET", str(edge.path))
        await trio.to_thread.run_sync(exec, compile(example, str(PAGE), "exec"), {"__name__": "example"})
    assert "job-completed 100.0\n" in capsys.readouterr().out
