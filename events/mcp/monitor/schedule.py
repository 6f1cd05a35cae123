"""When each server is checked next. Pure: the clock is the caller's."""

from __future__ import annotations

import heapq
import zlib


def phase(name: str) -> float:
    """Return a share of a server's interval, always the same, so that a monitor that starts does not check all at
    once."""
    return zlib.crc32(name.encode()) / 2**32


class Schedule:
    """Deadlines in a heap, one of a server. What has been taken out has none until it is put in again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._due: dict[int, float] = {}

    def put(self, server_id: int, due: float) -> None:
        self._due[server_id] = due
        heapq.heappush(self._heap, (due, server_id))

    def drop(self, server_id: int) -> None:
        self._due.pop(server_id, None)

    def take_due(self, now: float) -> list[int]:
        taken = []
        while self._heap and self._heap[0][0] <= now:
            due, server_id = heapq.heappop(self._heap)
            if self._due.get(server_id) == due:  # else it has been dropped, or put elsewhere
                del self._due[server_id]
                taken.append(server_id)
        return taken

    def next(self) -> float | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
