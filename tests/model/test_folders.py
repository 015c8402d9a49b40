"""Where things are: systemd's word first, then the system's or the user's habit."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurad.model.folders import folders, socket_path


def test_systemd_decides_and_its_first_folder_counts() -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "CACHE_DIRECTORY": "/c", "LOGS_DIRECTORY": "/l",
               "CONFIGURATION_DIRECTORY": "/e", "RUNTIME_DIRECTORY": "/r"}  # fmt: skip
    places = folders(True, environ)
    assert [places.state, places.cache, places.config, places.runtime, places.logs] == [
        Path("/var/lib/a"), Path("/c"), Path("/e"), Path("/r"), Path("/l"),
    ]  # fmt: skip


def test_without_systemd_the_system_s_folders_are_the_usual_ones() -> None:
    places = folders(True, {})
    assert places.settings_file == Path("/etc/aurad/aurad.toml")
    assert places.state == Path("/var/lib/aurad")


def test_a_user_s_folders_follow_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", f"/home/bee/{name.lower()}")
    places = folders(False, {"XDG_RUNTIME_DIR": "/run/user/7"})
    assert places.state == Path("/home/bee/state/aurad")
    assert places.drop_ins == Path("/home/bee/config/aurad/aurad.d")
    assert places.runtime == Path("/run/user/7/aurad")


def test_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    assert socket_path(True, {}) == Path("/run/aurad.sock")
    assert socket_path(False, {"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/aurad.sock")
    assert socket_path(False, {}) == Path("/s/aurad/aurad.sock")
    assert socket_path(True, {"AURAD_SOCKET": "/x.sock"}) == Path("/x.sock")
