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
    """An HTTP status other than 2xx, with the JSON-RPC error that came with it, if one did."""

    def __init__(self, status: int, *, retry_after_s: float | None = None, rpc: RpcRefused | None = None) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.rpc = rpc
        super().__init__(f"HTTP {status}" + (f"; {rpc}" if rpc else ""))


class NotMcp(Exception):
    """An answer that the protocol does not know; the message says what is wrong with it."""


class VersionUnknown(NotMcp):
    """The server speaks no version of the protocol that this monitor speaks."""

    def __init__(self, spoken: object) -> None:
        super().__init__(f"It speaks version {spoken} of the protocol, which this monitor does not know.")


class ToolsMissing(Exception):
    """Tools that this server is expected to have, and has not."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"It has no tool {', '.join(names)}.")


Refusal = RpcRefused | HttpRefused | NotMcp
