"""Houses that tests share: starting a daemon costs seconds, a job in a running one tenths."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from aurad.engine.tools import find_ffmpeg
from tests.endtoend.house import House, open_house

HERE = Path(__file__).parent
ENTRY_POINTS = "[aurad.stages]\nnaughty = naughty\n"
METADATA = "Metadata-Version: 2.1\nName: naughty\nVersion: 1.0\n"
SILENCE = "1.2"  # seconds; the real FFmpeg reports ten times a second


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.slow)


class Lab(NamedTuple):
    """A house whose FFmpeg and voice fail on demand."""

    house: House
    mode: Path
    plugin: Path

    def set_mode(self, how: str) -> None:
        self.mode.write_text(how)


def install_naughty(site: Path) -> Path:
    """As `pip install -e` would: the module's path is returned. No RECORD: its source alone tells of a change."""
    info = site / "naughty-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (info / "direct_url.json").write_text(json.dumps({"url": "file:///", "dir_info": {"editable": True}}))
    return Path(shutil.copy(HERE / "naughty.py", site))


def install_faulty_ffmpeg(folder: Path) -> Path:
    folder.mkdir()
    (folder / "real").write_text(str(find_ffmpeg("")))
    (folder / "mode").write_text("real")
    script = folder / "ffmpeg"
    script.write_text(f"#!{sys.executable} -IS\n" + (HERE / "faulty_ffmpeg.py").read_text())
    script.chmod(0o755)
    return script


def with_site(site: Path) -> str:
    return os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """Everything as it comes, only small."""
    with open_house() as opened:
        yield opened


@pytest.fixture(scope="session")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    ffmpeg = install_faulty_ffmpeg(folder / "bin")
    plugin = install_naughty(folder / "site")
    settings = {
        "PYTHONPATH": with_site(plugin.parent),
        "AURAD_TOOLS__FFMPEG": str(ffmpeg),
        "AURAD_WORKERS__SILENCE_SECONDS": SILENCE,
        "AURAD_VOICE__PROVIDERS": '["naughty"]',
        "AURAD_FINISH__PROVIDERS": '["captions", "package"]',
    }
    with open_house(**settings) as opened:
        yield Lab(opened, ffmpeg.with_name("mode"), plugin)


@pytest.fixture
def lab(_lab: Lab) -> Iterator[Lab]:
    yield _lab
    _lab.set_mode("real")
    _lab.house.assert_quiet()
    _lab.house.call("plugins", "reload").succeeded()  # a plugin that crashed too often gets another chance
