"""The examples of the how-tos are run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import cast

import click
import pytest
import trio

from aurad.client.cli.main import cli
from tests.browser.tools import with_tools
from tests.serve.edge import open_edge

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


@pytest.mark.slow
@with_tools("node")
async def test_node_makes_a_video(tmp_path: Path) -> None:
    (example,) = examples("node.md", "javascript")
    async with open_edge(tmp_path) as edge:
        assert (await said(tmp_path, edge.path, "node", "-e", example)).endswith("job-completed 100\n")
