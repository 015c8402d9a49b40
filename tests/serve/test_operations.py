"""The table of operations: what each takes, gives and refuses, and that nobody touches another's job."""

from __future__ import annotations

import base64
import dis
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import trio

from aurad.model.errors import AuradError
from aurad.model.settings import Defaults
from aurad.model.stage import Stage
from aurad.model.value import Value
from aurad.serve.access import ORDER, Caller, Rules
from aurad.serve.operations import INLINE, TABLE, Call
from aurad.serve.peer import Peer
from aurad.wire import jsonrpc
from tests.engine.house import ME, House, open_house
from tests.engine.toys import STAGES, Gated, Pixel, Tone
from tests.serve.edge import PATIENCE, somebody

ADMIN, MINE, STRANGER = somebody("admin", 0), somebody("operate", ME.uid), somebody("operate", 2000)


async def ask(house: House, method: str, caller: Caller = MINE, *, fds: list[int] | None = None, **params: Any) -> Any:
    """An operation's answer as JSON."""
    operation = TABLE[method]
    reply_fds: list[int] = []
    call = Call(house.engine, caller, fds or [], reply_fds)
    answer = await operation.perform(call, jsonrpc.parse(jsonrpc.raw(params), operation.params, method))
    for fd in reply_fds:
        os.close(fd)
    return msgspec.json.decode(msgspec.json.encode(answer))


async def refusal(house: House, method: str, caller: Caller = MINE, **params: Any) -> AuradError:
    with pytest.raises(AuradError) as caught:
        await ask(house, method, caller, **params)
    return caught.value


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_operation_is_described_and_has_a_role(name: str) -> None:
    operation = TABLE[name]
    assert operation.summary.endswith(".")
    assert operation.role in ORDER
    assert issubclass(operation.params, Value)


def test_roles_are_ordered() -> None:
    assert [somebody(mine).may(needed) for mine in ORDER for needed in ORDER] == [
        True, False, False, True, True, False, True, True, True,
    ]  # fmt: skip


def peer(uid: int, *groups: str) -> Peer:
    return Peer(uid, frozenset(GIDS[group] for group in groups))


GIDS = {"aurad-users": 901, "aurad-admin": 902, "watchers": 903}


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with `GIDS`."""

    def find(name: str) -> Any:
        return SimpleNamespace(gr_gid=GIDS[name])

    monkeypatch.setattr("aurad.serve.access.grp.getgrnam", find)


def test_a_users_daemon_serves_its_user_and_root_only() -> None:
    rules = Rules()
    assert {rules.caller(Peer(uid, frozenset())).role for uid in (os.getuid(), 0)} == {"admin"}
    with pytest.raises(AuradError, match="uid 54321") as caught:
        rules.caller(Peer(54321, frozenset()))
    assert caught.value.code == "E400-DENIED"


@pytest.mark.usefixtures("groups")
def test_the_systems_daemon_serves_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 990)
    rules = Rules(system=True, readers="watchers")
    assert rules.caller(peer(0)).role == "admin"
    assert rules.caller(peer(1000, "aurad-users")).role == "operate"
    assert rules.caller(peer(1000, "aurad-users", "aurad-admin")).role == "admin"
    assert rules.caller(peer(1000, "watchers")).role == "read"
    with pytest.raises(AuradError, match="members of aurad-users"):
        rules.caller(peer(1000))
    with pytest.raises(AuradError, match="the service's own account has no role"):
        rules.caller(peer(990, "aurad-users", "aurad-admin"))
    with pytest.raises(AuradError, match="members of aurad-users"):
        Rules(system=True).caller(peer(1000, "watchers"))


async def test_hello_agrees_on_a_version_and_tells_the_role(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        answer = await ask(house, "system.hello", client="test", protocol=[7, 1])
        assert (answer["protocol"], answer["role"], answer["private"]) == (1, "operate", True)
        error = await refusal(house, "system.hello", protocol=[7, 8])
        assert "7, 8" in error.detail


async def test_a_job_from_submission_to_its_files(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        accepted = await ask(house, "jobs.submit", brief={"source": "One. Two."}, correlationId="c-1", priority=2)
        job = await ask(house, "jobs.wait", jobId=accepted["jobId"])
        assert (accepted["correlationId"], job["correlationId"]) == ("c-1", "c-1")
        assert (job["status"], job["priority"], job["owner"]["uid"]) == ("Succeeded", 2, ME.uid)
        assert await ask(house, "jobs.get", jobId=job["jobId"]) == job
        tasks = (await ask(house, "jobs.tasks", jobId=job["jobId"]))["tasks"]
        assert {"script", "voice s1", "segment s2", "verify"} <= {task["name"] for task in tasks}
        artifacts = (await ask(house, "jobs.artifacts", jobId=job["jobId"]))["artifacts"]
        for artifact in artifacts:
            assert await ask(house, "artifacts.open", artifactId=artifact["artifactId"]) == artifact


@pytest.mark.parametrize("name", TABLE)
def test_a_handler_that_never_waits_is_a_plain_function(name: str) -> None:
    """It is answered without a task of its own."""
    code = TABLE[name].handler.__code__
    waits = any(
        step.opname in ("GET_AWAITABLE", "GET_AITER", "BEFORE_ASYNC_WITH") for step in dis.get_instructions(code)
    )
    assert TABLE[name].waits == waits


@pytest.mark.parametrize("correlation", ["x" * 129, "a ", "a\tb", "ä"])
async def test_a_correlation_id_is_short_printable_ascii(tmp_path: Path, correlation: str) -> None:
    async with open_house(tmp_path) as house:
        error = await refusal(house, "jobs.submit", brief={"topic": "bees"}, correlationId=correlation)
        assert "correlationId" in error.detail


async def test_a_job_without_a_correlation_id_is_given_one(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        ids = {(await ask(house, "jobs.submit", brief={"topic": "bees"}))["correlationId"] for _ in range(2)}
        assert len(ids) == 2


async def test_a_retry_is_a_new_job_that_knows_the_old_one(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = (await house.make("One sentence.")).job_id
        second = (await ask(house, "jobs.retry", jobId=first))["jobId"]
        job = await ask(house, "jobs.wait", jobId=second)
        assert second != first
        assert (job["retryOf"], job["status"]) == (first, "Succeeded")


async def test_what_has_ended_cannot_be_cancelled_and_what_runs_cannot_be_retried(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job = await house.submit("One sentence.")
        await Gated.reached.wait()
        assert (await refusal(house, "jobs.retry", jobId=job)).code == "E201-STATE"
        cancelled = await ask(house, "jobs.cancel", jobId=job, reason="enough")
        assert cancelled["status"] == "Cancelled"
        assert (await refusal(house, "jobs.cancel", jobId=job)).code == "E201-STATE"
        last = (await house.events(job))[-1]
        assert (last["type"], last["by"], last["reason"]) == ("job-cancelled", MINE.owner.name, "enough")


async def test_a_job_whose_submitter_leaves_before_the_answer_runs_all_the_same(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.submit, "One sentence.")
            while True:
                if house.engine.jobs.busy:
                    break
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        (job,) = (await house.engine.jobs.newest(None)).jobs
        with trio.fail_after(PATIENCE):
            assert (await house.engine.jobs.wait(job.job_id)).status.value == "Succeeded"


async def test_lists_are_newest_first_and_as_long_as_asked(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        ids = [(await house.make(f"Number {n}.")).job_id for n in range(3)]
        listed = [job["jobId"] for job in (await ask(house, "jobs.list", limit=2))["jobs"]]
        assert listed == ids[:0:-1]
        for limit in (0, 501):
            assert "limit" in (await refusal(house, "jobs.list", limit=limit)).detail


async def test_nobody_touches_anothers_job(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.")
        for method in ("get", "wait", "tasks", "artifacts", "cancel", "retry"):
            error = await refusal(house, f"jobs.{method}", STRANGER, jobId=view.job_id)
            unknown = await refusal(house, f"jobs.{method}", STRANGER, jobId="a-nobody")
            assert (error.code, error.remedy) == (unknown.code, unknown.remedy) == ("E200-NO_JOB", error.remedy)
        artifact = view.artifacts[0].artifact_id
        assert (await refusal(house, "artifacts.open", STRANGER, artifactId=artifact)).code == "E200-NO_JOB"
        assert (await ask(house, "jobs.list", STRANGER))["jobs"] == []
        assert (await ask(house, "jobs.get", ADMIN, jobId=view.job_id))["jobId"] == view.job_id
        assert len((await ask(house, "jobs.list", ADMIN))["jobs"]) == 1


async def test_anothers_asset_cannot_be_used(tmp_path: Path) -> None:
    data = base64.b64encode(b"Bees see colours.").decode()
    async with open_house(tmp_path) as house:
        asset = (await ask(house, "assets.put", data=data))["asset"]
        assert "jobId" in await ask(house, "jobs.submit", brief={"source": asset})
        assert (await refusal(house, "jobs.submit", STRANGER, brief={"source": asset})).code == "E200-NO_JOB"


async def test_a_damaged_artifact_is_told_as_such(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.")
        video = next(a for a in view.artifacts if a.name == "video.mp4")
        house.engine.store.discard(video.sha256)
        error = await refusal(house, "artifacts.open", artifactId=video.artifact_id)
        assert error.code == "E506-STORE"
        assert "video.mp4" in error.detail
        assert (await refusal(house, "artifacts.open", artifactId="nothing")).code == "E200-NO_JOB"


@pytest.mark.parametrize(
    ("data", "code"),
    [("no base64!", "E100-REQUEST"), (base64.b64encode(bytes(INLINE + 1)).decode(), "E105-TOO_LARGE")],
)
async def test_an_inline_asset_is_small_base64(tmp_path: Path, data: str, code: str) -> None:
    async with open_house(tmp_path) as house:
        assert (await refusal(house, "assets.put", data=data)).code == code


async def test_the_largest_inline_asset_is_taken(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        answer = await ask(house, "assets.put", data=base64.b64encode(bytes(INLINE)).decode(), mediaType="image/png")
        assert (answer["sizeBytes"], answer["mediaType"]) == (INLINE, "image/png")


class Described(Tone):
    name = "described"

    def describe(self) -> dict[str, Any]:
        return {"voices": ["anna", {"name": "bert", "language": "en"}]}


class Themed(Pixel):
    name = "themed"

    def describe(self) -> dict[str, Any]:
        return {"themes": [{"name": "dawn"}], "fonts": ["Some Sans"]}


WITH_CHOICES: tuple[type[Stage[Any]], ...] = (*STAGES, Described, Themed)


async def test_the_catalogue_tells_voices_themes_presets_and_plugins(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_CHOICES) as house:
        assert (await ask(house, "catalog.voices"))["voices"] == [
            {"provider": "described", "name": "anna"},
            {"provider": "described", "name": "bert", "language": "en"},
        ]
        assert (await ask(house, "catalog.themes"))["themes"] == [{"provider": "themed", "name": "dawn"}]
        assert [preset["name"] for preset in (await ask(house, "catalog.presets"))["presets"]] == ["youtube-1080p"]
        plugins = {plugin["name"]: plugin for plugin in (await ask(house, "plugins.list"))["plugins"]}
        assert set(plugins) == {stage.name for stage in WITH_CHOICES} - {"core"}
        assert "pitch" in str(plugins["tone"]["optionsSchema"])


async def test_voices_of_the_provider_asked_first_come_first(tmp_path: Path) -> None:
    class Preferred(Described):
        name = "preferred"

    async with open_house(tmp_path, stages=(*WITH_CHOICES, Preferred), voice=("preferred", "described")) as house:
        told = (await ask(house, "catalog.voices"))["voices"]
        assert [voice["provider"] for voice in told] == ["preferred"] * 2 + ["described"] * 2


async def test_the_catalogue_marks_what_a_job_gets_that_asks_for_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_CHOICES, defaults=Defaults(voice="bert")) as house:
        voices = {voice["name"]: voice["default"] for voice in (await ask(house, "catalog.voices"))["voices"]}
        assert voices == {"anna": False, "bert": True}
        assert [preset["default"] for preset in (await ask(house, "catalog.presets"))["presets"]] == [True]


async def test_the_doctor_tells_every_check_and_a_remedy_for_what_is_wrong(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_CHOICES, voice=("nobody", "tone")) as house:
        checks = {check["name"]: check for check in (await ask(house, "system.doctor"))["checks"]}
    assert {"ffmpeg", "ffmpeg parts", "disk", "voice providers", "voices", "themes", "plugin tone"} <= set(checks)
    assert "nobody is not installed" in checks["voice providers"]["detail"]
    assert not checks["ffmpeg parts"]["ok"]  # the house's FFmpeg is no FFmpeg
    assert all(bool(check["remedy"]) != check["ok"] for check in checks.values())


async def test_the_doctor_finds_a_broken_file_before_it_is_read_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        file = house.engine.folders.settings_file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[store]\nnope = 3\n")
        check = (await ask(house, "system.doctor"))["checks"][0]
        assert (check["name"], check["ok"]) == ("settings", False)
        assert f"{file}:2" in check["detail"]
        assert "those of before are in force" in check["detail"]
        assert "store.max_gib" in check["remedy"]
        file.unlink()
        assert (await ask(house, "system.doctor"))["checks"][0]["ok"]


async def test_the_settings_can_be_read(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("tone", "gated")) as house:
        settings = (await ask(house, "config.get"))["settings"]
        assert settings["voice"]["providers"] == ["tone", "gated"]


async def test_stop_stops(tmp_path: Path) -> None:
    stopped = trio.Event()
    async with open_house(tmp_path, stop=stopped.set) as house:
        assert await ask(house, "system.stop", ADMIN) == {}
        assert not stopped.is_set()  # the answer goes out first
        with trio.fail_after(PATIENCE):
            await stopped.wait()


async def test_an_edit_is_a_new_job_of_the_same_owner_and_may_end_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await Gated.reached.wait()
        assert (await refusal(house, "jobs.edit", STRANGER, jobId=job_id)).code == "E200-NO_JOB"
        made = await ask(house, "jobs.edit", ADMIN, jobId=job_id, remove=["s1"], cancelOld=True, correlationId="mine")
        assert made["correlationId"] == "mine"
        new = await ask(house, "jobs.get", jobId=made["jobId"])
        assert (new["retryOf"], new["owner"]["uid"]) == (job_id, ME.uid)
        assert (await ask(house, "jobs.get", jobId=job_id))["status"] == "Cancelled"
        monkeypatch.setattr("aurad.engine.record.STOP", 0.0)  # no work stops at once
        assert (await ask(house, "jobs.edit", jobId=made["jobId"], brief={"goal": "tell"}, cancelOld=True))["jobId"]


async def test_a_job_is_paused_resumed_moved_and_deleted_by_its_owner_only(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await Gated.reached.wait()
        for method in ("jobs.pause", "jobs.resume", "jobs.delete"):
            assert (await refusal(house, method, STRANGER, jobId=job_id)).code == "E200-NO_JOB"
        assert (await refusal(house, "jobs.reprioritize", STRANGER, jobId=job_id, priority=1)).code == "E200-NO_JOB"
        assert (await ask(house, "jobs.pause", jobId=job_id))["status"] == "Paused"
        assert (await ask(house, "jobs.reprioritize", jobId=job_id, priority=1))["priority"] == 1
        Gated.gate.set()
        assert (await ask(house, "jobs.resume", jobId=job_id))["status"] in ("Queued", "Running")
        assert (await ask(house, "jobs.wait", jobId=job_id))["status"] == "Succeeded"
        assert (await ask(house, "jobs.delete", jobId=job_id))["freedBytes"] > 0
        assert (await refusal(house, "jobs.get", jobId=job_id)).code == "E200-NO_JOB"


async def test_drain_is_told_in_the_health(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert await ask(house, "system.drain", ADMIN) == {"draining": True}
        assert (await ask(house, "system.health"))["draining"]
        assert await ask(house, "system.drain", ADMIN, on=False) == {"draining": False}
        assert not (await ask(house, "system.health"))["draining"]


async def test_a_plan_tells_what_a_job_would_come_to_and_begins_nothing(tmp_path: Path) -> None:
    text = " ".join(f"Bees see colour number {n}." for n in range(60))
    async with open_house(tmp_path) as house:
        plan = await ask(house, "jobs.validate", somebody("read", ME.uid), brief={"source": text})
        assert {kind: [one["name"] for one in who] for kind, who in plan["providers"].items()} == {
            "script": ["sentences"], "voice": ["tone"], "visuals": ["pixel"], "render": ["counter"], "finish": ["box"],
        }  # fmt: skip
        assert plan["providers"]["voice"][0]["reason"] == "first in the order configured"
        assert 60 < plan["videoSeconds"] < 240
        assert plan["scenes"] > 3
        assert plan["seconds"] > 0
        assert plan["diskBytes"] > 1 << 20
        short = await ask(house, "jobs.validate", brief={"source": text, "durationSeconds": 30})
        assert short["videoSeconds"] < plan["videoSeconds"]
        assert short["diskBytes"] < plan["diskBytes"]
        assert (await refusal(house, "jobs.validate", brief={})).code == "E101-BRIEF"
        nobody = {"voice": ["nobody"]}
        assert (await refusal(house, "jobs.validate", brief={"source": "x"}, providers=nobody)).code == "E104-PLUGIN"
        assert (await ask(house, "jobs.list"))["jobs"] == []
        assert house.ran == []


async def test_a_dry_run_is_the_plan_under_the_names_of_a_submission(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        asked = {"brief": {"source": "Bees see."}, "idempotencyKey": "k", "captions": "soft"}
        told = await ask(house, "jobs.submit", dryRun=True, **asked)
        assert told.pop("correlationId")
        assert told == {"jobId": None, "position": None, "plan": await ask(house, "jobs.validate", **asked)}
        assert (await ask(house, "jobs.list"))["jobs"] == []
        assert (await ask(house, "jobs.submit", **asked))["jobId"]  # the key was not used up
        assert "dryRun" not in (await ask(house, "jobs.list"))["jobs"][0]["settings"]
