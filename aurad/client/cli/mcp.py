"""`auractl mcp`: an MCP server on standard input and output, for AI agents."""

from __future__ import annotations

import sys

import click


@click.command(epilog="Example: `claude mcp add aurad -- auractl mcp`. See docs/how-to/agents.md for other agents.")
def mcp() -> int:
    """Serve an AI agent by the Model Context Protocol on stdin and stdout, until stdin ends."""
    from aurad.client.mcp.server import Server

    Server(sys.stdout.buffer).serve(sys.stdin.buffer)
    return 0
