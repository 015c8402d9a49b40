"""`aurad`: arguments, then `trio.run`, once."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

import trio

from aurad import __version__
from aurad.daemon import serve
from aurad.model.errors import AuradError
from aurad.model.folders import socket_path


def main() -> None:
    """Run the daemon; exit status 0 after a signal, 1 with a sentence if it cannot start."""
    asked = _arguments()
    path = asked.socket or socket_path(asked.system, os.environ)
    try:
        trio.run(partial(serve, path, system=asked.system, private=asked.private))
    except BaseExceptionGroup as group:
        _, rest = group.split(AuradError)
        if rest is not None:
            raise
        _say(group.exceptions[0])
    except AuradError as error:
        _say(error)
    except KeyboardInterrupt:  # before there was anything to stop
        sys.exit(130)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aurad", description="Turns briefs and documents into narrated videos.")
    parser.add_argument("--version", action="version", version=f"aurad {__version__}")
    parser.add_argument("--private", action="store_true", help="use this user's folders and end when idle")
    parser.add_argument("--system", action="store_true", help="use the system's folders and socket, as a service does")
    parser.add_argument("--socket", type=Path, help="the control socket (default: by the environment)")
    return parser.parse_args()


def _say(error: BaseException) -> None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, AuradError):
        raise error
    print(f"error {error.code}: {error.detail}", file=sys.stderr)
    if error.remedy:
        print(f"remedy: {error.remedy}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
