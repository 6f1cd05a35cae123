"""Starts publishers and listens to what they have been told."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers import ROOT, ServerProcess
from tests.waiting import aeventually

STOP_S = 20.0


class Publisher:
    def __init__(self, name: str, process: asyncio.subprocess.Process, log_path: Path) -> None:
        self.name = name
        self.acknowledged: list[int] = []  # numbers of events that are in the log
        self.refused: list[str] = []  # names of the errors
        self.slowest = 0.0  # seconds that a broadcast took, refused ones included
        self._process = process
        self._log_path = log_path
        self._listening = asyncio.create_task(self._listen())

    @property
    def log(self) -> str:
        return self._log_path.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def more(self, count: int, within: float = 60.0) -> None:
        """Wait until it has broadcast this many events from now on."""
        enough = len(self.acknowledged) + count
        await aeventually(lambda: len(self.acknowledged) >= enough, within)

    async def stop(self) -> None:
        """It has stopped, without an error, and all that it was told has been heard."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(asyncio.gather(self._process.wait(), self._listening), STOP_S)
        assert self._process.returncode == 0, self.log

    async def end(self) -> None:
        """However it is."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._listening.cancel()
        await asyncio.wait([self._listening])

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            number, seconds, refused = json.loads(line)
            self.slowest = max(self.slowest, seconds)
            if refused is None:
                self.acknowledged.append(number)
            else:
                self.refused.append(refused)


@asynccontextmanager
async def publishing(
    server: ServerProcess,
    name: str = "publisher",
    *,
    rate: float = 150,
    padding: int = 0,
    ways: str = "plain",
) -> AsyncIterator[Publisher]:
    """A process that broadcasts; when the block ends it has stopped, without an error."""
    log_path = server.var_dir / f"{name}.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.publisher", name, str(rate), str(padding), ways,
            cwd=ROOT, env=server.environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    publisher = Publisher(name, process, log_path)
    try:
        yield publisher
        await publisher.stop()
    finally:
        await publisher.end()
