"""The life of a job: retries, providers, cancel, recovery, admission, and the events that tell of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio
import trio.testing

from aurad.api import BadInput, RateLimited, Transient, Unavailable
from aurad.engine.store import Store
from aurad.model.artifact import Artifact
from aurad.model.assembly import Preview, PreviewRequest
from aurad.model.errors import AuradError
from aurad.model.job import Status
from aurad.model.stage import SegmentRequest
from aurad.model.video import Segment
from tests.engine.house import ME, House, open_house
from tests.engine.toys import STAGES, Context, Core, Counter, Gated, Scripted


@pytest.fixture
def _fresh_plans() -> Iterator[None]:
    Scripted.plan, Scripted.calls = [], 0
    yield
    Scripted.plan = []


@pytest.fixture
def gate() -> Iterator[type[Gated]]:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    return Gated


@pytest.fixture
def quick_clock() -> trio.testing.MockClock:
    """Two hundred times real time: the journal's thread is real, so jumping would leave it behind."""
    return trio.testing.MockClock(rate=200)


class Waiting(Counter):
    """Encodes its first scene once a preview of another has failed, and been told of."""

    async def render_scene(self, request: SegmentRequest, context: Context) -> Segment:
        if not request.tail:
            await Blind.failed.wait()
            await trio.testing.wait_all_tasks_blocked()
        return await super().render_scene(request, context)


class Blind(Core):
    """Makes no preview."""

    failed: ClassVar[trio.Event]

    async def preview(self, request: PreviewRequest, context: Context) -> Preview:
        await trio.lowlevel.checkpoint()
        self.failed.set()
        raise BadInput("cannot encode this preview")


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.usefixtures("_fresh_plans")
async def test_a_passing_failure_is_tried_again(tmp_path: Path, quick_clock: object) -> None:
    Scripted.plan = [Transient("cannot reach it: not now")]
    async with open_house(tmp_path, voice=("scripted",)) as house:
        view = await house.engine.jobs.wait(await house.submit("One sentence."))
        errors = [event for event in await house.events(view.job_id) if event["type"] == "step-error"]
    assert view.status is Status.SUCCEEDED
    assert Scripted.calls == 2
    assert [(error["attempt"], error["willRetry"]) for error in errors] == [(1, True)]


@pytest.mark.usefixtures("_fresh_plans")
async def test_rate_limits_are_waited_for_as_long_as_asked(tmp_path: Path, quick_clock: trio.testing.MockClock) -> None:
    Scripted.plan = [
        RateLimited("cannot go on: slow down", retry_after=90),
        RateLimited("cannot: more", retry_after=30),
    ]
    async with open_house(tmp_path, voice=("scripted",)) as house:
        began = trio.current_time()
        job = await house.submit("One sentence.")
        await house.engine.jobs.wait(job)
        assert trio.current_time() - began >= 120
        assert Scripted.calls == 3


@pytest.mark.usefixtures("_fresh_plans")
async def test_the_next_provider_redoes_the_step_and_the_reason_is_kept(tmp_path: Path) -> None:
    Scripted.plan = [None, Unavailable("cannot speak: no key"), None]
    async with open_house(tmp_path, voice=("scripted", "tone")) as house:
        view = await house.make()
        events = await house.events(view.job_id)
    assert view.status is Status.SUCCEEDED
    voice = next(step for step in view.steps if step.name == "Voice")
    assert voice.plugin is not None
    assert (voice.plugin.name, voice.plugin.fallback_from) == ("tone", "scripted")
    assert "no key" in voice.plugin.reason
    assert [e["fallbackTo"] for e in events if e["type"] == "step-error"][-1] == "tone"
    assert "warning" in types(events)


@pytest.mark.usefixtures("_fresh_plans")
async def test_a_job_fails_with_the_story_of_all_attempts(tmp_path: Path) -> None:
    Scripted.plan = [BadInput("cannot say 'x': it is no word", remedy="Write another.")] * 3
    async with open_house(tmp_path, voice=("scripted",)) as house:
        view = await house.make()
        events = await house.events(view.job_id)
    assert view.status is Status.FAILED
    assert view.errors[0]["errorCode"] == "E310-INPUT"
    assert view.errors[0]["remedy"] == "Write another."
    assert types(events)[-1] == "job-failed"
    steps = {step.name: step.status.value for step in view.steps}
    assert (steps["Script"], steps["Voice"], steps["Postprocessing"]) == ("Succeeded", "Failed", "Skipped")


@pytest.mark.usefixtures("_fresh_plans")
async def test_a_retry_is_a_new_job_that_runs_only_what_is_missing(tmp_path: Path) -> None:
    Scripted.plan = [None, None, BadInput("cannot say it: third")]
    async with open_house(tmp_path, voice=("scripted",)) as house:
        failed = await house.make()
        assert failed.status is Status.FAILED
        job = await house.engine.jobs.retry(failed.job_id, ME, "again")
        view = await house.engine.jobs.wait(job.view.job_id)
        assert view.status is Status.SUCCEEDED
        assert view.retry_of == failed.job_id
        assert view.job_id != failed.job_id
        assert "script" not in await house.ran_tasks(view.job_id)


async def test_cancel_ends_a_running_job_at_once(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await gate.reached.wait()
        view = await house.engine.jobs.cancel(job_id, "me", "changed my mind")
        events = await house.events(job_id)
        assert view.status is Status.CANCELLED
        assert events[-1]["type"] == "job-cancelled"
        assert events[-1]["reason"] == "changed my mind"
        assert list((tmp_path / "state/store/work").iterdir()) == []
        with pytest.raises(AuradError, match="Cancelled"):
            await house.engine.jobs.cancel(job_id, "me", "")


async def test_equal_tasks_of_two_jobs_run_once_and_survive_a_cancel(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        first = await house.submit()
        await gate.reached.wait()
        second = await house.submit()
        await trio.testing.wait_all_tasks_blocked(0.05)
        await house.engine.jobs.cancel(first, "me", "")
        gate.gate.set()
        view = await house.engine.jobs.wait(second)
        assert view.status is Status.SUCCEEDED
        assert house.ran.count("speak") == 3
        await trio.testing.wait_all_tasks_blocked(0.05)
        store = house.engine.store
        assert not [name for name, _, _ in store.objects() if store.is_pinned(name)]  # all may be collected one day


async def test_a_collector_at_any_moment_takes_nothing_that_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before_a_collector(put: Any) -> Any:
        async def put_and_collect(store: Store, *arguments: Any, **named: Any) -> Artifact:
            artifact: Artifact = await put(store, *arguments, **named)
            await house.engine.memo.collect(max_bytes=10**9, max_age=3600)
            return artifact

        return put_and_collect

    async def age(store: Store) -> None:
        """What is made again is there already, sound and old."""
        for name, _, _ in store.objects():
            os.utime(store.path(name), (0, 0))
            await store.check(name)

    monkeypatch.setattr(Store, "put", before_a_collector(Store.put))
    monkeypatch.setattr(Store, "put_bytes", before_a_collector(Store.put_bytes))
    async with open_house(tmp_path) as house:
        store = house.engine.store
        view = await house.make(until="Script")
        await house.engine.jobs.delete(view.job_id)
        await store.put_bytes(b"a picture", "image/png")
        await age(store)
        again = await house.make(until="Script")
        image = await house.engine.put_asset(b"a picture", "image/png", ME)
        for sha256 in (image.sha256, *(artifact.sha256 for artifact in again.artifacts)):
            assert store.path(sha256).exists()


async def test_a_job_goes_on_after_a_restart(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await gate.reached.wait()
        before = await house.engine.jobs.get(job_id)
    gate.gate.set()
    async with open_house(tmp_path, voice=("gated",)) as house:
        view = await house.engine.jobs.wait(job_id)
        events = await house.events(job_id)
        assert view.status is Status.SUCCEEDED
        assert "write" not in house.ran
        [listed] = await house.engine.jobs.ended(None, 10)
    assert view.started_at == before.started_at  # it began once
    assert [e["status"] for e in events if "goes on after a restart" in e["message"]] == ["Queued"]
    assert view.last_job_seq == listed.last_job_seq == events[-1]["jobSeq"]
    assert [event["jobSeq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["progress"] for event in events] == sorted(event["progress"] for event in events)


async def test_events_are_dense_progress_never_falls_and_the_last_is_terminal(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make()
        events = await house.events(view.job_id)
    assert [event["jobSeq"] for event in events] == list(range(1, len(events) + 1))
    progress = [event["progress"] for event in events]
    assert progress == sorted(progress)
    assert [p for p in progress if p == 100.0] == [100.0]
    assert types(events)[0] == "job-status"
    assert types(events)[-1] == "job-completed"
    assert all(event["correlationId"] == "corr-1" for event in events)


@pytest.mark.parametrize(
    ("params", "code", "says"),
    [
        ({"brief": {}}, "E101-BRIEF", "exactly one of"),
        ({"brief": {"topic": "bees", "source": "x"}}, "E101-BRIEF", "topic and source"),
        ({"brief": {"source": "  \n"}}, "E101-BRIEF", "empty"),
        ({"brief": {"source": "a\x00b"}}, "E101-BRIEF", "binary"),
        ({"brief": {"source": "x" * 1048577}}, "E105-TOO_LARGE", "1048577"),
        ({"brief": {"topic": "be"}}, "E100-REQUEST", "topic"),
        ({"brief": {"topic": "bees", "aspect": "3:2"}}, "E100-REQUEST", "3:2"),
        ({"brief": {"topic": "bees", "colour": "red"}}, "E100-REQUEST", "colour"),
        ({"brief": {"topic": "bees"}, "settings": {"preset": "nope"}}, "E103-PRESET", "nope"),
        ({"brief": {"topic": "bees"}, "settings": {"options": {"nope": {"a": 1}}}}, "E104-PLUGIN", "nope"),
        ({"brief": {"topic": "bees"}, "settings": {"options": {"tone": {"pich": 1}}}}, "E102-OPTION", "tone.pich"),
        ({"brief": {"topic": "bees"}, "settings": {"options": {"tone": {"pitch": "a"}}}}, "E102-OPTION", "'a'"),
        ({"brief": {"topic": "bees"}, "settings": {"providers": {"voice": ["nope"]}}}, "E104-PLUGIN", "nope"),
        ({"brief": {"script": {"title": "x", "scenes": [{"text": " "}]}}}, "E101-BRIEF", "scene 1"),
        ({"brief": {"topic": "bees", "assets": [{"asset": "asset:00", "name": "a"}]}}, "E200-NO_JOB", "asset:00"),
    ],
)
async def test_bad_submissions_are_refused_by_name(tmp_path: Path, params: Any, code: str, says: str) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(AuradError, match=says) as caught:
            await house.engine.jobs.submit(params, ME, "")
        assert caught.value.code == code
        assert caught.value.remedy
        assert (await house.engine.jobs.newest(None)).jobs == []


async def test_a_language_without_a_voice_names_what_to_install(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("english",), stages=_with_english()) as house:
        with pytest.raises(AuradError, match="'xx'") as caught:
            await house.submit(brief={"language": "xx"})
        assert caught.value.code == "E109-LANGUAGE"
        assert "aurad[espeak]" in caught.value.remedy


def _with_english() -> Any:
    from tests.engine.toys import STAGES, Tone

    class English(Tone):
        name = "english"
        languages = ("en",)

    return (*STAGES, English)


async def test_a_topic_of_stage_names_disturbs_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        job = await house.engine.jobs.submit({"brief": {"topic": "image render complete voice"}}, ME, "")
        view = await house.engine.jobs.wait(job.view.job_id)
    assert view.status is Status.SUCCEEDED


async def test_two_jobs_in_the_same_second_are_two_jobs(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        ids = [await house.submit(f"Job {n} speaks.") for n in range(8)]
        views = [await house.engine.jobs.wait(job_id) for job_id in ids]
    assert len(set(ids)) == 8
    assert [view.status for view in views] == [Status.SUCCEEDED] * 8, [view.errors for view in views]
    videos = {a.sha256 for view in views for a in view.artifacts if a.name == "video.mp4"}
    assert len(videos) == 8


async def test_an_idempotency_key_gives_the_same_job(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.submit(idempotencyKey="k")
        assert await house.submit(idempotencyKey="k") == first
        with pytest.raises(AuradError, match="something else"):
            await house.submit("Other words.", idempotencyKey="k")


async def test_old_results_are_collected_and_a_job_in_hand_is_not(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        gate.gate.set()
        await house.make()
        before = await house.engine.memo.usage()
        freed = await house.engine.memo.collect(max_bytes=0, max_age=1e9)
        after = await house.engine.memo.usage()
        assert freed > 0
        assert after.size_bytes < before.size_bytes
        view = await house.make()
        assert view.status is Status.SUCCEEDED


async def test_scenes_flow(tmp_path: Path, gate: type[Gated]) -> None:
    """Scene 1 is rendered while a later scene has not been spoken yet."""
    gate.gate.set()
    sentences = " ".join(f"Sentence number {n}." for n in range(12))
    async with open_house(tmp_path) as house:
        await house.make(sentences)
        assert house.ran.index("render_scene") < len(house.ran) - 1 - house.ran[::-1].index("speak")


async def test_a_retry_is_another_job_even_with_a_key(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.make(idempotencyKey="k")
        job = await house.engine.jobs.retry(first.job_id, ME, "")
        assert job.view.job_id != first.job_id


async def test_one_key_sent_twice_at_once_is_one_job(tmp_path: Path) -> None:
    found: list[str] = []

    async def send(house: House) -> None:
        found.append(await house.submit(idempotencyKey="k"))

    async with open_house(tmp_path) as house, trio.open_nursery() as nursery:
        nursery.start_soon(send, house)
        nursery.start_soon(send, house)
    assert len(set(found)) == 1


async def test_a_row_that_nobody_can_read_fails_alone(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        strange, sound = await house.submit("One."), await house.submit("Two.")
        await gate.reached.wait()
    with closing(sqlite3.connect(tmp_path / "state/journal.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE jobs SET recipe = ? WHERE job_id = ?", (b'{"colour": 1}', strange))
    gate.gate.set()
    async with open_house(tmp_path, voice=("gated",)) as house:
        assert (await house.engine.jobs.wait(sound)).status is Status.SUCCEEDED
    with closing(sqlite3.connect(tmp_path / "state/journal.sqlite")) as connection:
        rows = connection.execute("SELECT status FROM jobs WHERE job_id = ?", (strange,)).fetchall()
    assert rows == [("Failed",)]


@pytest.mark.usefixtures("_fresh_plans")
async def test_an_early_part_that_is_refused_costs_nothing(tmp_path: Path) -> None:
    Scripted.plan = [BadInput("cannot say it: the early one")]
    async with open_house(tmp_path, script=("early",), voice=("scripted",)) as house:
        view = await house.make("One. Two.")
    assert view.status is Status.SUCCEEDED, view.errors


async def test_until_voice_makes_no_plan_and_a_fallback_gets_a_plan_of_its_own(tmp_path: Path) -> None:
    async with open_house(tmp_path, visuals=("planless", "planner")) as house:
        await house.make(until="Voice")
        assert "plan" not in house.ran
        view = await house.make()
        assert view.status is Status.SUCCEEDED, view.errors
        assert house.ran.count("plan") == 2
        step = next(step for step in view.steps if step.name == "Visuals")
        assert step.plugin is not None
        assert (step.plugin.name, step.plugin.fallback_from) == ("planner", "planless")


async def test_what_is_looked_after_just_when_a_job_ends_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path) as house:
        jobs, ends = house.engine.jobs, list[str]()
        monkeypatch.setattr(house.engine.joblogs, "finish", lambda job_id: [jobs.tend(), ends.append(job_id)])
        job_ids = [(await house.make(f"Sentence {n}.")).job_id for n in range(2)]
    assert ends == job_ids


async def test_a_preview_that_fails_costs_nothing_else(tmp_path: Path) -> None:
    Blind.failed = trio.Event()
    stages = [stage for stage in STAGES if not issubclass(stage, (Core, Counter))]
    async with open_house(tmp_path, stages=(*stages, Waiting, Blind), private=False) as house:
        view = await house.make()
    assert Blind.failed.is_set()
    assert view.status is Status.SUCCEEDED, view.errors
