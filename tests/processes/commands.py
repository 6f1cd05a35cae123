"""Processes of one management command beside each other on one database, as those are of which one leads."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.processes import warm
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S


class CommandProcess:
    def __init__(self, server: ServerProcess, command: str, number: int) -> None:
        self._log = server.var_dir / f"{command}{number}.log"
        with self._log.open("wb") as log:
            self.process = warm.start([str(ROOT / "manage.py"), command], env=server.environment, output=log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN_S)


@contextmanager
def running(server: ServerProcess, command: str, count: int) -> Iterator[list[CommandProcess]]:
    """So many of them; those that still run are stopped at the end, which they must do cleanly."""
    started = [CommandProcess(server, command, number) for number in range(count)]
    try:
        yield started
        for each in started:
            if each.process.poll() is None:
                assert each.stop() == 0, each.log
            assert "Traceback" not in each.log, each.log
    finally:
        for each in started:
            each.kill()
