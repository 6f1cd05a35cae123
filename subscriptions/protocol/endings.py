"""Why the server ends a connection, in the words of no transport. Each transport tells it to its clients in its own."""

from __future__ import annotations

from enum import Enum


class Ending(Enum):
    """A reason, which is its value."""

    TOO_SLOW = "the client does not read what it is sent"
    EPOCH_CHANGED = "the log's epoch changed"
    TOO_MANY_CONNECTIONS = "the process, the user or the address has too many connections"
    RESTARTING = "the server stops or restarts"
    INTERNAL_ERROR = "the server failed"
    TRY_AGAIN_LATER = "the database, or what keeps the sessions, is away"
    NOT_AUTHENTICATED = "the token is wrong, expired or not made to read with, or nobody is signed in"
    FLOODING = "the client sends too much of what is refused or is no message"
    ACCESS_ENDED = "the token or the session has ended, or its user may no longer sign in"

    @property
    def comes_back(self) -> bool:
        """Return whether the client shall come back, and resume."""
        return self not in FOR_GOOD


FOR_GOOD = frozenset({Ending.NOT_AUTHENTICATED, Ending.FLOODING, Ending.ACCESS_ENDED})
