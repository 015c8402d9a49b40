"""What `rpc.discover` gives holds by the specification's own schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.browser.tools import need, node_modules
from tests.serve.edge import open_edge

SCHEMA_OF_SCHEMAS = "https://meta.json-schema.tools"  # as that of OpenRPC refers to it

pytestmark = pytest.mark.slow


def schema_of(package: str) -> Any:
    """What an npm package gives as its default."""
    give = f"JSON.stringify(require({str(node_modules() / package)!r}).default)"
    return json.loads(subprocess.run([need("node"), "-p", give], check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def specification() -> jsonschema.Draft7Validator:
    schemas = Resource(schema_of("@json-schema-tools/meta-schema"), DRAFT7)
    registry = Registry().with_resources((SCHEMA_OF_SCHEMAS + end, schemas) for end in ("", "/"))
    return jsonschema.Draft7Validator(schema_of("@open-rpc/meta-schema"), registry=registry)


async def test_discovery_is_an_openrpc_document(tmp_path: Path, specification: jsonschema.Draft7Validator) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        document = (await wire.ask("rpc.discover"))["result"]
    specification.validate(document)
    assert document["openrpc"] in specification.schema["properties"]["openrpc"]["enum"]
    spoilt = [{"name": 1}, {"params": [{"name": "x"}]}, {"result": {"schema": True}}, {"x": 1}]
    for more in spoilt:
        methods = [*document["methods"], {**document["methods"][0], **more}]
        assert not specification.is_valid({**document, "methods": methods}), more
