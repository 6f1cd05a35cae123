"""The HTTP client of all probes: it connects where the address guard lets it, follows nothing, remembers nothing."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from events.mcp.address import AddressGuard
from events.mcp.probe.lookup import addresses_of
from events.mcp.probe.wire.stream import Stream

# Longer than the pause between two requests of a probe, shorter than that between two probes of a server:
# each probe shall see whether the server can be connected to.
KEEP_ALIVE_S = 1.0


def new_client(guard: AddressGuard, *, tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """Return the client that probes share; without `tls`, certificates are checked against the usual authorities."""
    context = tls or usual_authorities()
    return httpx.AsyncClient(
        transport=GuardedTransport(guard, context, encrypted=False),
        mounts={"https://": GuardedTransport(guard, context, encrypted=True)},
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113  the probe has one deadline for all of its phases
        # Else a server could make this process keep what it likes. Within one probe the conversation keeps them.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "eventhub-monitor", "Accept-Encoding": "gzip, deflate"},
    )


@functools.cache
def usual_authorities() -> ssl.SSLContext:
    """Return what checks certificates. A process reads those of the authorities once: it takes 0.04 s of CPU."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.AsyncHTTPTransport):
    def __init__(self, guard: AddressGuard, tls: ssl.SSLContext, *, encrypted: bool) -> None:
        super().__init__(verify=tls, trust_env=False)
        # httpx has no parameter for it; the pool's own interface does.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=None,  # the monitor bounds how many probes run
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=GuardedNetwork(guard, encrypted=encrypted),
        )


class GuardedNetwork(httpcore.AnyIOBackend):
    """Resolves a name once for each connection and connects to the numbers that passed, so that what was judged is
    what is reached, and a refused address sees no packet."""

    def __init__(self, guard: AddressGuard, *, encrypted: bool) -> None:
        self._guard = guard
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
        for address in self._guard.permitted(host, await addresses_of(host, port), encrypted=self._encrypted):
            try:
                return Stream(await super().connect_tcp(address, port, timeout, local_address, socket_options))
            except httpcore.ConnectError as error:
                failure = failure or error
        assert failure is not None, "permitted returns at least one address"
        raise failure
