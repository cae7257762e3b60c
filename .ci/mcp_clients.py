"""The MCP SDK for Python lists and calls every tool, over streamable HTTP and through `hotspan mcp`."""

import asyncio
import json
import sys
import time
import urllib.request

from mcp import Client, StdioServerParameters, stdio_client


def arguments(api):
    """Arguments of the tools that need some, from what the daemon found."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with urllib.request.urlopen(f"{api}/api/v1/hotspots?limit=1") as reply:
            found = json.load(reply)["hotspots"]
        if found and found[0]["evidence"]:
            trace = {"trace_id": found[0]["evidence"][0]["trace_id"]}
            return {"get_hotspot": {"id": found[0]["id"][:12]}, "explain_trace": trace, "get_spans": trace}
        time.sleep(0.2)
    sys.exit("no hotspot after a minute")


async def check(name, client, known):
    tools = (await client.list_tools()).tools
    if len(tools) != 10:
        sys.exit(f"{name}: {len(tools)} tools")
    for tool in tools:
        # The client holds the answer against the tool's output schema.
        result = await client.call_tool(tool.name, known.get(tool.name, {}))
        if result.is_error or not result.structured_content:
            sys.exit(f"{name}: {tool.name}: {result}")
    pair = {f"trace_{side}": known["explain_trace"]["trace_id"] for side in "ab"}
    result = await client.call_tool("compare", pair)
    if result.is_error or not result.structured_content["calls"]:
        sys.exit(f"{name}: compare of two traces: {result}")
    refused = await client.call_tool("get_hotspot", {"id": "nonsense"})
    if not refused.is_error:
        sys.exit(f"{name}: nonsense is answered: {refused}")
    print(f"{name}: {len(tools)} tools, protocol {client.protocol_version}")


async def main(api, program):
    known = arguments(api)
    for mode in ["legacy", "auto"]:
        for path in ["mcp", "tempo/api/mcp"]:
            async with Client(f"{api}/{path}", mode=mode) as client:
                await check(f"HTTP, /{path}, {mode}", client, known)
        stdio = StdioServerParameters(command=program, args=["mcp", "--url", api])
        async with Client(stdio_client(stdio), mode=mode) as client:
            await check(f"stdio, {mode}", client, known)


asyncio.run(main(*sys.argv[1:]))
