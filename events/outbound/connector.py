"""Connections of aiohttp that go where an address guard lets them, and that take no endless answers."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections import OrderedDict
from contextlib import suppress
from typing import Any, cast

from aiohttp import AddrInfoType, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from events.outbound.address import AddressGuard, AddressRefused
from events.outbound.lookup import addresses_of
from events.outbound.networks import is_address

MAX_ANSWER = 64 * 1024  # bytes of an answer, its headers included; nobody reads them
MAX_PERMITTED = 10_000  # addresses that are remembered as judged
Ends = dict[asyncio.Transport, asyncio.Future[None]]  # of the connections that are open


class TooMuch(Exception):
    """The answer is longer than anybody here reads."""


class BoundedHandler(ResponseHandler):
    """A connection, of which one answer brings no more than it may: without a bound, interim answers came for ever."""

    received = 0
    is_over = False

    def __init__(self, loop: asyncio.AbstractEventLoop, open_connections: Ends) -> None:
        super().__init__(loop=loop)
        self._open = open_connections
        self._made: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made = cast(asyncio.Transport, transport)
        self._open[self._made] = self._loop.create_future()
        super().connection_made(transport)

    def connection_lost(self, error: BaseException | None) -> None:
        super().connection_lost(error)
        if self._made is not None:
            self._open.pop(self._made).set_result(None)

    def set_response_params(self, *args: Any, **kwargs: Any) -> None:
        self.received = 0
        super().set_response_params(*args, **kwargs)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self.received <= MAX_ANSWER:
            super().data_received(data)
        elif not self.is_over:
            self.is_over = True
            self.set_exception(TooMuch())
            if self._payload is not None:  # whoever reads the body would wait for ever: `abort` forgets it
                self._payload.set_exception(TooMuch())
            self.abort()


class GuardedResolver(AbstractResolver):
    """Resolves a name once for each connection and judges its addresses."""

    def __init__(self, guard: AddressGuard, *, encrypted: bool) -> None:
        self._guard = guard
        self._encrypted = encrypted
        self._permitted: OrderedDict[tuple[str, int], None] = OrderedDict()

    def judge(self, host: str, port: int) -> None:
        """Judge a host that is a number: such a one is not resolved. Raises AddressRefused."""
        if is_address(host) and (host, port) not in self._permitted:
            self._permit(host, [host], port)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses that may be connected to. Raises AddressRefused, NameUnknown."""
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for each in self._permit(host, await addresses_of(host, port), port)
        ]

    async def close(self) -> None:
        self._permitted.clear()

    def _permit(self, host: str, found: list[str], port: int) -> list[str]:
        permitted = self._guard.permitted(host, found, port, encrypted=self._encrypted)
        for address in permitted:
            self._permitted[address, port] = None
            self._permitted.move_to_end((address, port))
        while len(self._permitted) > MAX_PERMITTED:
            self._permitted.popitem(last=False)
        return permitted

    def open_socket(self, found: AddrInfoType) -> socket.socket:
        """Make a socket for an address that was judged, and for no other: a refused one sees no packet."""
        family, kind, protocol, _, address = found
        if (address[0], address[1]) not in self._permitted:
            raise AddressRefused(f"{address[0]} was not judged.")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


class GuardedConnector(TCPConnector):
    """Connections without a bound of their own: whoever asks bounds how many questions there are at once."""

    def __init__(self, resolver: GuardedResolver, tls: ssl.SSLContext, *, keep_alive_s: float) -> None:
        super().__init__(
            resolver=resolver,
            use_dns_cache=False,
            ssl=tls,
            limit=0,
            keepalive_timeout=keep_alive_s,
            socket_factory=resolver.open_socket,
        )
        self._open: Ends = {}
        factory = functools.partial(BoundedHandler, asyncio.get_running_loop(), self._open)
        self._factory = factory  # type: ignore[assignment]

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Leave nothing open. aiohttp forgets connections that still wait for a peer to end its TLS, and in a loop that
        ends now nobody would close them."""
        await super().close(abort_ssl=abort_ssl)
        ends = list(self._open.values())
        for transport in list(self._open):
            with suppress(AttributeError):  # in Python 3.11.2, of one whose TLS has ended
                transport.abort()
        await asyncio.gather(*ends)
