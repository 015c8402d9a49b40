"""auractl against the real server, in this process: what it asks is what the table takes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.serve.edge import Edge, open_edge


@pytest.fixture(autouse=True)
def _no_log_between() -> Iterator[None]:
    """The server shares our standard output."""
    with capture_logs():
        yield


async def said(edge: Edge, monkeypatch: pytest.MonkeyPatch, capsys: Any, *words: str) -> tuple[int, str]:
    """The exit status and standard output of a command."""
    monkeypatch.setenv("AURAD_SOCKET", str(edge.path))
    status = await trio.to_thread.run_sync(run, words)
    return status, str(capsys.readouterr().out)


async def test_a_job_from_submission_to_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bees.md").write_text("Bees see colours. They miss red.")
    async with open_edge(tmp_path) as edge:

        async def auractl(*words: str) -> str:
            status, out = await said(edge, monkeypatch, capsys, *words)
            assert status == codes.OK, words
            return out

        job = (await auractl("submit", "--wait", "--label", "show=bees", str(tmp_path / "bees.md"))).strip()
        assert await auractl("ls", "-a", "-q", "--status", "succeeded", "--label", "show=bees") == f"{job}\n"
        assert await auractl("ls", "-q") == ""
        assert "Succeeded, 100.0 %" in await auractl("show", "last")
        assert len(json.loads(await auractl("script", job[-6:]))["scenes"]) == 2
        again = (await auractl("retry", job)).strip()
        assert json.loads(await auractl("raw", "jobs.wait", json.dumps({"jobId": again})))["retryOf"] == job
        await auractl("rm", job, again)
        assert await auractl("ls", "-a") == ""
        assert (await said(edge, monkeypatch, capsys, "show", job))[0] == codes.NOT_FOUND


async def test_a_video_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bees.md").write_text("Bees see colours. They miss red.")
    async with open_edge(tmp_path) as edge:

        async def auractl(*words: str) -> str:
            status, out = await said(edge, monkeypatch, capsys, *words)
            assert status == codes.OK, words
            return out

        async def made(*words: str) -> dict[str, Any]:
            """The new job, once it has ended."""
            job = json.loads(await auractl("raw", "jobs.wait", json.dumps({"jobId": (await auractl(*words)).strip()})))
            assert job["status"] == "Succeeded", job["errors"]
            return dict(job)

        async def texts(job: dict[str, Any]) -> list[str]:
            return [scene["text"] for scene in json.loads(await auractl("script", job["jobId"]))["scenes"]]

        first = await made("submit", str(tmp_path / "bees.md"))
        said_first, _ = await texts(first)
        scene = json.loads(await auractl("script", "last"))["scenes"][1]["sceneId"]
        second = await made("edit", "last", "--scene", scene, "--text", "They know blue.", "--aspect", "9:16")
        assert (second["retryOf"], second["brief"]["aspect"]) == (first["jobId"], "9:16")
        assert await texts(second) == [said_first, "They know blue."]
        monkeypatch.setenv("VISUAL", "sed -i s/blue/green/")
        assert await texts(await made("edit", "last")) == [said_first, "They know green."]
        assert await texts(await made("edit", "last", "--remove", scene)) == [said_first]
        assert (await made("remake", first["jobId"], "voice", scene))["retryOf"] == first["jobId"]


async def test_plugins_settings_and_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_edge(tmp_path) as edge:

        async def auractl(*words: str) -> str:
            status, out = await said(edge, monkeypatch, capsys, *words)
            assert status == codes.OK, words
            return out

        plugin = json.loads(await auractl("plugins", "list", "--json"))[0]["name"]
        assert plugin in await auractl("plugins", "show", plugin)
        assert json.loads(await auractl("plugins", "schema", plugin))
        assert json.loads(await auractl("plugins", "reload", "--json"))
        assert "/aurad.d/" in await auractl("config", "set", "voice.providers", "tone")
        assert edge.house.engine.settings.voice.providers == ("tone",)
        assert json.loads(await auractl("config", "reload"))["changed"] == []
        monkeypatch.setattr("sys.stdin", io.StringIO("hush\n"))
        await auractl("secrets", "set", "KEY")
        assert await auractl("secrets", "list") == "NAME  STATUS\nKEY   set\n"
        await auractl("secrets", "rm", "KEY")
        assert await auractl("secrets", "list") == ""
