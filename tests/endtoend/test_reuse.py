"""What is made again, and what is not: the whole point of a video being a build."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.endtoend.conftest import Lab, install_naughty, with_site
from tests.endtoend.house import House, Made, contents, open_house

SENTENCES = ("Rain falls from clouds.", "Clouds are tiny drops.", "Rivers run to the sea.", "The sun lifts water.")
VOICES = {f"voice s{n}" for n in range(1, 6)}
VISUALS = {f"visuals s{n}" for n in range(1, 6)}
SEGMENTS = {f"segment s{n}" for n in range(1, 6)}
END = {
    "sound",
    "join",
    "master",
    "listen sound.m4a",
    "package",
    "verify",
}  # `captions` runs too where words or times have changed


@pytest.fixture(scope="module")
def first(house: House) -> tuple[Path, Made]:
    path = house.document(*SENTENCES)
    return path, house.make(path).succeeded()


def test_the_same_command_again_runs_nothing(house: House, first: tuple[Path, Made]) -> None:
    again = house.make(first[0]).succeeded()
    assert again.ran == set()
    assert len(again.timeline) >= 1 + 5 + 5 + 5 + 6
    assert again.video.read_bytes() == first[1].video.read_bytes()
    assert again.seconds < 5


def test_one_changed_sentence_makes_its_scene_and_what_it_blends_into(house: House, first: tuple[Path, Made]) -> None:
    changed = house.document(SENTENCES[0], "Clouds are very tiny drops.", *SENTENCES[2:])
    ran = house.make(changed).succeeded().ran
    assert ran == {"script", "voice s3", "visuals s3", "segment s3", "segment s4", "captions"} | END


def test_upright_reuses_script_and_voice(house: House, first: tuple[Path, Made]) -> None:
    made = house.make(first[0], "--aspect", "9:16").succeeded()
    assert not {"script"} & made.ran
    assert not VOICES & made.ran
    assert made.ran >= SEGMENTS | VISUALS
    output = made.document["job"]["output"]
    assert (output["width"], output["height"]) == (240, 426)


def test_another_voice_reuses_the_script_and_the_slides(house: House, first: tuple[Path, Made]) -> None:
    voices = json.loads(house.call("voices", "--json").succeeded().out)
    other = next(v["name"] for v in voices if v["language"].startswith("en") and not v.get("default"))
    ran = house.make(first[0], "--voice", other).succeeded().ran
    assert ran >= VOICES | {"sound", "captions"}
    assert not ({"script"} | VISUALS) & ran


def test_until_stops_there_and_going_on_reuses_it(house: House) -> None:
    path = house.document("It snows on the hill.", title="Snow")
    made = {until: house.make(path, "--until", until).succeeded() for until in ("Script", "Voice", "Visuals")}
    assert made["Script"].ran == {"script"}
    assert made["Voice"].ran == {"voice s1", "voice s2"}
    assert made["Visuals"].ran == {"visuals s1", "visuals s2"}
    assert contents(made["Script"].folder / "doc") == ["manifest.json", "script.json"]
    assert {"s1.wav", "s2.wav"} <= set(contents(made["Voice"].folder / "doc"))
    assert {"s1.png", "s2.png"} <= set(contents(made["Visuals"].folder / "doc"))
    assert not list(made["Visuals"].folder.glob("*.mp4"))
    assert not {"script", "voice s1", "visuals s1"} & house.make(path).succeeded().ran


def test_a_changed_script_is_the_start(house: House, first: tuple[Path, Made]) -> None:
    script = json.loads(first[1].path("script.json").read_text())
    script["scenes"][1]["text"] = "Rain always falls."
    del script["scenes"][3:]
    made = house.make("--script", house.file(json.dumps(script), "script.json")).succeeded()
    told = json.loads(made.path("script.json").read_text())
    assert [scene["text"] for scene in told["scenes"]] == [scene["text"] for scene in script["scenes"]]
    assert "voice s2" in made.ran
    assert not {"voice s1", "voice s3"} & made.ran


def test_a_damaged_object_is_noticed_and_made_anew(house: House) -> None:
    path = house.document("Hail is frozen rain.")
    before = house.make(path).succeeded().video.read_bytes()
    damaged = stored(house, hashlib.sha256(before).hexdigest())
    damage(damaged)
    assert house.make(path).succeeded().video.read_bytes() == before
    assert damaged.read_bytes() == before


def test_a_damaged_segment_is_noticed_where_it_is_used(house: House) -> None:
    """The store looks before a stage reads: an upright video needs none of it, a changed last scene all of it."""
    sentences = ["Fog is a cloud that lies low.", "Dew is water on cold grass."]
    before = house.make(house.document(*sentences)).succeeded()
    digest = next(task["digest"] for task in before.timeline if task["name"] == "segment s2")
    damage(stored(house, file_of(house, digest)))
    made = house.make(house.document(sentences[0], "Dew is wet.")).succeeded()
    assert "segment s2" in made.ran


def stored(house: House, sha256: str) -> Path:
    return house.state / "store/objects" / sha256[:2] / sha256


def damage(path: Path) -> None:
    """As a dying disk would: other bytes of the same length."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(data)


def file_of(house: House, digest: str) -> str:
    with closing(sqlite3.connect(f"file:{house.state}/journal.sqlite?mode=ro", uri=True)) as journal:
        rows = journal.execute("SELECT sha256 FROM result_files WHERE digest = ?", (digest,)).fetchall()
    return str(rows[0][0])


def test_after_a_failed_last_stage_only_that_runs(lab: Lab) -> None:
    """The packager's FFmpeg fails once: FFmpeg is gone for the container, not for the encoder."""
    path = lab.house.document("Sleet is rain and snow.")
    lab.set_mode("no package")
    lab.house.make(path).failed("E304-FFMPEG_RUNTIME", "cannot write the container")
    lab.set_mode("real")
    assert lab.house.make(path).succeeded().ran - {"listen sound.m4a"} == {"package", "verify"}  # it runs beside them


def test_an_edited_plugin_is_never_served_stale(tmp_path: Path) -> None:
    plugin = install_naughty(tmp_path / "site")
    settings = {"PYTHONPATH": with_site(plugin.parent), "AURAD_VOICE__PROVIDERS": '["naughty"]'}
    with open_house(**settings) as house:
        scenes = [{"text": "The wind blows."}]
        script = house.file(json.dumps({"title": "Wind", "scenes": scenes}), "script.json")
        second = time.time() + 60  # both are of this one: the worst case
        os.utime(plugin, (second, second))
        one = house.make("--script", script, "--until", "Voice").succeeded().path("s1.wav").read_bytes()
        plugin.write_text(plugin.read_text().replace("WORD = 24_000, 0.3", "WORD = 24_000, 0.4"))
        os.utime(plugin, (second, second))
        made = house.make("--script", script, "--until", "Voice").succeeded()
        assert made.ran == {"voice s1"}
        assert len(made.path("s1.wav").read_bytes()) > len(one)  # and by the new code, though a worker was warm


def test_another_ffmpeg_is_never_served_stale(lab: Lab) -> None:
    path = lab.house.document("Ice is solid water.")
    lab.house.make(path).succeeded()
    program = lab.mode.with_name("ffmpeg")
    program.write_text(program.read_text() + "# another build\n")
    assert lab.house.make(path).succeeded().ran >= {"segment s1", "segment s2", "join", "package", "verify"}


def test_two_empty_stores_give_the_same_bytes(house: House, first: tuple[Path, Made]) -> None:
    with open_house() as other:
        made = other.make(first[0]).succeeded()
        assert made.ran >= SEGMENTS
        assert digests(made) == digests(first[1])
        assert made.video.read_bytes() == first[1].video.read_bytes()
        assert made.path("manifest.json").read_bytes() == first[1].path("manifest.json").read_bytes()


def digests(made: Made) -> dict[str, str]:
    return {task["name"]: task["digest"] for task in made.timeline}
