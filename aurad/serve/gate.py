"""Who comes in over HTTP: the daemon's own name, no other site's page, a token or a session.

A port of this machine is open to everybody on it, and to every page in a browser: a name that an attacker
points at 127.0.0.1 is refused by `Host`, a foreign page by `Origin`, everybody else by the token.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from urllib.parse import urlsplit

from quart.wrappers import Request, Websocket

from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.model.settings import Http
from aurad.serve.access import Caller, user_name
from aurad.serve.tokens import Tokens

COOKIE = "aurad_session"


class Gate:
    """Checks requests against the settings. Raises E503 for settings that would let anybody in."""

    def __init__(self, http: Http, tokens: Tokens) -> None:
        self._http, self._tokens = http, tokens
        self._hosts = frozenset(name.lower() for name in http.hosts)
        self._names = self._hosts | {"localhost", socket.gethostname().lower()}
        host = split_address(http.bind)[0]
        if not is_loopback(host) and http.auth == "loopback":
            raise AuradError(
                "E503-CONFIG", f'cannot serve {http.bind} with http.auth = "loopback": others could come in',
                remedy='Set http.auth = "token", or bind to 127.0.0.1.',
            )  # fmt: skip
        if not is_loopback(host) and not tokens.any_token:
            raise AuradError(
                "E503-CONFIG", f"cannot serve {http.bind}: nobody has a token yet",
                remedy="Start on 127.0.0.1 first and make one: `auractl token`.",
            )  # fmt: skip

    def check_way(self, request: Request | Websocket) -> None:
        """Raises E110 for `//`, E115 for a body of two lengths, E403 for a foreign name, E402 for a foreign page."""
        path, headers = request.scope["path"], request.headers
        if path.startswith("//"):  # Quart takes it for `/`, which the rules of a proxy before us may not foresee
            raise AuradError("E110-PATH", f"cannot find {path!r}: there is no such address")
        if "Content-Length" in headers and "Transfer-Encoding" in headers:
            raise AuradError("E115-HTTP", "cannot read the request: it has Content-Length and Transfer-Encoding")
        host = headers.get("Host", "")
        if not self._is_ours(host, request):
            raise AuradError("E403-HOST", f"cannot answer as {host!r}: that is not this daemon's name")
        origin = headers.get("Origin")
        if origin is not None and _netloc(origin) not in {host.lower(), *self._hosts}:
            raise AuradError("E402-ORIGIN", f"cannot answer a page of {origin!r}")

    def caller(self, request: Request | Websocket) -> Caller:
        """Whoever asks; raises E401."""
        secret = secret_of(request)
        if found := self._tokens.find(secret):
            return found
        if self._http.auth == "loopback" and not secret:
            return Caller(Owner(uid=os.getuid(), name=user_name(os.getuid())), "operate")
        what = "the token or session is unknown, too old or revoked" if secret else "it takes a token or a session"
        raise AuradError(
            "E401-TOKEN", f"cannot answer: {what}",
            remedy="Send `Authorization: Bearer ...` with the token of `auractl token`, or come by `auractl open`.",
        )  # fmt: skip

    def _is_ours(self, host: str, request: Request | Websocket) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names or host.lower() in self._names or is_loopback(name):
            return True
        server = request.scope.get("server") or ("", 0)
        return name == server[0]


def secret_of(request: Request | Websocket) -> str:
    """The token or session that a request came with, "" for none."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        secret = request.cookies.get(COOKIE, "")
    return secret.strip()


def split_address(bind: str) -> tuple[str, int]:
    """`127.0.0.1:8765` or `[::1]:8765` as host and port."""
    host, _, port = bind.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine gets there. A name counts by what it says: only `localhost` is safe."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _netloc(origin: str) -> str:
    """`https://example.org:1` as `example.org:1`; "" for `null` and whatever is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
