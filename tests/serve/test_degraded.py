"""A service whose settings cannot be used is there, says why, and goes on once they are mended."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from aurad.client.blocking import Client, RemoteError
from tests.serve.webdaemon import WebDaemon, open_daemon
from tests.test_daemon import until

pytestmark = pytest.mark.slow


def ended(client: Client, job: str) -> Any:
    return client.call("jobs.wait", {"jobId": job}, timeout=60)["status"]


def reason(daemon: WebDaemon) -> Any:
    return daemon.ask("GET", "/api/health/ready")


@pytest.mark.parametrize("by", ["reload", "signal"])
def test_a_broken_file_keeps_jobs_and_not_the_daemon(tmp_path: Path, by: str) -> None:
    settings = tmp_path / "config/aurad/aurad.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[defaults]\npreset = "draft"\n[store]\nnope = 3\n')
    with open_daemon(tmp_path) as daemon, daemon.connect() as client:
        told = reason(daemon)
        assert (told["status"], told["details"]["origin"]) == (503, f"{settings}:4")
        assert "store.nope = 3" in told["detail"]
        with pytest.raises(RemoteError, match="defaults are in force"):
            client.call("system.health")
        assert not client.call("system.doctor")["checks"][0]["ok"]
        job = client.call("jobs.submit", {"brief": {"source": "Bees see."}, "until": "Script"})["jobId"]
        view = client.call("jobs.get", {"jobId": job})
        assert (view["status"], view["position"]) == ("Queued", 1)
        assert view["message"].startswith("waiting: cannot use store.nope")
        settings.write_text('[defaults]\npreset = "draft"\n')
        if by == "reload":
            assert "defaults.preset" in client.call("config.reload")["changed"]
        else:
            daemon.process.send_signal(signal.SIGHUP)
        assert ended(client, job) == "Succeeded"
        assert client.call("system.health")["status"] == "ready"


def test_an_ffmpeg_that_appears_is_found(tmp_path: Path) -> None:
    where = tmp_path / "ffmpeg"
    with open_daemon(tmp_path, AURAD_TOOLS__FFMPEG=str(where)) as daemon, daemon.connect() as client:
        assert str(where) in reason(daemon)["detail"]
        job = client.call("jobs.submit", {"brief": {"source": "Bees see."}, "until": "Script"})["jobId"]
        until(lambda: client.call("jobs.get", {"jobId": job})["message"].startswith("waiting: cannot use") or None)
        where.symlink_to(_real_ffmpeg())
        assert ended(client, job) == "Succeeded"


def _real_ffmpeg() -> Path:
    from aurad.engine.tools import find_ffmpeg

    return find_ffmpeg("")
