"""`auractl edit` and `remake`: what words on the command line, a file or an editor ask to be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.client.fake_daemon import JOB, FakeDaemon

SCRIPT: dict[str, Any] = {"title": "Bees", "scenes": [{"sceneId": "s1", "text": "Bees see."}]}


@pytest.fixture
def editing(fake: FakeDaemon) -> FakeDaemon:
    fake.answers["jobs.edit"] = lambda params, fds: {"jobId": "a-new"}
    fake.answers["jobs.script"] = lambda params, fds: SCRIPT
    return fake


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("--scene s1 --text New. --voice heart", {"scenes": [{"sceneId": "s1", "text": "New.", "voice": "heart"}]}),
        ("--voice heart --aspect 9:16", {"brief": {"aspect": "9:16"}, "settings": {"voice": "heart"}}),
        ("--max-cost 0", {"settings": {"maxCost": 0}}),
        ("--set slides.scale=2 --theme ember", {"settings": {"theme": "ember", "options": {"slides": {"scale": 2}}}}),
        ("--remove s1 --remove s4 --cancel-old", {"remove": ["s1", "s4"], "cancelOld": True}),
        ("--order s2,s1", {"order": ["s2", "s1"]}),
    ],
)
def test_words_become_changes(editing: FakeDaemon, capsys: Any, words: str, changes: dict[str, Any]) -> None:
    assert run(["edit", JOB, *words.split()]) == codes.OK
    assert capsys.readouterr().out == "a-new\n"
    assert editing.named("jobs.edit") == [{"jobId": JOB, **changes}]


@pytest.mark.parametrize("words", ["--text New.", "--scene s1", "--scene s1 --theme ember"])
def test_a_scene_and_what_changes_in_it_belong_together(editing: FakeDaemon, words: str) -> None:
    assert run(["edit", JOB, *words.split()]) == codes.USAGE
    assert editing.named("jobs.edit") == []


def test_a_script_of_a_file_takes_the_place_of_the_document(editing: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(SCRIPT))
    assert run(["edit", JOB, "--script", str(tmp_path / "s.json"), "--aspect", "1:1"]) == codes.OK
    assert editing.named("jobs.edit") == [
        {"jobId": JOB, "brief": {"aspect": "1:1", "sourceFormat": None, "script": SCRIPT}}
    ]


@pytest.mark.parametrize(
    ("command", "status", "asked"),
    [
        ("sed -i s/see/hear/", codes.OK, [json.loads(json.dumps(SCRIPT).replace("see", "hear"))]),
        ("true", codes.OK, []),
        ("sed -i s/scenes/scnes/", codes.USAGE, []),
        ("sed -i s/{//", codes.USAGE, []),
    ],
)
def test_without_options_an_editor_is_opened(
    editing: FakeDaemon, monkeypatch: pytest.MonkeyPatch, command: str, status: int, asked: list[Any]
) -> None:
    monkeypatch.setenv("VISUAL", command)
    assert run(["edit", JOB]) == status
    assert [params["brief"]["script"] for params in editing.named("jobs.edit")] == asked


def test_another_take(editing: FakeDaemon, capsys: Any) -> None:
    assert run(["remake", JOB, "visuals", "s1"]) == codes.OK
    assert run(["remake", JOB, "Voice", "--cancel-old"]) == codes.OK
    assert capsys.readouterr().out == "a-new\na-new\n"
    assert editing.named("jobs.edit") == [
        {"jobId": JOB, "remake": [{"stage": "Visuals", "sceneId": "s1"}]},
        {"jobId": JOB, "remake": [{"stage": "Voice"}], "cancelOld": True},
    ]
    assert run(["remake", JOB, "Initialization"]) == codes.USAGE
