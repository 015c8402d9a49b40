"""pip at an administrator's word: what may be asked, where it may not work, and one plugin's whole life."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import trio

from aurad.client.blocking import Client, RemoteError
from aurad.model.errors import AuradError
from aurad.serve import pip
from aurad.serve.operations import installing
from aurad.serve.pip import check_environment, check_requirement
from tests.engine.house import open_house
from tests.serve.test_operations import ADMIN, ask, refusal

PATIENCE = 60.0
SOURCE = """\
from aurad.api import Artifact, Narration, VoiceStage, Word, hookimpl


class Hum(VoiceStage):
    name = "hum"
    secrets = ("HUM_KEY",)

    async def speak(self, request, context):
        print("the key is", context.secret("HUM_KEY"))
        path = context.workspace / "hum.wav"
        path.write_bytes(b"hum " + b"VERSION")
        words = tuple(Word(text=word, start=0.0, end=1.0) for word in request.text.split())
        return Narration(audio=context.keep(path, "audio/wav"), sample_rate=100, samples=100, words=words)


@hookimpl
def aurad_stages():
    return [Hum]
"""


def wheel(folder: Path, version: str) -> Path:
    """A wheel with one plugin, made by hand: nothing has to be built, nothing is fetched."""
    info = f"aurad_hum-{version}.dist-info"
    files = {
        "aurad_hum.py": SOURCE.replace("VERSION", version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: aurad-hum\nVersion: {version}\nRequires-Dist: aurad\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[aurad.stages]\nvoice_hum = aurad_hum\n",
    }
    record = "".join(f"{name},sha256={_hash(text)},{len(text)}\n" for name, text in files.items())
    path = folder / f"aurad_hum-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


def _hash(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "requirement",
    ["aurad-hum", "aurad_hum==1.0", "a.b[x, y]>=1,<2", "a ~= 1.0", "a===1!2.0+local", "a == 1.*"],
)
def test_a_requirement_is_a_name_with_versions(requirement: str) -> None:
    assert check_requirement(requirement) == requirement


@pytest.mark.parametrize(
    "requirement",
    [
        "-r /etc/passwd", "--index-url=http://evil.example", "-e .", "a --pre", "a\n--pre", "./a.whl", "../a", "~/a",
        "a @ https://evil.example/a.whl", "git+https://evil.example/a", "a; python_version < '4'", "a b", "", "a==",
        "/nonexistent/a.whl", "/tmp\n--pre", "a==1 --hash=x", "ä",
    ],
)  # fmt: skip
async def test_nothing_else_is_and_pip_is_not_even_started(tmp_path: Path, requirement: str) -> None:
    async with open_house(tmp_path) as house:
        error = await refusal(house, "plugins.install", ADMIN, requirement=requirement)
        assert error.code == "E100-REQUEST"


async def test_only_plugins_that_are_there_are_uninstalled(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for name in ("nobody", "-r x", "core"):
            assert (await refusal(house, "plugins.uninstall", ADMIN, name=name)).code == "E104-PLUGIN"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "gone"))
    with pytest.raises(AuradError, match=r"may not write to .*gone") as caught:
        check_environment()
    assert (caught.value.code, bool(caught.value.remedy)) == ("E601-INSTALL", True)


def test_an_environment_of_the_operating_system_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    check_environment()  # in a venv it does not matter
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    with pytest.raises(AuradError, match="operating system") as caught:
        check_environment()
    assert "-m venv" in caught.value.remedy


def test_an_environment_without_pip_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AuradError, match="has no pip") as caught:
        check_environment()
    assert "ensurepip" in caught.value.remedy


async def test_two_at_once_are_one_too_many(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, house.engine.installing:
        assert (await refusal(house, "plugins.install", ADMIN, requirement="aurad-hum")).code == "E202-BUSY"


@pytest.mark.slow
async def test_pip_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip, "SECONDS", 0.05)
    with pytest.raises(AuradError, match="did not end within") as caught:
        await pip.pip("install", "--no-index", "--", "aurad-hum", cwd=tmp_path)
    assert caught.value.code == "E601-INSTALL"


@contextmanager
def daemon_of_its_own(home: Path) -> Iterator[Client]:
    """A daemon in a fresh environment, which sees all that is installed here and can be written without harm."""
    venv.create(home / "venv", symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home / "venv"), "platbase": str(home / "venv")}))
    seen = [entry for entry in sys.path if entry.endswith("site-packages")]
    (site / "ours.pth").write_text("".join(f"import site; site.addsitedir({entry!r})\n" for entry in seen))
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("STATE", "CACHE", "CONFIG")}
    # Whatever is installed or removed, every plugin is asked anew what it can do: here only the one that matters.
    folders["AURAD_CATALOG__DISABLED"] = ",".join(point.name for point in entry_points(group="aurad.stages"))
    argv = [str(home / "venv" / "bin" / "python"), "-m", "aurad", "--private", "--socket", str(home / "s")]
    with subprocess.Popen(argv, env=os.environ | folders) as process:
        try:
            yield connect(home / "s")
        finally:
            process.terminate()


def connect(path: Path) -> Client:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return Client(path, timeout=PATIENCE)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.mark.slow
def test_a_plugin_comes_is_used_is_renewed_and_goes(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="aurad-") as home, daemon_of_its_own(Path(home)) as client, client:

        def install(requirement: str) -> dict[str, object]:
            return client.call("plugins.install", {"requirement": requirement, "offline": True})

        came = install(str(wheel(tmp_path, "1.0")))
        assert (came["added"], came["changed"], came["removed"]) == (["voice_hum"], [], [])
        assert "Successfully installed aurad-hum-1.0" in str(came["output"])
        assert client.call("plugins.test", {"name": "hum"})["problem"]["remedy"] == "Set the secret HUM_KEY."
        client.call("secrets.set", {"name": "HUM_KEY", "value": "0123456789"})
        tried = client.call("plugins.test", {"name": "hum"})
        assert (tried["sizeBytes"], tried["log"]) == (len("hum 1.0"), ["the key is ***"])

        assert install(str(wheel(tmp_path, "1.0.1")))["changed"] == ["voice_hum"]
        tried = client.call("plugins.test", {"name": "hum"})  # by a worker with the new code, no restart in between
        assert (tried["version"], tried["sizeBytes"]) == ("1.0.1", len("hum 1.0.1"))

        with pytest.raises(RemoteError, match="pip ended with 1") as caught:
            install("aurad-there-is-no-such-thing")
        assert caught.value.code == "E601-INSTALL"

        with pytest.raises(RemoteError, match="part of aurad"):
            client.call("plugins.uninstall", {"name": "voice_hibari"})
        assert client.call("plugins.uninstall", {"name": "hum"})["removed"] == ["voice_hum"]
        assert "hum" not in [plugin["name"] for plugin in client.call("plugins.list")["plugins"]]


async def test_it_goes_on_when_whoever_asked_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, ended = trio.Event(), trio.Event(), trio.Event()

    async def slow(*arguments: str, cwd: Path) -> str:
        begun.set()
        await go_on.wait()
        ended.set()
        return "done"

    monkeypatch.setattr(installing, "pip", slow)
    monkeypatch.setattr(installing, "check_environment", lambda: None)
    async with open_house(tmp_path) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: ask(house, "plugins.install", ADMIN, requirement="aurad-hum"))
            await begun.wait()
            nursery.cancel_scope.cancel()
        assert (await refusal(house, "plugins.install", ADMIN, requirement="aurad-hum")).code == "E202-BUSY"
        go_on.set()
        with trio.fail_after(PATIENCE):
            await ended.wait()
        assert await ask(house, "plugins.reload", ADMIN)


async def test_what_goes_wrong_is_told_and_hurts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*arguments: str, cwd: Path) -> str:
        raise OSError("cannot fork")

    monkeypatch.setattr(installing, "pip", broken)
    monkeypatch.setattr(installing, "check_environment", lambda: None)
    async with open_house(tmp_path) as house:
        with pytest.raises(OSError, match="cannot fork"):
            await ask(house, "plugins.install", ADMIN, requirement="aurad-hum")
        assert (await house.make("One sentence.")).status.value == "Succeeded"
