"""A video is a build: what has a result is not run again, what depends on a change is, and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from aurad.engine.memo import Memo
from aurad.model.errors import AuradError
from aurad.model.job import Status
from tests.engine.house import TALE, open_house
from tests.engine.toys import Core

FINISH = {"sound", "join", "box", "verify"}


async def test_a_job_runs_every_task_once_and_succeeds(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make()
        assert view.status is Status.SUCCEEDED, view.errors
        assert view.progress == 100.0
        assert view == await house.engine.jobs.get(view.job_id)  # as it is on disk
        assert sorted(house.ran) == sorted(
            ["write", "profile", *["speak", "draw", "render_scene"] * 3, "sound", "join", "finish", "verify"]
        )
        assert {a.name for a in view.artifacts} >= {"video.mp4", "script.json", "manifest.json"}
        assert view.output is not None
        assert view.output.duration_seconds > 2


async def test_a_task_is_looked_up_once_and_not_at_all_if_it_was_used_lately(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looked_up = Memo.find, list[str]()

    async def find(memo: Memo, digest: str, pins: set[str]) -> bytes | None:
        looked_up.append(digest)
        return await real(memo, digest, pins)

    monkeypatch.setattr(Memo, "find", find)
    async with open_house(tmp_path) as house:
        await house.make()
        assert sorted(looked_up) == sorted({*looked_up})
        looked_up.clear()
        await house.make()
        assert looked_up == []
    async with open_house(tmp_path) as house:
        await house.make()
        assert house.ran == []
        assert sorted(looked_up) == sorted({*looked_up})


async def test_a_finished_sound_is_heard_before_the_last_check_and_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, finish=("mixer", "box")) as house:
        view = await house.make()
        manifest = next(file for file in view.artifacts if file.name == "manifest.json")
        verified = msgspec.json.decode(house.engine.store.path(manifest.sha256).read_bytes())["verified"]
        assert verified["loudness"] == -15  # as it was heard, not as the check itself would hear it
        assert house.ran.count("listen") == 1
        await house.make()
        assert house.ran == []


async def test_a_file_that_cannot_be_heard_is_left_to_the_last_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: object) -> None:
        raise AuradError("E309-VERIFY", "cannot read the file: it has no sound")

    monkeypatch.setattr(Core, "listen", deaf)
    async with open_house(tmp_path, finish=("mixer", "box")) as house:
        view = await house.make()
        assert view.status is Status.SUCCEEDED, view.errors
        assert (house.ran.count("listen"), house.ran.count("verify")) == (1, 1)


async def test_the_same_again_runs_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.make()
        again = await house.make()
        assert again.status is Status.SUCCEEDED
        assert house.ran == []
        files = {a.name: a.sha256 for a in first.artifacts if a.kind != "preview"}
        assert files == {a.name: a.sha256 for a in again.artifacts}


async def test_results_outlive_the_daemon(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make()
    async with open_house(tmp_path) as house:
        await house.make()
        assert house.ran == []


async def test_a_changed_sentence_rebuilds_its_scene_and_what_blends_into_the_next(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make("One two. Three four. Five six. Seven eight.")
        view = await house.make("One two. Three more. Five six. Seven eight.")
        assert await house.ran_tasks(view.job_id) == {
            "script", "voice s2", "visuals s2", "segment s2", "segment s3", *FINISH,
        }  # fmt: skip


async def test_another_aspect_reuses_script_and_voice(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make()
        view = await house.make(brief={"aspect": "9:16"})
        ran = await house.ran_tasks(view.job_id)
        assert not {name for name in ran if name == "script" or name.startswith("voice")}
        assert {"visuals s1", "segment s3", "profile"} <= ran


async def test_another_voice_reuses_the_script(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make()
        view = await house.make(voice="other")
        ran = await house.ran_tasks(view.job_id)
        assert "script" not in ran
        assert {"voice s1", "voice s2", "voice s3"} <= ran
        assert "visuals s1" not in ran


async def test_an_option_of_one_plugin_reruns_only_what_it_shapes(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make()
        view = await house.make(options={"tone": {"pitch": 220}})
        ran = await house.ran_tasks(view.job_id)
        assert "voice s1" in ran
        assert "visuals s1" not in ran


async def test_other_plugins_are_never_served_old_results(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make()
    async with open_house(tmp_path, fingerprint="2") as house:
        await house.make()
        assert "speak" in house.ran
        assert "render_scene" in house.ran


async def test_a_damaged_object_is_noticed_and_made_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make()
    broken = house.engine.store.path(next(a.sha256 for a in view.artifacts if a.name == "video.mp4"))
    objects = [path for path in (tmp_path / "state/store/objects").glob("*/*") if b"|None" in path.read_bytes()]
    segment = min(objects, key=lambda path: path.stat().st_size)  # the first; joined ones are longer
    for path in (segment, broken):
        path.chmod(0o644)
        path.write_bytes(b"x" * path.stat().st_size)
    async with open_house(tmp_path) as house:
        again = await house.make(TALE.replace("Flowers", "Plants"))
        assert again.status is Status.SUCCEEDED
        assert any(warning["code"] == "E506-STORE" for warning in again.warnings)
        assert "render_scene" in house.ran


async def test_a_missing_object_is_made_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make()
        house.engine.store.discard(next(a.sha256 for a in view.artifacts if a.name == "video.mp4"))
        again = await house.make()
        assert house.ran == ["finish"]
        assert again.status is Status.SUCCEEDED


async def test_a_script_can_be_given_and_ids_do_not_matter(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.make("One two. Three four.")
        script = {
            "title": "toy",
            "scenes": [{"sceneId": "x", "text": "One two"}, {"sceneId": "y", "text": "Three four"}],
        }
        house.ran.clear()
        job = await house.engine.jobs.submit({"brief": {"script": script}}, (await house.make()).owner, "c")
        await house.engine.jobs.wait(job.view.job_id)
        ran = await house.ran_tasks(job.view.job_id)
        assert "script" not in ran
        assert "voice x" not in ran


async def test_until_ends_early_and_a_whole_job_goes_on_from_there(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make(until="Voice")
        assert view.status is Status.SUCCEEDED
        assert view.output is None
        assert "render_scene" not in house.ran
        assert {"s1.wav", "s2.wav", "s3.wav"} <= {a.name for a in view.artifacts}
        await house.make()
        assert "speak" not in house.ran


async def test_two_houses_make_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        async with open_house(tmp_path / name) as house:
            view = await house.make()
            made.append({a.name: a.sha256 for a in view.artifacts if a.kind != "preview"})
    assert made[0] == made[1]


async def test_a_damaged_video_is_noticed_before_it_is_delivered(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make()
        path = house.engine.store.path(next(a.sha256 for a in view.artifacts if a.name == "video.mp4"))
        good = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(b"x" * len(good))
        again = await house.make()
        assert again.status is Status.SUCCEEDED
        assert path.read_bytes() == good
