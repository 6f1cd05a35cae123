"""What a name resolves to, asked so that a name server that does not answer keeps nobody waiting but the probe."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

from events.outbound.address import NameUnknown, is_address

# Threads that wait for a name server, those of probes that have given up among them: it may keep one for half a minute.
MAX_LOOKUPS = 200
_free = threading.BoundedSemaphore(MAX_LOOKUPS)


async def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a name or number, in the order in which to try them; raise NameUnknown.

    The event loop's own lookup would be waited for when the process ends, and has six threads for all names.
    """
    if is_address(host):
        return [host]
    if not _free.acquire(blocking=False):
        raise NameUnknown(f"{host} was not looked up: {MAX_LOOKUPS} names wait for an answer already.")
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str] | None] = loop.create_future()

    def answer(addresses: list[str] | None) -> None:
        if not found.done():
            found.set_result(addresses)

    def look_up() -> None:
        try:
            addresses = _addresses_of(host, port)
        finally:
            _free.release()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(answer, addresses)

    threading.Thread(target=look_up, name=f"lookup of {host}", daemon=True).start()
    addresses = await found
    if not addresses:
        raise NameUnknown(f"{host} has no address.")
    return addresses


def _addresses_of(host: str, port: int) -> list[str] | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
