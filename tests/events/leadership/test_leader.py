"""Whoever leads ends its term without losing what it has seen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from events.leadership.leader import Leader
from events.mcp.models import MonitorLease

LONG_S = 3600.0


class Recorder(Leader):
    """Records one thing, which takes until the test lets it end."""

    lease = MonitorLease
    meanwhile = "nothing is recorded"

    def __init__(self) -> None:
        super().__init__(1, self.answer, timedelta(seconds=LONG_S), LONG_S)
        self.seen, self.recorded = ["check"], list[str]()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def answer(self, question: Any, *arguments: Any) -> Any:
        return question(*arguments)

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        return [self.record_for_ever()]

    async def record_for_ever(self) -> None:
        await self._record_whole(self.record_rest())
        await asyncio.Event().wait()

    async def record_rest(self) -> None:
        taken, self.seen = self.seen, []
        if taken:
            self.begun.set()
            await self.go_on.wait()
        self.recorded += taken

    async def stop(self) -> None:
        self.go_on.set()


async def test_what_is_being_recorded_when_the_term_ends_is_recorded_to_the_end() -> None:
    leader, stopping = Recorder(), asyncio.Event()
    term = asyncio.create_task(leader.lead(stopping))
    await leader.begun.wait()
    stopping.set()
    await term
    assert leader.recorded == ["check"]
