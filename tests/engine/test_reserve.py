"""Space set aside for the journal: taken once, given up once, and no trouble where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aurad.engine import reserve
from aurad.engine.reserve import RESERVE_BYTES, Reserve


def test_it_is_really_taken_and_given_up_once(tmp_path: Path) -> None:
    mine = Reserve(tmp_path / "reserve")
    assert not mine.release()
    mine = Reserve(tmp_path / "reserve")
    mine.set_aside()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= RESERVE_BYTES
    assert mine.release()
    assert not mine.release()
    assert not list(tmp_path.iterdir())


def test_it_is_not_taken_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Reserve(tmp_path / "reserve")
    mine.set_aside()
    mine.release()
    mine.set_aside()
    assert not (tmp_path / "reserve").exists()
    monkeypatch.setattr(reserve.time, "monotonic", lambda: 1e9)
    mine.set_aside()
    assert (tmp_path / "reserve").stat().st_size == RESERVE_BYTES


def test_a_full_disk_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, offset: int, length: int) -> None:
        os.ftruncate(descriptor, length // 2)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    mine = Reserve(tmp_path / "reserve")
    mine.set_aside()
    assert (tmp_path / "reserve").stat().st_size == 0
    assert not mine.release()
