"""Work that serves all who wait for it at the moment: threads take turns, and most find it done."""

from __future__ import annotations

from collections.abc import Callable

from events.process_lock import process_lock


class OnceForAll:
    """Calls `act` in the threads that ask, in one at a time. Who comes while it is done waits for the next time, which
    is for all who have come meanwhile."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._turn = process_lock()
        self._begun = 0

    def __call__(self) -> None:
        """Return when `act` has been called that began after this call, and has ended. Raises what it raises here."""
        begun = self._begun
        with self._turn:
            if self._begun == begun:
                self._begun += 1
                self._act()
