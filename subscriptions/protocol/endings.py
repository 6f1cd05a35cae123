"""Why the server ends a connection, in the words of no transport. Each transport tells it to its clients in its own."""

from __future__ import annotations

from enum import Enum


class Ending(Enum):
    """A reason, and whether the client shall come back and resume."""

    TOO_SLOW = ("the client does not read what it is sent", True)
    EPOCH_CHANGED = ("the log's epoch changed", True)
    TOO_MANY_CONNECTIONS = ("the process, the user or the address has too many connections", True)
    RESTARTING = ("the server stops or restarts", True)
    INTERNAL_ERROR = ("the server failed", True)
    TRY_AGAIN_LATER = ("nobody can be authenticated, because the database is away", True)
    NOT_AUTHENTICATED = ("the token is wrong, expired or not made to read with, or nobody is signed in", False)
    FLOODING = ("the client sends too much of what is refused or is no message", False)
    ACCESS_ENDED = ("the token or the session has ended, or its user may no longer sign in", False)

    def __init__(self, _reason: str, comes_back: bool) -> None:
        self.comes_back = comes_back
