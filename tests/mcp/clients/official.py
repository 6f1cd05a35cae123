"""What the official MCP clients, for Python and TypeScript, make of servers: kept in verdicts.json, so that nobody
needs them in order to compare the monitor with it. `python -m tests.mcp.clients.official` writes that file anew."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from tests.mcp.clients.odd import ODD
from tests.mcp.misbehaving import Misbehaving
from tests.servers import ROOT

VERDICTS = Path(__file__).with_name("verdicts.json")
TAKE = VERDICTS.with_name("take.mjs")
TYPESCRIPT = ROOT / ".venv-mcp" / "typescript"
PATIENCE_S = 30.0  # also with those that never answer
AT_ONCE = asyncio.Semaphore(8)
Verdicts = dict[str, dict[str, bool]]


def recorded() -> Verdicts:
    """By behaviour and client, whether it connects and lists the tools."""
    verdicts: Verdicts = json.loads(VERDICTS.read_text())
    return verdicts


def lacking() -> str:
    """The program that the client for TypeScript needs and this machine has not."""
    return next((program for program in ("node", "npm") if shutil.which(program) is None), "")


async def by_python(url: str) -> bool:
    from mcp import Client  # to import it takes as long as a hundred tests, and few ask the clients themselves

    try:
        async with AT_ONCE, Client(url, read_timeout_seconds=PATIENCE_S) as client:
            await client.list_tools()
    except Exception:  # noqa: BLE001  whatever it raises, it does not take this server
        return False
    return True


def by_typescript(urls: list[str]) -> list[bool]:
    subprocess.run(["sh", "bin/mcp-clients"], cwd=ROOT, check=True, timeout=300)
    command = ["node", str(TAKE), str(TYPESCRIPT), str(round(PATIENCE_S * 1000)), *urls]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    outcomes = {each["url"]: "tools" in each for each in map(json.loads, done.stdout.splitlines())}
    return [outcomes[url] for url in urls]


async def live(names: Collection[str] = ODD) -> Verdicts:
    """Ask the clients themselves about these behaviours."""
    logging.disable(logging.CRITICAL)  # the clients tell of each oddity
    try:
        with Misbehaving(behaviours=ODD) as server:
            urls = [server.url(name) for name in names]
            async with asyncio.TaskGroup() as group:  # side by side: each waits for those that never answer
                typescript = group.create_task(asyncio.to_thread(by_typescript, urls))
                python = [group.create_task(by_python(url)) for url in urls]
    finally:
        logging.disable(logging.NOTSET)
    return {
        name: {"python": first.result(), "typescript": second}
        for name, first, second in zip(names, python, typescript.result(), strict=True)
    }


if __name__ == "__main__":
    lines = (f'  "{name}": {json.dumps(verdict)}' for name, verdict in asyncio.run(live()).items())
    VERDICTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
