"""AAC in pieces: no seam is heard, no sample is lost, and no machine makes other bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from aurad_plugins.finish_master import pieces
from aurad_plugins.finish_master.aac import FRAME, Coded, encode, write_m4a
from aurad_plugins.finish_master.pieces import BLOCK, PIECE, in_pieces
from aurad_plugins.finish_master.shelf import Shelf, key_of

pytestmark = pytest.mark.slow
RATE = 48_000
SAMPLES = 2 * PIECE + 12_345


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Chords that swell, pulses, noise: something goes on at every seam."""
    time = np.arange(SAMPLES) / RATE
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.31 * time)
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 277.2, 329.6, 1318.5)) * swell
    pulses = np.exp(-40 * ((3.1 * time) % 1)) * np.sin(2 * np.pi * 900 * time)
    noise = np.random.default_rng(1).standard_normal((SAMPLES, 2)) * 0.01
    return (0.08 * chord[:, None] + 0.3 * pulses[:, None] + noise).astype(np.float32)


def read(sound: np.ndarray, start: int, end: int) -> Iterator[np.ndarray]:
    return (sound[at : min(at + BLOCK, end)] for at in range(start, end, BLOCK))


async def coded(sound: np.ndarray, path: Path) -> list[Coded]:
    shelf = Shelf(path.with_suffix(".shelf"))
    parts = await in_pieces(
        lambda start, end: encode(shelf, lambda a, b: read(sound, a, b), start, end, len(sound)),
        len(sound),
        done=lambda _: None,
    )
    write_m4a(path, parts, len(sound))
    return parts


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().T for frame in container.decode(audio=0)])


def error(sound: np.ndarray, heard: np.ndarray, at: int) -> float:
    """dB of what is wrong in the frames around `at`, against what is right."""
    around = slice(at - 3 * FRAME, at + 3 * FRAME)
    wrong, right = heard[around] - sound[around], sound[around]
    return float(10 * np.log10(np.square(wrong).mean() / np.square(right).mean()))


async def test_no_seam_is_worse_than_any_other_place(sound: np.ndarray, tmp_path: Path) -> None:
    parts = await coded(sound, tmp_path / "a.m4a")
    heard = decoded(tmp_path / "a.m4a")[: len(sound)]
    assert len(heard) == len(sound)
    elsewhere = [error(sound, heard, at) for at in range(FRAME * 8, len(sound) - FRAME * 8, 7 * FRAME)]
    seams = [error(sound, heard, PIECE), error(sound, heard, 2 * PIECE)]
    assert max(seams) < np.percentile(elsewhere, 99) + 1
    assert np.median(elsewhere) < -20
    assert [len(part.packets) for part in parts[:2]] == [PIECE // FRAME] * 2


async def test_what_was_measured_is_what_is_heard(sound: np.ndarray, tmp_path: Path) -> None:
    parts = await coded(sound, tmp_path / "a.m4a")
    heard = decoded(tmp_path / "a.m4a")[: len(sound)]
    assert max(part.peak for part in parts) == pytest.approx(np.abs(heard).max(), rel=0.03)
    assert sum(len(part.powers) for part in parts) == len(sound) // (RATE // 10)


async def test_the_number_of_cores_does_not_matter(
    sound: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await coded(sound, tmp_path / "some.m4a")
    monkeypatch.setattr(pieces, "SIDE_BY_SIDE", 1)
    await coded(sound, tmp_path / "one.m4a")
    assert (tmp_path / "some.m4a").read_bytes() == (tmp_path / "one.m4a").read_bytes()


async def test_the_sound_before_a_change_is_not_encoded_again(sound: np.ndarray, tmp_path: Path) -> None:
    """And what is reused is what would have been made."""
    await coded(sound, tmp_path / "a.m4a")
    kept = set((tmp_path / "a.shelf" / "shelf").iterdir())
    changed = np.concatenate([sound[: PIECE + RATE], sound[PIECE:]])
    (tmp_path / "a.shelf").rename(tmp_path / "b.shelf")
    await coded(changed, tmp_path / "b.m4a")
    new = {path.name for path in (tmp_path / "b.shelf" / "shelf").iterdir()} - {path.name for path in kept}
    assert len(new) == 2  # of three pieces
    await coded(changed, tmp_path / "fresh.m4a")
    assert (tmp_path / "b.m4a").read_bytes() == (tmp_path / "fresh.m4a").read_bytes()


def test_a_damaged_piece_is_made_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    key = key_of("a", "bc")
    assert shelf.get(key, int, lambda: 1) == shelf.get(key, int, lambda: 2) == 1
    for damage in (b"", b"short", bytes(64)):
        (tmp_path / "shelf" / key).write_bytes(damage)
        assert shelf.get(key, int, lambda: 3) == 3
    assert key_of("ab", "c") != key


def test_what_was_used_last_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path)
    for number in range(6):
        shelf.get(f"k{number}", bytes, lambda: bytes(1000))
        os.utime(tmp_path / "shelf" / f"k{number}", (number, number))
    shelf.get("k0", bytes, bytes)  # used again just now
    monkeypatch.setattr("aurad_plugins.finish_master.shelf.MOST_BYTES", 3100)
    shelf.tidy()
    assert {path.name for path in (tmp_path / "shelf").iterdir()} == {"k0", "k4", "k5"}
