"""A disk that fills up while a video is being made: told as such, and all is well again once there is space."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.house import House, open_house

FLOOD = tuple(
    f"{what} {when}."
    for when in ("when it rains for days and nights", "once the river has left its bed", "before anybody is warned")
    for what in (
        "The meadows drown",
        "The old bridge trembles",
        "Boats are brought to the church",
        "Cattle are led uphill",
    )
)
SIZE = 48 << 20  # bytes of the disk
STEP = 4096
MOUNT = 'mkdir -p "$0" && mount -t tmpfs -o size={} none "$0" && exec "$@"'


@pytest.fixture
def cramped() -> Iterator[House]:
    """A house whose state is on a small disk of its own, seen by what is started there only."""
    unshare = ["unshare", "--mount"] if not os.geteuid() else ["unshare", "--user", "--map-root-user", "--mount"]
    with open_house() as house:
        mount = [*unshare, "sh", "-c", MOUNT.format(SIZE), str(house.folder / "state")]
        if not shutil.which("unshare") or subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
            pytest.skip("no file system may be mounted here, not even in a namespace")
        house.wrapper = mount
        yield house


def fill(house: House, left: int) -> Path:
    """Take all of the daemon's disk but `left` bytes; gives the file to remove."""
    ballast = Path(f"/proc/{house.daemon}/root{house.folder}/state/ballast")
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(STEP))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017
        file.truncate(file.tell() - left)
    return ballast


@pytest.mark.parametrize("left", [256 * 1024, 0])
def test_a_full_disk_while_encoding_is_told_and_passes(cramped: House, left: int) -> None:
    path = cramped.document(*FLOOD)  # its sound takes more than the journal gives up to be able to tell
    cramped.make(path, "--until", "Visuals").succeeded()
    daemon, ballast = cramped.daemon, fill(cramped, left)
    cramped.make(path).failed("E501-DISK", "No space left on device")
    cramped.assert_quiet()
    ballast.unlink()
    assert cramped.make(path).succeeded().video.stat().st_size > 0
    assert cramped.daemon == daemon
