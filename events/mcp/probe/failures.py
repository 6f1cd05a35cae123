"""The ways in which a server's answer can be none, before anybody judges what that means for its health."""

from __future__ import annotations


class RpcRefused(Exception):
    """A JSON-RPC error."""

    def __init__(self, method: str, code: int, message: str) -> None:
        self.method = method
        self.code = code
        text = f": {message}" if message.strip() else " and no text."
        super().__init__(f"{method} was answered with JSON-RPC error {code}{text}")


class HttpRefused(Exception):
    """An HTTP status other than 2xx, with what came along: a JSON-RPC error, a reason in words, where to go instead."""

    def __init__(
        self,
        status: int,
        *,
        retry_after_s: float | None = None,
        rpc: RpcRefused | None = None,
        reason: str = "",
        location: str = "",
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.rpc = rpc
        self.reason = reason
        self.location = location
        also = f"; {rpc}" if rpc else f": {reason}" if reason else ""
        super().__init__(f"HTTP {status}{also}")

    @property
    def asks_to_wait(self) -> bool:
        return self.status == 429 or self.retry_after_s is not None


class NotMcp(Exception):
    """An answer that the protocol does not know; the message says what is wrong with it."""


class TooLong(NotMcp):
    """An answer that is longer than anybody here reads."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The answer is longer than {most:,} bytes, or in too many pieces.")


class Interrupted(NotMcp):
    """A stream of events that has ended without the answer, which can be had after `retry_s` by the id of its last
    event."""

    def __init__(self, method: str, last_id: str, retry_s: float) -> None:
        self.last_id = last_id
        self.retry_s = retry_s
        super().__init__(f"The stream of events ended before the answer to {method}.")


class VersionUnknown(NotMcp):
    """The server speaks no version of the protocol that this monitor speaks."""

    def __init__(self, spoken: object) -> None:
        super().__init__(f"It speaks version {spoken} of the protocol, which this monitor does not know.")


class OtherTransport(Exception):
    """The server speaks, but not what the URL says: http instead of https, or the transport of old."""


class ToolsMissing(Exception):
    """Tools that this server is expected to have, and has not."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"It has no tool {', '.join(names)}.")


NoAnswer = RpcRefused | HttpRefused | NotMcp
