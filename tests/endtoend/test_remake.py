"""Remakes and edits with the real stages: something else comes of them, or it is told that nothing does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.house import House, Made

SENTENCES = ("Rain falls from clouds.", "Clouds are tiny drops.")


@pytest.fixture(scope="module")
def first(house: House) -> Made:
    return house.make(house.document(*SENTENCES, title="Takes"), "--until", "Visuals").succeeded()


def again(house: House, *words: str) -> dict[str, Any]:
    """The new job that a command asks for, once it has ended, and the hashes of its files by name."""
    job_id = house.call(*words).succeeded().out.strip()
    job = json.loads(house.call("raw", "jobs.wait", json.dumps({"jobId": job_id})).succeeded().out)
    assert job["status"] == "Succeeded", job["errors"]
    return dict(job)


def files(job: dict[str, Any]) -> dict[str, str]:
    """Without the manifest, which tells the digests of all that was asked."""
    return {file["name"]: file["sha256"] for file in job["artifacts"] if file["name"] != "manifest.json"}


def told(job: dict[str, Any]) -> list[str]:
    return [warning["detail"] for warning in job["warnings"] if warning["code"] == "same-take"]


def changed(job: dict[str, Any], first: Made) -> set[str]:
    before = files(first.document["job"])
    assert before.keys() == files(job).keys()
    return {name for name, sha256 in files(job).items() if before[name] != sha256}


def test_an_edit_changes_its_scene_and_no_other(house: House, first: Made) -> None:
    job_id = first.document["job"]["jobId"]
    spoken = again(house, "edit", job_id, "--scene", "s2", "--text", "Rain falls from dark clouds.")
    assert {"s2.wav", "script.json"} <= changed(spoken, first) <= {"s2.wav", "s2.png", "script.json"}
    drawn = again(house, "edit", job_id, "--scene", "s3", "--heading", "Drops of water")
    assert changed(drawn, first) == {"s3.png", "script.json"}


def test_another_take_of_a_voice_differs_in_noise_only_and_that_is_told(house: House, first: Made) -> None:
    job = again(house, "remake", first.document["job"]["jobId"], "Voice", "s2")
    assert changed(job, first) == {"s2.wav"}
    assert told(job) == ["hibari made the same again for Voice s2: it has no other take"]


@pytest.mark.parametrize(("words", "who"), [(("Visuals", "s2"), "slides"), (("Script",), "document")])
def test_where_there_is_no_other_take_that_is_told(house: House, first: Made, words: tuple[str, ...], who: str) -> None:
    job = again(house, "remake", first.document["job"]["jobId"], *words)
    assert changed(job, first) == set()
    assert told(job) == [f"{who} made the same again for {' '.join(words)}: it has no other take"]


def test_the_end_of_a_video_has_other_takes_if_it_has_music(house: House, tmp_path: Path) -> None:
    path = house.document("Hail is frozen rain.", title="Takes")
    silent, sounding = (house.make(path, "--music", music).succeeded() for music in ("none", "auto"))
    same = again(house, "remake", silent.document["job"]["jobId"], "Postprocessing")
    assert told(same) == ["master made the same again for Postprocessing: it has no other take"]
    other = again(house, "remake", sounding.document["job"]["jobId"], "Postprocessing")
    assert told(other) == []
    assert "video.mp4" in changed(other, sounding)


def test_a_picture_is_encoded_the_same_way_twice(house: House) -> None:
    made = house.make(house.document("Dew is wet.", title="Takes")).succeeded()
    job = again(house, "remake", made.document["job"]["jobId"], "Rendering", "s2")
    assert told(job) == ["ffmpeg made the same again for Rendering s2: it has no other take"]
