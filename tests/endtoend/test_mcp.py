"""An agent makes a video, looks at it, changes it: the official SDK's client and everything behind it."""

from __future__ import annotations

import base64
import json
from typing import Any

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.endtoend.house import AURACTL, House, open_house

pytestmark = pytest.mark.slow
TEXT = "# Rain\n\n## Clouds\n\nClouds carry water.\n\n## Rain\n\nRain falls on the hills.\n"


async def use(session: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return dict(result.structured_content or {})


async def converse(house: House) -> None:
    server = StdioServerParameters(command=str(AURACTL), args=["mcp"], env=house.environment)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        assert (await session.initialize()).server_info.name == "aurad"
        assert "make_video" in {tool.name for tool in (await session.list_tools()).tools}
        job = (await use(session, "make_video", text=TEXT))["jobId"]
        heard: list[float] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append(progress)

        waited = await session.call_tool("wait_for_job", {"job": job}, progress_callback=hear)
        assert (waited.structured_content or {})["status"] == "Succeeded", waited
        assert heard[-1] == 100.0
        script = await use(session, "read_script", job=job)
        frame: Any = (await session.read_resource(f"aurad://jobs/{job}/frames/1")).contents[0]
        assert base64.b64decode(frame.blob).startswith(b"\xff\xd8\xff")
        scene = script["scenes"][1]["sceneId"]
        changed = [{"sceneId": scene, "text": "Clouds carry much water."}]
        new = (await use(session, "edit_script", job=job, scenes=changed))["jobId"]
        assert (await use(session, "wait_for_job", job=new))["retryOf"] == job
        again: Any = (await session.read_resource(f"aurad://jobs/{new}/script")).contents[0]
        assert "much water" in json.dumps(json.loads(again.text))


def test_the_official_client_makes_and_changes_a_video() -> None:
    with open_house() as house:
        anyio.run(converse, house)
