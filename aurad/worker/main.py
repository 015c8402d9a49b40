"""A worker process: loads one plugin and serves its stages, one task at a time (PROTOCOL 7).

    python -m aurad.worker.main --rpc FD --plugin NAME

The protocol has a private descriptor; whatever is printed goes to stderr, which is log. When the daemon
is gone, so are we; the guardian above us takes care of what we leave behind.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from contextlib import suppress

import trio

from aurad.worker.guardian import become_subreaper, die_with_parent, kill_descendants
from aurad.worker.outbox import Outbox
from aurad.worker.serve import Server

LAST_WORDS = 0.5  # seconds to write what is still waiting, and to close stages
MERCY = 1.0  # seconds after the daemon's end until we end too, whatever a stage is doing


def main() -> None:
    parser = argparse.ArgumentParser(prog="aurad-worker", description=__doc__)
    parser.add_argument("--rpc", type=int, required=True, help="descriptor of the daemon's socket")
    parser.add_argument("--plugin", required=True, help="entry point of the plugin")
    arguments = parser.parse_args()
    sock = _take_over(arguments.rpc)
    outbox = Outbox(sock)
    server = Server(arguments.plugin, outbox)
    trio.run(_serve, server, sock)
    outbox.close(timeout=LAST_WORDS)
    _leave()


def _take_over(rpc: int) -> socket.socket:
    """Keep the protocol's descriptor to ourselves and standard streams away from it."""
    sock = socket.socket(fileno=rpc)
    sock.set_inheritable(False)
    sock.setblocking(True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    become_subreaper()
    die_with_parent()
    return sock


async def _serve(server: Server, sock: socket.socket) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve_tasks)
        while data := await _receive(sock):
            server.feed(data)
            if server.stopping:
                break
        # From here on nothing may keep us: neither a thread that cannot be cancelled nor a stage's `close`.
        timer = threading.Timer(MERCY, _leave)
        timer.daemon = True
        timer.start()
        server.cancel()
        with trio.move_on_after(LAST_WORDS):
            await server.close()
        nursery.cancel_scope.cancel()


async def _receive(sock: socket.socket) -> bytes:
    await trio.lowlevel.wait_readable(sock)
    with suppress(ConnectionError):
        return sock.recv(256 * 1024)
    return b""


def _leave() -> None:
    kill_descendants()
    os._exit(0)  # not sys.exit: a thread in native code would keep us


if __name__ == "__main__":
    main()
