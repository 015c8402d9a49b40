"""Every error that a person can meet, once: code, title, HTTP status, JSON-RPC code and remedy.

The reference page is generated from `KINDS`. Families: E1xx request, E2xx job and queue, E3xx stages
and tools, E4xx access, E5xx daemon and disk, E6xx plugins.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

BULKY = ("stderr", "logTail")  # up to 64 KiB of an error


class Kind(NamedTuple):
    """What is the same for every error of one code."""

    title: str
    http: int
    rpc: int
    remedy: str


KINDS: dict[str, Kind] = {
    "E100-REQUEST": Kind("The request cannot be used", 422, -32602, "Correct the named value."),
    "E101-BRIEF": Kind("The brief cannot be used", 422, -32602, "Give a topic or a document with text."),
    "E102-OPTION": Kind("Unknown or wrong option", 422, -32602, "See `auractl plugins` for the options."),
    "E103-PRESET": Kind("Unknown preset", 422, -32602, "See `auractl presets`."),
    "E104-PLUGIN": Kind("Unknown plugin", 422, -32602, "See `auractl plugins`."),
    "E105-TOO_LARGE": Kind("Too large", 413, -32602, "Give less at once."),
    "E106-PARSE": Kind("Not JSON", 400, -32700, "Send UTF-8 JSON, one message a line."),
    "E107-MESSAGE": Kind("Not a JSON-RPC 2.0 message", 400, -32600, "See the protocol's page."),
    "E108-METHOD": Kind("Unknown method", 404, -32601, "See the operations of this version: `auractl --help`."),
    "E109-LANGUAGE": Kind(
        "No voice for the language",
        422,
        -32602,
        "Choose a language that `auractl voices` lists; pip install 'aurad[espeak]' adds a hundred.",
    ),
    "E110-PATH": Kind("No such address", 404, -32601, "See the REST reference: `/api/openapi.json`."),
    "E111-VERB": Kind("Not possible at this address", 405, -32601, "See the REST reference: `/api/openapi.json`."),
    "E112-MEDIA_TYPE": Kind("Wrong type of content", 415, -32602, "Send JSON with `Content-Type: application/json`."),
    "E113-SLOW": Kind("The request did not come in time", 408, -32005, "Send all of it without long pauses."),
    "E114-RANGE": Kind("No such part of the file", 416, -32602, "Ask for bytes within the file's size."),
    "E115-HTTP": Kind("Not a usable HTTP request", 400, -32600, "Send a well-formed HTTP/1.1 request."),
    "E116-CURSOR": Kind("No place in the list", 400, -32602, "Give the cursor of the answer before, or none to begin."),
    "E117-HEAD": Kind(
        "The head of the request is too long", 431, -32600, "Send a shorter address and shorter headers."
    ),
    "E118-CODING": Kind("Unknown transfer coding", 501, -32600, "Send the body as it is, or in chunks."),
    "E200-NO_JOB": Kind("Not found", 404, -32002, "`auractl ls -a` shows the jobs."),
    "E201-STATE": Kind("Not possible in this state", 409, -32003, "Look at the job's status first."),
    "E202-BUSY": Kind("Busy", 429, -32004, "Try again later."),
    "E203-IDEMPOTENCY": Kind("The key was used for another request", 409, -32011, "Use a new key."),
    "E204-CANCELLED": Kind("Cancelled", 409, -32006, ""),
    "E205-LIMIT": Kind("Too many at once", 429, -32012, "Close some first."),
    "E206-VERSION": Kind("No common version of the protocol", 409, -32010, "Use a client of this daemon's version."),
    "E207-COST": Kind(
        "The job's cost limit is reached",
        402,
        -32012,
        "Raise it, as in `auractl edit JOB --max-cost SUM`: what was paid for is kept and costs nothing again.",
    ),
    "E208-TIMEOUT": Kind("Not done in time", 504, -32005, "Look at the job again in a while: it goes on being done."),
    "E300-CRASH": Kind(
        "A stage crashed", 500, -32603, "See what it said last, below; report it to the plugin's author."
    ),
    "E301-HUNG": Kind("A stage did not answer", 504, -32005, "Try again; raise the stage's `deadline_seconds`."),
    "E302-GARBAGE": Kind("A stage broke the protocol", 502, -32603, "Report it to the plugin's author."),
    "E303-PROVIDERS": Kind(
        "Every provider failed", 502, -32603, "See each attempt below; `auractl doctor` checks the set-up."
    ),
    "E304-FFMPEG_RUNTIME": Kind(
        "FFmpeg failed", 502, -32603, "See what FFmpeg said last, below; `auractl doctor` checks the build."
    ),
    "E305-FFMPEG_MISSING": Kind(
        "No usable FFmpeg", 503, -32603, "Install FFmpeg or set tools.ffmpeg; `auractl doctor` tells more."
    ),
    "E306-FFMPEG_LACKS": Kind(
        "FFmpeg lacks a part", 503, -32603, "Use a build with the named filter or encoder; `auractl doctor` tells more."
    ),
    "E307-FFMPEG_HUNG": Kind(
        "FFmpeg made no progress",
        504,
        -32005,
        "Look at the machine's load; `workers.silence_seconds` says how long it may be silent.",
    ),
    "E308-RESULT": Kind("A stage gave an unusable result", 502, -32603, "Report it to the plugin's author."),
    "E309-VERIFY": Kind(
        "The finished file failed its check", 500, -32603, "Report it with what is measured and expected, below."
    ),
    "E310-INPUT": Kind("A stage cannot use its input", 422, -32602, "Change the named part of the brief."),
    "E311-REFUSED": Kind("A stage refused the request", 422, -32602, "Change the request or the provider."),
    "E312-UNAVAILABLE": Kind("A stage is not available", 503, -32603, "`auractl doctor` tells why."),
    "E313-RATE_LIMITED": Kind("A provider is rate limited", 429, -32004, "Wait, or use another provider."),
    "E314-TRANSIENT": Kind("A passing failure did not pass", 503, -32603, "Try again later."),
    "E315-STALLED": Kind(
        "A stage fell silent", 504, -32005, "See what it said last, below; raise the stage's `stall_seconds`."
    ),
    "E400-DENIED": Kind("Not allowed", 403, -32001, "Ask for a role that may do this."),
    "E401-TOKEN": Kind("No or wrong token", 401, -32001, "Use a token that the daemon gave you."),
    "E402-ORIGIN": Kind(
        "Asked by another site", 403, -32001, "Use aurad's own page, or name the site in `http.hosts`."
    ),
    "E403-HOST": Kind("Not the name of this daemon", 421, -32001, "Use its address, or add the name to `http.hosts`."),
    "E500-INTERNAL": Kind("Internal error", 500, -32603, "Report it with the daemon's log."),
    "E501-DISK": Kind("The disk is full", 507, -32009, "Free some space; `auractl doctor` shows where."),
    "E502-STOPPING": Kind("The daemon is stopping", 503, -32007, "Try again when it is back."),
    "E503-CONFIG": Kind("A setting cannot be used", 500, -32602, "Correct the named key."),
    "E504-NO_DAEMON": Kind(
        "No daemon answers", 503, -32007, "Start it: `aurad`; its log says why it ended, if it did."
    ),
    "E505-OUTPUT": Kind("The result cannot be written", 500, -32603, "Choose another place with -o."),
    "E506-STORE": Kind("A stored file is damaged or gone", 500, -32603, "Run the job again; the file is made anew."),
    "E507-LOG": Kind("A job's log cannot be written", 500, -32603, "Check the log folder's owner and its free space."),
    "E508-UNREADY": Kind("Not ready for jobs", 503, -32007, "`auractl doctor` checks the set-up."),
    "E600-PLUGIN_BROKEN": Kind("A plugin cannot be loaded", 500, -32008, "Reinstall or disable it."),
    "E601-INSTALL": Kind("A plugin cannot be installed or removed", 500, -32008, "See what pip said, below."),
}


class AuradError(Exception):
    """An error for people: `detail` reads "cannot <verb> <thing>: <cause>" and names the value.

    `code` is a key of `KINDS`. `remedy` says what to do and defaults to the kind's. `details` are
    machine-readable facts for the problem object.
    """

    def __init__(
        self, code: str, detail: str, *, remedy: str = "", details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.remedy = remedy or KINDS[code].remedy
        self.details = dict(details or {})

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]


def to_problem(error: AuradError, *, instance: str = "", correlation_id: str = "") -> dict[str, object]:
    """The problem object of RFC 9457, with aurad's own members, as it is on every wire."""
    return {
        "type": f"urn:aurad:error:{error.code}",
        "title": error.kind.title,
        "status": error.kind.http,
        "detail": error.detail,
        "instance": instance,
        "correlationId": correlation_id,
        "errorCode": error.code,
        "details": error.details,
        "remedy": error.remedy,
        "suggestedActions": [error.remedy] if error.remedy else [],
        "timestamp": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def brief(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem as views have it, of which lists and snapshots send hundreds: its event and the log tell more."""
    details = {name: value for name, value in problem["details"].items() if name not in BULKY}
    return problem | {"details": details}
