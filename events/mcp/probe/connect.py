"""The HTTP client of all probes: it connects where the address guard lets it, follows nothing, remembers nothing."""

from __future__ import annotations

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from events.mcp.probe.wire.stream import Stream
from events.outbound.address import AddressGuard
from events.outbound.connect import guarded_pool, usual_authorities

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


class GuardedTransport(httpx.AsyncHTTPTransport):
    def __init__(self, guard: AddressGuard, tls: ssl.SSLContext, *, encrypted: bool) -> None:
        super().__init__(verify=tls, trust_env=False)
        # httpx has no parameter for it; the pool's own interface does.
        self._pool = guarded_pool(guard, tls, Stream, encrypted=encrypted, keep_alive_s=KEEP_ALIVE_S)
