"""What one connection may ask for, and how often."""

from __future__ import annotations

from events.core.limits import LIMITS
from events.pacing.bucket import Bucket
from subscriptions.protocol.commands import Refusal


def refuse_over(limit: str, what: str, asked: int) -> None:
    if asked > LIMITS[limit]:
        raise Refusal("limit_exceeded", f"That would be {asked:,} {what}; at most {LIMITS[limit]:,} are allowed.")


class CommandBudget:
    """A token bucket for commands, and a count of refusals in the present window."""

    __slots__ = ("_commands", "_refused", "_window_end")

    def __init__(self, now: float) -> None:
        self._commands = Bucket(LIMITS["commands_per_second"], LIMITS["command_burst"], now)
        self._refused = 0
        self._window_end = now

    def spend(self, now: float) -> bool:
        """Take one command; False when the connection has sent too many."""
        return self._commands.spend(now)

    def refused(self, now: float) -> bool:
        """Count one refusal; True when the connection is flooding."""
        if now >= self._window_end:
            self._refused = 0
            self._window_end = now + LIMITS["refusal_window"]
        self._refused += 1
        return self._refused >= LIMITS["refused_commands"]
