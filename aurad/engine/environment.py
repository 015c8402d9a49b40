"""What of the daemon's environment workers see: enough to run, none of what was meant for others.

A user's shell and a service's unit hold keys of many programs; a stage gets the secrets it declares, and
no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NAMES = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
})  # fmt: skip
PREFIXES = ("LC_", "PYTHON", "COVERAGE_", "FONTCONFIG_", "OMP_", "CUDA_", "NVIDIA_", "LIBVA_", "MALLOC_")
QUIET = {"ORT_DISABLE_TELEMETRY": "1"}  # onnxruntime would keep usage records in the user's cache folder
# glibc gives blocks of this many bytes back at once. By itself it soon keeps all below 32 MiB, pictures and sound too:
# a fifth more memory at the peak, and no time saved that could be measured.
THRIFTY = {"MALLOC_MMAP_THRESHOLD_": f"{1 << 20}", "MALLOC_TRIM_THRESHOLD_": f"{1 << 20}"}


def for_workers(environ: Mapping[str, str], more: Sequence[str] = ()) -> dict[str, str]:
    """What a worker gets of `environ`; `more` are names that an administrator lets through."""
    passed = {name: value for name, value in environ.items() if _passes(name, more)}
    return {**THRIFTY, **passed, **QUIET}


def _passes(name: str, more: Sequence[str]) -> bool:
    return name in NAMES or name in more or name.startswith(PREFIXES)
