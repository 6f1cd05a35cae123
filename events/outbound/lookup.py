"""What a name resolves to, asked so that a name server that does not answer keeps nobody waiting but the probe, and
whoever saves an address only for a moment."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from events.outbound.networks import is_address

# Threads that wait for a name server, those of probes that have given up among them: it may keep one for half a minute.
MAX_LOOKUPS = 200
_free = threading.BoundedSemaphore(MAX_LOOKUPS)
# Seconds that somebody waits who saves an address, and how many at once: each holds one of the 64 threads that answer
# everybody, and may hold the lock by which others write.
SOON_S, WAIT_AT_ONCE = 2.0, 8
_waiting = threading.BoundedSemaphore(WAIT_AT_ONCE)

Found = list[str] | None  # addresses, in the order in which to try them


class NameUnknown(OSError):
    """The name has no address."""


async def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a name or number, in the order in which to try them; raise NameUnknown.

    The event loop's own lookup would be waited for when the process ends, and has six threads for all names.
    """
    if is_address(host):
        return [host]
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Found] = loop.create_future()

    def answer(addresses: Found) -> None:
        if not found.done():
            found.set_result(addresses)

    def tell(addresses: Found) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(answer, addresses)

    begin(host, port, tell)
    addresses = await found
    if not addresses:
        raise NameUnknown(f"{host} has no address.")
    return addresses


def addresses_soon(host: str, port: int) -> Found:
    """Return the same where it is known soon, and nothing otherwise. Not for the event loop."""
    if is_address(host):
        return [host]
    if not _waiting.acquire(blocking=False):
        return None
    found: queue.SimpleQueue[Found] = queue.SimpleQueue()
    try:
        begin(host, port, found.put)
        return found.get(timeout=SOON_S)
    except (NameUnknown, queue.Empty):
        return None
    finally:
        _waiting.release()


def begin(host: str, port: int, tell: Callable[[Found], None]) -> None:
    """Look a name up in a thread of its own, which tells what it has found. Raises NameUnknown if too many wait."""
    if not _free.acquire(blocking=False):
        raise NameUnknown(f"{host} was not looked up: {MAX_LOOKUPS} names wait for an answer already.")

    def look_up() -> None:
        try:
            addresses = _addresses_of(host, port)
        finally:
            _free.release()
        tell(addresses)

    threading.Thread(target=look_up, name=f"lookup of {host}", daemon=True).start()


def _addresses_of(host: str, port: int) -> Found:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
