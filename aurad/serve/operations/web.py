"""Operations that let somebody in over HTTP: with their own role, never with more."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.serve.access import ORDER, Role
from aurad.serve.operations.table import Call, Nothing, Result, operation
from aurad.serve.tokens import Tokens

Label = Annotated[str, Meta(max_length=64)]


class AskToken(Value, frozen=True, kw_only=True):
    """`role` is at most one's own, which is also the default; without `days` the token does not age."""

    label: Label = ""
    role: Role | None = None
    days: Annotated[float, Meta(gt=0)] | None = None


class TokenView(Result, frozen=True, kw_only=True):
    """Said once, never again: the daemon keeps a hash only."""

    token: str
    role: Role
    url: str


class Door(Result, frozen=True, kw_only=True):
    """An address that lets a browser in, once, within `expires_in` seconds."""

    url: str
    expires_in: float


class Revoke(Value, frozen=True, kw_only=True):
    """Whose label; without one all of them."""

    label: Label | None = None


class Revoked(Result, frozen=True, kw_only=True):
    revoked: int


@operation("web.token", AskToken, "operate")
async def token(call: Call, params: AskToken) -> TokenView:
    """A bearer token for the REST interface, with the caller's role or less."""
    tokens, role = _tokens(call), params.role or call.caller.role
    if ORDER.index(role) > ORDER.index(call.caller.role):
        raise AuradError("E400-DENIED", f"cannot give a token with the role {role}: yours is {call.caller.role}")
    secret = await tokens.issue(call.caller._replace(role=role), "token", label=params.label, days=params.days)
    return TokenView(token=secret, role=role, url=tokens.url)


@operation("web.open", Nothing, "operate")
def door(call: Call, params: Nothing) -> Door:
    """An address with a one-time code: opened in a browser, it gives a session with the caller's role."""
    tokens = _tokens(call)
    code, seconds = tokens.offer(call.caller)
    return Door(url=f"{tokens.url}/open?code={code}", expires_in=seconds)


@operation("web.revoke", Revoke, "operate")
async def revoke(call: Call, params: Revoke) -> Revoked:
    """End one's own tokens and browser sessions: those with the label, or all."""
    return Revoked(revoked=await _tokens(call).revoke(call.caller.owner, params.label))


def _tokens(call: Call) -> Tokens:
    if call.tokens is None or not call.tokens.url:
        raise AuradError(
            "E504-NO_DAEMON", "cannot let anybody in: this daemon serves no HTTP",
            remedy="Start `aurad` itself; the one that `auractl make` starts on its own has no web page.",
        )  # fmt: skip
    return call.tokens
