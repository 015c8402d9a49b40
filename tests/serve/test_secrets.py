"""Secrets reach the stage that asks for them, and nobody and nothing else."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.engine.secrets import COUNT, FILE
from aurad.model.narration import Narration
from aurad.model.stage import Stage, StageContext, VoiceRequest
from aurad.model.stage_errors import Refused, Unavailable
from aurad.model.value import Value
from aurad.serve.operations import TABLE
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Tone
from tests.serve.test_operations import ADMIN, ask, refusal

VALUE = "sk-7d9f-do-not-tell"


class Keyed(Tone):
    """A service behind a key; it says the key wherever it can, as careless code does."""

    name = "keyed"
    secrets = ("SPEECH_KEY",)

    async def speak(self, request: VoiceRequest, context: StageContext[Any]) -> Narration:
        key = context.secret("SPEECH_KEY")
        context.log(f"GET https://speech.example?key={key}")
        context.warn("slow", f"{key} is slow")
        context.progress(0.5, f"asking with {key}")
        if "refused" in request.text:
            raise Refused(f"cannot speak: {key} was refused", remedy=f"Renew {key}.", details={"url": f"?k={key}"})
        return await super().speak(request, context)


class Nosy(Tone):
    """Asks for what it did not declare."""

    name = "nosy"

    async def speak(self, request: VoiceRequest, context: StageContext[Any]) -> Narration:
        return Narration(audio=None, sample_rate=1, samples=1, words=(context.secret("SPEECH_KEY"),))  # type: ignore[arg-type]


WITH_KEYS: Sequence[type[Stage[Any]]] = (*STAGES, Keyed, Nosy)


async def put(house: House, name: str = "SPEECH_KEY", value: str = VALUE) -> Any:
    return await ask(house, "secrets.set", ADMIN, name=name, value=value)


def holding(folder: Path, value: str) -> set[str]:
    """Names of files that hold it."""
    return {path.name for path in folder.rglob("*") if path.is_file() and value.encode() in path.read_bytes()}


@pytest.mark.parametrize("method", ["secrets.list", "secrets.set", "secrets.delete"])
def test_secrets_are_an_admins(method: str) -> None:
    assert TABLE[method].role == "admin"


async def test_a_secret_is_kept_in_a_file_of_the_daemons_user_and_listed_by_name(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_KEYS) as house:
        assert await ask(house, "secrets.list", ADMIN) == {"names": [], "missing": ["SPEECH_KEY"]}
        assert await put(house) == {}
        assert await ask(house, "secrets.list", ADMIN) == {"names": ["SPEECH_KEY"], "missing": []}
        assert stat.S_IMODE((tmp_path / "state" / FILE).stat().st_mode) == 0o600
    async with open_house(tmp_path, stages=WITH_KEYS) as house:
        assert (await ask(house, "secrets.list", ADMIN))["names"] == ["SPEECH_KEY"]
        await ask(house, "secrets.delete", ADMIN, name="SPEECH_KEY")
        assert (await ask(house, "secrets.list", ADMIN))["names"] == []
        assert (await refusal(house, "secrets.delete", ADMIN, name="SPEECH_KEY")).code == "E200-NO_JOB"


@pytest.mark.parametrize("text", ["One sentence.", "One refused sentence."])
async def test_a_careless_stage_gets_its_secret_and_no_trace_of_it_is_left(tmp_path: Path, text: str) -> None:
    async with open_house(tmp_path, stages=WITH_KEYS, voice=("keyed",)) as house:
        await put(house)
        job = await house.make(text)
        assert job.status.value == ("Failed" if "refused" in text else "Succeeded")
        shown = [await ask(house, "jobs.get", ADMIN, jobId=job.job_id), await ask(house, "config.get", ADMIN)]
        shown += [await ask(house, method, ADMIN) for method in ("plugins.list", "secrets.list", "system.doctor")]
        shown += [await house.events(job.job_id), await ask(house, "jobs.tasks", ADMIN, jobId=job.job_id)]
        tried = await ask(house, "plugins.test", ADMIN, name="keyed", text=text)
        assert "GET https://speech.example?key=***" in tried["log"]
        await house.engine.joblogs.flush()
        assert "key=***" in house.engine.joblogs.path(job.job_id).read_text()
        assert VALUE not in msgspec.json.encode([*shown, tried]).decode()
    assert holding(tmp_path, VALUE) == {FILE}


async def test_a_stage_that_did_not_declare_it_gets_none(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_KEYS, voice=("nosy", "tone")) as house:
        await put(house)
        job = await house.make("One sentence.")
        voice = next(step for step in job.steps if step.name == "Voice")
        assert (voice.plugin.name, voice.plugin.fallback_from) == ("tone", "nosy")
        problem = (await ask(house, "plugins.test", name="nosy"))["problem"]
        assert problem["errorCode"] == Unavailable.CODE


async def test_a_secret_that_is_not_set_makes_the_stage_unavailable(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_KEYS) as house:
        problem = (await ask(house, "plugins.test", name="keyed"))["problem"]
        assert (problem["errorCode"], problem["remedy"]) == (Unavailable.CODE, "Set the secret SPEECH_KEY.")
        await put(house)
        assert (await ask(house, "plugins.test", name="keyed"))["ok"]  # no restart in between


async def test_a_new_key_makes_nothing_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=WITH_KEYS, voice=("keyed",)) as house:
        await put(house)
        await house.make("One sentence.")
        await put(house, value="another-key")
        await house.make("One sentence.")
        assert "speak" not in house.ran


@pytest.mark.parametrize(
    ("name", "value"),
    [("", "x"), ("9lives", "x"), ("a b", "x"), ("a" * 65, "x"), ("A\n", "x"), ("KEY", ""), ("KEY", "x" * 16385)],
)
async def test_names_are_plain_and_values_have_a_size(tmp_path: Path, name: str, value: str) -> None:
    async with open_house(tmp_path) as house:
        error = await refusal(house, "secrets.set", ADMIN, name=name, value=value)
        assert error.code == "E100-REQUEST"
        assert value in ("", "x") or value not in error.detail


async def test_there_is_an_end_to_how_many(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        many = {f"KEY{n}": "x" for n in range(COUNT)}
        (tmp_path / "state" / FILE).write_bytes(msgspec.json.encode(many))
        assert "KEY_TOO_MANY" in (await refusal(house, "secrets.set", ADMIN, name="KEY_TOO_MANY", value="x")).detail
        await put(house, "KEY7", "y")


async def test_a_damaged_file_is_named_but_not_quoted(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (tmp_path / "state" / FILE).write_text(f'{{"SPEECH_KEY": "{VALUE}"')
        error = await refusal(house, "secrets.list", ADMIN)
        assert (error.code, FILE in error.detail, VALUE in str(error)) == ("E503-CONFIG", True, False)


def test_a_declared_secret_is_no_part_of_a_value() -> None:
    assert VALUE not in repr(TABLE["secrets.set"].params(name="KEY", value=VALUE))
    assert issubclass(TABLE["secrets.set"].params, Value)
