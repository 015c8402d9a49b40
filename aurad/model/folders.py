"""Where aurad keeps its things, and where its control socket is. Names paths, touches none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aurad.model.value import digest

SOCKET_NAME = "aurad.sock"
SYSTEM_SOCKET = Path("/run") / SOCKET_NAME  # beside, not inside, the runtime folder, which systemd re-owns


@dataclass(frozen=True, kw_only=True)
class Folders:
    """`state`: journal and store; `cache`: what can be made again; `runtime`: gone after a reboot."""

    state: Path
    cache: Path
    config: Path
    runtime: Path
    logs: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "aurad.toml"

    @property
    def drop_ins(self) -> Path:
        return self.config / "aurad.d"

    @property
    def presets(self) -> Path:
        return self.config / "presets"


def folders(system: bool, environ: Mapping[str, str]) -> Folders:
    """The folders systemd made for this service, else the system's or the user's usual ones."""
    usual = _system() if system else _user(environ)
    return Folders(
        state=_given("STATE_DIRECTORY", environ) or usual.state,
        cache=_given("CACHE_DIRECTORY", environ) or usual.cache,
        config=_given("CONFIGURATION_DIRECTORY", environ) or usual.config,
        runtime=_given("RUNTIME_DIRECTORY", environ) or usual.runtime,
        logs=_given("LOGS_DIRECTORY", environ) or usual.logs,
    )


def socket_path(system: bool, environ: Mapping[str, str]) -> Path:
    """`$AURAD_SOCKET`, else the system's socket, else the user's."""
    if chosen := environ.get("AURAD_SOCKET"):
        return Path(chosen)
    if system:
        return SYSTEM_SOCKET
    runtime = environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / SOCKET_NAME if runtime else folders(False, environ).state / SOCKET_NAME


def _given(name: str, environ: Mapping[str, str]) -> Path | None:
    """systemd lists several folders with colons; the first is ours."""
    first = environ.get(name, "").partition(":")[0]
    return Path(first) if first else None


def _system() -> Folders:
    return Folders(
        state=Path("/var/lib/aurad"),
        cache=Path("/var/cache/aurad"),
        config=Path("/etc/aurad"),
        runtime=Path("/run/aurad"),
        logs=Path("/var/log/aurad"),
    )


def _user(environ: Mapping[str, str]) -> Folders:
    import platformdirs  # only a user's programs need it

    state = platformdirs.user_state_path("aurad")
    runtime = environ.get("XDG_RUNTIME_DIR")
    return Folders(
        state=state,
        cache=platformdirs.user_cache_path("aurad"),
        config=platformdirs.user_config_path("aurad"),
        runtime=Path(runtime) / "aurad" if runtime else state / "run",
        logs=platformdirs.user_log_path("aurad"),
    )


def environment_stamp(environ: Mapping[str, str]) -> str:
    """Changes with every setting in the environment."""
    named = sorted((key, value) for key, value in environ.items() if key.startswith("AURAD_") and "__" in key)
    return digest(*(f"{key}={value}".encode() for key, value in named))
