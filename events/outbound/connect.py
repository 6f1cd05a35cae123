"""Connections that go where an address guard lets them: what was judged is what is reached."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Iterable

import httpcore
import httpx

from events.outbound.address import AddressGuard
from events.outbound.lookup import addresses_of

Wrap = Callable[[httpcore.AsyncNetworkStream], httpcore.AsyncNetworkStream]


@functools.cache
def usual_authorities() -> ssl.SSLContext:
    """Return what checks certificates. A process reads those of the authorities once: it takes 0.04 s of CPU."""
    return httpx.create_ssl_context()


class GuardedNetwork(httpcore.AnyIOBackend):
    """Resolves a name once for each connection and connects to the numbers that passed, so that what was judged is
    what is reached, and a refused address sees no packet."""

    def __init__(self, guard: AddressGuard, wrap: Wrap, *, encrypted: bool) -> None:
        self._guard = guard
        self._wrap = wrap
        self._encrypted = encrypted

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the backend's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError | None = None
        found = await addresses_of(host, port)
        for address in self._guard.permitted(host, found, port, encrypted=self._encrypted):
            try:
                return self._wrap(await super().connect_tcp(address, port, timeout, local_address, socket_options))
            except httpcore.ConnectError as error:
                failure = failure or error
        assert failure is not None, "permitted returns at least one address"
        raise failure


def guarded_pool(
    guard: AddressGuard, tls: ssl.SSLContext, wrap: Wrap, *, encrypted: bool, keep_alive_s: float
) -> httpcore.AsyncConnectionPool:
    """Return connections without a bound of their own: whoever asks bounds how many questions there are at once."""
    return httpcore.AsyncConnectionPool(
        ssl_context=tls,
        max_connections=None,
        keepalive_expiry=keep_alive_s,
        network_backend=GuardedNetwork(guard, wrap, encrypted=encrypted),
    )
