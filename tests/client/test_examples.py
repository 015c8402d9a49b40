"""The examples of the how-tos are run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import anyio
import click
import pytest
import trio

from aurad.client.cli.main import cli
from aurad.serve.control import open_control
from tests.browser.tools import running, with_tools
from tests.client.fake_daemon import FakeDaemon
from tests.client.official import official_client
from tests.serve.edge import open_edge
from tests.serve.site import Site, open_site

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
PATIENCE = 60.0


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("example", examples("python.md", "python"), ids=["blocking", "trio"])
async def test_an_example_makes_a_video(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_edge(tmp_path) as edge:
        monkeypatch.setenv("AURAD_SOCKET", str(edge.path))
        await trio.to_thread.run_sync(exec, compile(example, "python.md", "exec"), {"__name__": "example"})
    assert "job-completed 100.0\n" in capsys.readouterr().out


def commands() -> list[str]:
    """Every call of `auractl` in code and between words, and those within others."""
    root = PAGES.parents[1]
    text = "\n".join(page.read_text() for page in (root / "README.md", *sorted(root.glob("docs/**/*.md"))))
    found = re.findall(r"(?:^ {4}|`|\$\()auractl ([^`\n]*)", text, re.MULTILINE)
    return sorted({re.split(r" [&|>]|[;)]", re.sub(r"\$\([^)]*\)", "x", line))[0] for line in found})


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_pages_is_one_with_such_options(line: str) -> None:
    """That they do what the pages say is tested where the commands are."""
    command, context, words = (
        cast(click.Command, cli),
        click.Context(cli, **cli.context_settings),
        shlex.split(line, comments=True),
    )
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, found, words = command.resolve_command(context, words)
        command, context = cast(click.Command, found), click.Context(cast(click.Command, found), context, name)
    command.make_parser(context).parse_args(words)


async def said(tmp_path: Path, socket: Path, *argv: str) -> str:
    with trio.fail_after(PATIENCE):
        environ = os.environ | {"AURAD_SOCKET": str(socket)}
        done = await trio.run_process(argv, env=environ, cwd=tmp_path, capture_stdout=True)
    return done.stdout.decode()


@pytest.mark.slow
@with_tools("bash", "jq", "socat")
async def test_a_shell_makes_a_video_and_follows_it(tmp_path: Path) -> None:
    make, follow = examples("shell.md", "shell")
    async with open_edge(tmp_path) as edge:
        made = (await said(tmp_path, edge.path, "bash", "-euo", "pipefail", "-c", make)).split()
        assert made[0] == "Succeeded"
        assert {"script.json", "video.mp4"} <= {*made[1:]}
        assert (await said(tmp_path, edge.path, "bash", "-c", follow)).endswith("job-completed 100\n")
        refused = make.partition("# A document")[0] + '\nif aurad jobs.get \'{"jobId": "a-1"}\'; then echo found; fi'
        assert await said(tmp_path, edge.path, "bash", "-c", refused) == ""


class Reader:
    """Who types the commands of a page in bash, with the ids that were answered for those that stand there."""

    def __init__(self, site: Site, socket: Path, folder: Path) -> None:
        self._site, self._socket, self._folder = site, socket, folder
        self._meant = {"http://127.0.0.1:8765": site.url}
        self._setup = ["shopt -s expand_aliases", f"PATH={Path(sys.executable).parent}:$PATH"]

    async def type(self, command: str) -> str:
        for written, meant in self._meant.items():
            command = command.replace(written, meant)
        if command.startswith(("export ", "alias ")):
            self._setup.append(command)
            return ""
        if "/api/events" in command:
            return await self._first_event(command)
        return await said(self._folder, self._socket, "bash", "-euc", "\n".join([*self._setup, command]))

    def read(self, shown: str, answer: str) -> None:
        """An answer of the page: the real one has its members, and their values are meant by it from now on."""
        names = re.findall(r'"(\w+)":', shown)
        assert names == re.findall(r'"(\w+)":', answer)
        assert names
        for name, value in re.findall(r'"(\w+)":"([^"]+\.\.\.)"', shown):
            self._meant[value] = json.loads(answer)[name]

    async def _first_event(self, command: str) -> str:
        """Of a stream that never ends but with the site."""
        more = {"AURAD_SOCKET": str(self._socket), "AURAD_URL": self._site.url, "AURAD_TOKEN": self._site.mine}
        with trio.fail_after(PATIENCE):
            async with running("bash", "-euc", "\n".join([*self._setup, command]), **more) as process:
                await self._site.wait_waiting(1)
                job = {"brief": {"source": "Bees see colours."}, "labels": {"project": "bees"}}
                await self._site.ask("POST", "/api/jobs", json=job)
                heard = b""
                while b"event: job-completed" not in heard:
                    heard += await cast(trio.abc.ReceiveStream, process.stdout).receive_some()
        return heard.decode()


def typed(page: str) -> list[str]:
    """The indented lines of a page: commands, and answers."""
    whole = re.sub(r"```.*?```|\\\n", "", (PAGES / page).read_text(), flags=re.DOTALL)
    return [line.strip() for line in re.findall(r"^ {4}(.*)$", whole, re.MULTILINE)]


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[Reader]:
    async with open_site(folder) as site:
        with TemporaryDirectory(prefix="aurad-") as short:
            async with open_control(site.house.engine, Path(short) / "s", site.tokens):
                yield Reader(site, Path(short) / "s", folder)


@pytest.mark.slow
@with_tools("bash", "curl", "jq")
async def test_curl_makes_a_video_and_fetches_it(tmp_path: Path) -> None:
    (tmp_path / "bees.md").write_text("# Bees\n\nBees see colours.\n")
    answers = []
    async with reading(tmp_path) as reader:
        for line in typed("rest.md"):
            if line.startswith("{"):
                reader.read(line, answers[-1])
            elif line != "aurad &":
                answers.append(await reader.type(line))
    *well, cancelled = answers
    assert "E201-STATE" in cancelled  # it has ended by now
    assert not [answer for answer in well if "errorCode" in answer]
    one, every = (answer for answer in well if "event: snapshot" in answer)
    assert '"Succeeded"' in one.splitlines()[-2]  # it ends with the job
    assert "event: job-completed" in every
    assert (tmp_path / "video.mp4").stat().st_size > 0


@pytest.mark.slow
@with_tools("bash", "curl")
async def test_curl_watches_and_asks_to_be_told(tmp_path: Path) -> None:
    async with reading(tmp_path) as reader:
        (watch,) = typed("watch-events.md")
        assert "event: job-completed" in await reader.type(watch)
        submit = " ".join(typed("webhooks.md")).replace("https://example.org", "http://127.0.0.1:9")
        assert '"jobId"' in await reader.type(submit)


def servers() -> list[tuple[str, ...]]:
    """The command that each snippet for an agent starts."""
    page = (PAGES / "agents.md").read_text()
    by_json = [json.loads(line) for line in re.findall(r"^ {4}(\{.*\})$", page, re.MULTILINE)]
    by_toml = [tomllib.loads(block) for block in re.findall(r"((?:^ {4}(?:\[|\w+ = ).*\n)+)", page, re.MULTILINE)]
    tables = [next(iter(document.values()))["aurad"] for document in (*by_json, *by_toml)]
    by_hand = re.findall(r" -- (.+)$", page, re.MULTILINE)
    return [*((one["command"], *one["args"]) for one in tables), *(tuple(shlex.split(one)) for one in by_hand)]


@pytest.mark.slow
def test_what_an_agent_is_told_starts_a_server_with_what_the_page_says(fake: FakeDaemon) -> None:
    page = (PAGES / "agents.md").read_text()
    (command,) = {*servers()}
    assert len(servers()) == 4

    async def look() -> None:
        async with official_client(fake, command) as session:
            tools = {tool.name for tool in (await session.list_tools()).tools}
            templates = {each.uri_template for each in (await session.list_resource_templates()).resource_templates}
        assert tools == {*re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`\w+`.*?) \|", page, re.MULTILINE)))}
        shown = " ".join(re.findall(r"^\| (`aurad.*?) \|", page, re.MULTILINE))
        assert {each.rpartition("/")[2].strip("{}") for each in templates} <= {*re.findall(r"\w+", shown)}

    anyio.run(look)


@pytest.mark.slow
@with_tools("node")
async def test_node_makes_a_video(tmp_path: Path) -> None:
    (example,) = examples("node.md", "javascript")
    async with open_edge(tmp_path) as edge:
        assert (await said(tmp_path, edge.path, "node", "-e", example)).endswith("job-completed 100\n")
