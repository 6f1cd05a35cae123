"""Starts publishers and listens to what they have been told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.processes import warm
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S, aeventually

PROGRAM = ROOT / "tests" / "faults" / "publisher.py"


class Publisher:
    def __init__(self, name: str, process: warm.Piped, log_path: Path) -> None:
        self.name = name
        self.acknowledged: list[int] = []  # numbers of events that are in the log
        self.refused: list[str] = []  # names of the errors
        self.took: list[float] = []  # seconds that each broadcast took, refused ones included
        self._process = process
        self._log_path = log_path
        self._listening = asyncio.create_task(self._listen())

    @property
    def log(self) -> str:
        return self._log_path.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def more(self, count: int, within: float = WITHIN_S) -> None:
        """Wait until it has broadcast this many events from now on."""
        enough = len(self.acknowledged) + count
        await aeventually(lambda: len(self.acknowledged) >= enough, within)

    async def stop(self) -> None:
        """It has stopped, without an error, and all that it was told has been heard."""
        self._process.stdin.close()
        await asyncio.wait_for(self._listening, WITHIN_S)
        assert self._process.wait(WITHIN_S) == 0, self.log

    async def end(self) -> None:
        """However it is."""
        self._process.kill()
        await asyncio.wait([self._listening])
        self._process.wait(WITHIN_S)
        self._process.close()

    async def _listen(self) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, self._process.stdout)
        async for line in reader:
            number, seconds, refused = json.loads(line)
            self.took.append(seconds)
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
        process = server.popen(name, str(rate), str(padding), ways, program=PROGRAM, errors=log)
    publisher = Publisher(name, process, log_path)
    try:
        yield publisher
        await publisher.stop()
    finally:
        await publisher.end()
