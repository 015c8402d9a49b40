"""The examples of docs/how-to/watch-events.md do what they say, as they stand there."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
import trio

from tests.browser.corridor import Corridor, open_corridor
from tests.browser.tools import CHROMIUM, QUIET, ROOT, need, node_modules, running
from tests.serve.site import Site, open_site

GUIDE = (ROOT / "docs" / "how-to" / "watch-events.md").read_text()
EVENTS_JS = ROOT / "aurad" / "serve" / "page" / "events.js"
SPY = b"""
<script type="module">
  while (!document.querySelector("#log").textContent.includes("(ended)")) await new Promise(requestAnimationFrame);
  await fetch("/heard", { method: "POST", body: JSON.stringify([document.querySelector("#log").textContent]) });
</script>
"""
pytestmark = pytest.mark.slow


def example(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)[number]


async def run(site: Site, *command: str | Path, **more: str) -> str:
    with trio.fail_after(60):
        async with running(*command, AURAD_URL=site.url, AURAD_TOKEN=site.mine, **more) as process:
            assert process.stdout
            return b"".join([chunk async for chunk in process.stdout]).decode()


def test_examples_are_short() -> None:
    for language in ("python", "html", "js"):
        assert len([line for line in example(language).splitlines() if line.strip()]) <= 13


async def test_python(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        said = (await run(site, sys.executable, "-c", example("python"))).splitlines()
    assert said[-1].startswith("100.0 % Succeeded: ")
    assert len(said) > 5


async def test_python_fetches_the_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_site(tmp_path) as site:
        view = await site.house.make()
        assert await run(site, sys.executable, "-c", example("python", 1)) == ""
    assert view.output
    assert (tmp_path / "video.mp4").stat().st_size == view.output.size_bytes


async def test_node(tmp_path: Path) -> None:
    shutil.copy(EVENTS_JS, tmp_path)
    (tmp_path / "example.mjs").write_text(example("js"))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(node_modules())
    async with open_site(tmp_path) as site:
        job = await site.submit()
        said = (await run(site, need("node"), tmp_path / "example.mjs", JOB=job)).splitlines()
    assert said[-1].startswith("100 % Succeeded: ")
    assert len(said) > 5


async def test_a_page(tmp_path: Path) -> None:
    pages = {"/page": ("text/html; charset=utf-8", b"<!doctype html>" + example("html").encode() + SPY)}
    async with open_site(tmp_path) as site, open_corridor(site, pages=pages, tears=0) as corridor:
        job = await site.submit()
        said = await _shown(corridor, f"/page?job={job}", tmp_path)
    assert said.startswith("(connecting)")
    assert "(live)" in said
    assert "100 % Succeeded" in said
    assert said.endswith("(ended) \n")


async def _shown(corridor: Corridor, page: str, folder: Path) -> str:
    command = [need(*CHROMIUM), *QUIET, f"--user-data-dir={folder / 'profile'}", corridor.url + page]
    with trio.fail_after(60):
        async with running(*command, HOME=str(folder)):
            while True:
                if corridor.heard:
                    return str(corridor.heard[0])
                await trio.sleep(0.05)
