"""Why there are no events, or no more."""

from __future__ import annotations

REFUSALS = {
    4500: "the token is wrong, has expired or may not read",
    4501: "it takes this for flooding",
    4503: "the access has ended",
}


class EventhubError(Exception):
    """Trying again is of no use, as long as nothing else changes."""


class ConnectionRefused(EventhubError):
    """The server does not take this client; `code` is that of the close, or the HTTP status of the handshake."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        told = reason or REFUSALS.get(code, "it gave no reason")
        super().__init__(f"The server refused the connection: {told} ({code}).")


class ProtocolError(EventhubError):
    """The server refused what was asked for; `code` is the protocol's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class SubscriptionEnded(EventhubError):
    """The server has ended the subscription; `reason` is the protocol's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The server has ended the subscription: {reason}.")
