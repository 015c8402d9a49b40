"""The OpenAPI document: valid, complete, and what the daemon really does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from aurad.model.errors import KINDS
from aurad.model.event import EventType
from aurad.serve import web  # noqa: F401  # all endpoints are entered with it
from aurad.serve.endpoints import endpoints
from aurad.serve.openapi import document
from tests.serve.chaos import FULL
from tests.serve.edge import PATIENCE
from tests.serve.site import open_site
from tests.serve.test_web import REFUSED
from tests.serve.webdaemon import WebDaemon, open_daemon

STREAMS = "events$|logs$"
SMALL = {"AURAD_DEFAULTS__SHORT_SIDE": "240", "AURAD_DEFAULTS__FPS": "5", "AURAD_JOBS__MAX_RUNNING": "1"}
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "unsupported_method", "allow_header_conformance", "ignored_auth",
)  # fmt: skip
DOCUMENT: dict[str, Any] = msgspec.to_builtins(document(endpoints(), "http://127.0.0.1:8765"))


def schema(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"components": DOCUMENT["components"]}


def test_every_endpoint_is_in_it() -> None:
    found = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert found == {(one.route.method, one.route.path) for one in endpoints()}


def test_a_submission_has_two_good_answers() -> None:
    answers = DOCUMENT["paths"]["/api/jobs"]["post"]["responses"]
    kinds = {status: answers[status]["content"]["application/json"]["schema"]["$ref"] for status in ("200", "202")}
    assert {status: kind.rpartition("/")[2] for status, kind in kinds.items()} == {"200": "Planned", "202": "Accepted"}
    assert ["Location" in answers[status]["headers"] for status in ("200", "202")] == [False, True]


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"#/components/schemas/(\w+)"', msgspec.json.encode(DOCUMENT).decode()))
    assert references <= set(DOCUMENT["components"]["schemas"])


def test_every_schema_is_one() -> None:
    for one in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(one)


def test_what_a_path_takes_is_said() -> None:
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            in_path = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert in_path == set(re.findall(r"\{(\w+)\}", path))


@pytest.mark.parametrize("refused", REFUSED, ids=lambda one: f"{one[0]} {one[1][:20]} {one[4]}")
def test_every_refusal_is_foretold(refused: tuple[str, str, Any, int, str, str]) -> None:
    method, path, _, status, _, _ = refused
    path = re.sub(r"a-\w+", "{jobId}", path.partition("?")[0]).replace("artifacts/nothing", "artifacts/{artifactId}")
    operation = DOCUMENT["paths"].get(path, {}).get(method.lower())
    assert operation is None or str(status) in operation["responses"]


def test_an_event_is_described_for_every_type_that_can_be_asked_for() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for path in ("/api/events", "/api/jobs/{jobId}/events"):
        stream = DOCUMENT["paths"][path]["get"]
        described = stream["responses"]["200"]["content"]["text/event-stream"]["x-event-data"]["oneOf"]
        named = [schemas[each["$ref"].rpartition("/")[2]]["properties"]["type"]["enum"] for each in described]
        (types,) = [each["schema"] for each in stream["parameters"] if each["name"] == "types"]
        assert set(types["items"]["enum"]) == {name for (name,) in named} == set(get_args(EventType))


async def test_answers_are_as_described(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        job = await site.submit()
        view = await site.house.engine.jobs.wait(job)
        served = (await site.get("/api/openapi.json")).json()
        assert served["servers"] == [{"url": site.url}]
        for path, item in served["paths"].items():
            good = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
            if "application/json" not in good:
                continue
            answer = await site.get(path.format(jobId=job, artifactId=view.artifacts[0].artifact_id))
            assert answer.status_code == 200, path
            jsonschema.validate(answer.json(), schema(good["application/json"]["schema"]))
        problem = (await site.get("/api/jobs/a-nobody")).json()
        jsonschema.validate(problem, schema({"$ref": "#/components/schemas/Problem"}))
        assert problem["errorCode"] in KINDS


def attack(daemon: WebDaemon, folder: Path, examples: int, *more: str) -> None:
    """Requests by the document, good and bad: nothing but what it says may come of them."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{daemon.url}/api/openapi.json",
        "--header", f"Authorization: Bearer {daemon.token}", "--no-color",
        "--max-examples", str(examples * 5 if FULL else examples), *more,
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=folder, check=False)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    checks = ",".join((*CHECKS, "response_schema_conformance"))
    with open_daemon(tmp_path, **SMALL) as daemon:
        attack(
            daemon, tmp_path, 4, "--checks", checks, "--exclude-path-regex", STREAMS,
            "--request-timeout", str(PATIENCE),
        )  # fmt: skip
        assert daemon.ask("GET", "/api/jobs")["jobs"]  # it found out how to submit one


@pytest.mark.slow
def test_schemathesis_finds_nothing_in_streams(tmp_path: Path) -> None:
    """Of those that do not end it sees the beginning. To it their text is one string, to be taken as such."""
    with open_daemon(tmp_path, **SMALL) as daemon:
        attack(
            daemon, tmp_path, 4, "--checks", ",".join(CHECKS), "--include-path-regex", STREAMS,
            "--request-timeout", "1", "--phases", "coverage,fuzzing",
        )  # fmt: skip
