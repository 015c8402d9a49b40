"""Installed plugins and their fingerprints, found without importing any of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurad.hooks import registry
from aurad.hooks.registry import CORE, environment_stamp, find_plugins

MODULES = ("toyplug", "toysingle", "toyloose")


class Site:
    """A folder of installed distributions on `sys.path`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, module: str, *, editable: bool) -> Path:
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[aurad.stages]\n{name} = {module}:whatever\n")
        (info / "RECORD").write_text("toyplug/__init__.py,sha256=abc,1\n")
        if editable:
            (info / "direct_url.json").write_text(json.dumps({"url": "file:///x", "dir_info": {"editable": True}}))
        return info

    def write(self, path: str, text: str = "raise AssertionError('imported')\n") -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    assert not set(MODULES) & set(sys.modules), "a plugin was imported"


def fingerprint(name: str) -> str:
    return find_plugins()[name].fingerprint


@pytest.mark.parametrize("change", ["toyplug/__init__.py", "toyplug/deep/style.css", "toyplug/new.py"])
def test_an_edited_editable_plugin_has_another_fingerprint(site: Site, change: str) -> None:
    site.install("toyplug", "toyplug.deep", editable=True)
    site.install("toywhole", "toyplug", editable=True)
    for path in ("toyplug/__init__.py", "toyplug/deep/__init__.py", "toyplug/deep/style.css"):
        site.write(path)
    before = fingerprint("toywhole")
    assert fingerprint("toywhole") == before
    site.write(change, "something else")
    assert fingerprint("toywhole") != before


def test_sources_are_read_again_only_once_they_were_touched(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("toyplug", "toyplug", editable=True)
    site.write("toyplug/__init__.py", "one")
    read: list[str] = []
    whole = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or whole(path))
    before = fingerprint("toyplug")
    assert fingerprint("toyplug") == before
    assert read.count("__init__.py") >= 2  # it was written just now: another change may not show in its times
    monkeypatch.setattr(registry, "SETTLED", -1_000_000_000)
    assert fingerprint("toyplug") == before
    read.clear()
    assert fingerprint("toyplug") == before
    assert read == []
    times = (site.folder / "toyplug/__init__.py").stat()
    site.write("toyplug/__init__.py", "two")
    os.utime(site.folder / "toyplug/__init__.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fingerprint("toyplug") != before


def test_what_is_no_file_does_not_count(site: Site) -> None:
    site.install("toyplug", "toyplug", editable=True)
    site.write("toyplug/__init__.py")
    before = fingerprint("toyplug")
    (site.folder / "toyplug/.#__init__.py").symlink_to("somebody@machine.4711")  # an editor's lock
    os.mkfifo(site.folder / "toyplug/pipe")
    assert fingerprint("toyplug") == before


def test_only_a_plugins_own_sources_count(site: Site) -> None:
    site.install("toyplug", "toyplug.deep", editable=True)
    for path in ("toyplug/__init__.py", "toyplug/deep/__init__.py", "toyplug/other/__init__.py"):
        site.write(path)
    before = fingerprint("toyplug")
    site.write("toyplug/other/__init__.py", "something else")
    assert fingerprint("toyplug") == before
    site.write("toyplug/deep/__init__.py", "something else")
    assert fingerprint("toyplug") != before


def test_a_single_module_counts_too(site: Site) -> None:
    site.install("toysingle", "toysingle", editable=True)
    site.write("toysingle.py")
    before = fingerprint("toysingle")
    site.write("toysingle.py", "something else")
    assert fingerprint("toysingle") != before


def test_an_installed_plugin_is_known_by_its_record(site: Site) -> None:
    info = site.install("toyplug", "toyplug", editable=False)
    site.write("toyplug/__init__.py")
    source = find_plugins()["toyplug"]
    assert (source.module, source.distribution, source.version) == ("toyplug", "toyplug", "1.0")
    site.write("toyplug/__init__.py", "something else")
    assert fingerprint("toyplug") == source.fingerprint
    (info / "RECORD").write_text("toyplug/__init__.py,sha256=def,1\n")
    assert fingerprint("toyplug") != source.fingerprint


def test_a_plugin_without_a_record_is_known_by_its_sources(site: Site) -> None:
    info = site.install("toyplug", "toyplug", editable=False)
    (info / "RECORD").unlink()
    site.write("toyplug/__init__.py")
    before = fingerprint("toyplug")
    site.write("toyplug/__init__.py", "something else")
    assert fingerprint("toyplug") != before


def test_a_plugin_whose_sources_are_gone_is_listed_all_the_same(site: Site) -> None:
    site.install("toyloose", "toyloose.deep", editable=True)
    assert find_plugins()["toyloose"].version == "1.0"


def test_our_own_are_there_and_nobody_takes_the_place_of_the_core(site: Site) -> None:
    site.install(CORE, "toyplug", editable=False)
    site.write("toyplug/__init__.py")
    plugins = find_plugins()
    assert plugins[CORE].module == "aurad.worker.core"
    assert {"script_document", "voice_hibari", "render_ffmpeg"} <= set(plugins)
    assert len({plugin.fingerprint for plugin in plugins.values()}) == len(plugins)


def test_the_stamp_changes_with_what_is_installed(site: Site) -> None:
    before = environment_stamp()
    assert environment_stamp() == before
    info = site.install("toyplug", "toyplug", editable=False)
    installed = environment_stamp()
    assert installed != before
    (info / "RECORD").write_text("upgraded\n")
    assert environment_stamp() not in (before, installed)
