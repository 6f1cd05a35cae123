"""Connections to others: none is left when whoever asked has its answer."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading

import trustme
from aiohttp import ClientSession

from eventhub.environment import network
from events.outbound.address import AddressGuard
from events.outbound.connector import GuardedConnector, GuardedResolver
from tests.waiting import WITHIN_S


def test_a_peer_that_does_not_end_its_tls_leaves_no_connection_open() -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    def answer() -> None:
        connection, _ = listening.accept()
        with tls.wrap_socket(connection, server_side=True) as peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 500 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            done.wait(WITHIN_S)

    async def ask(port: int) -> int:
        guard = AddressGuard(allowed_networks=(network("127.0.0.0/8"),))
        resolver = GuardedResolver(guard, encrypted=True)
        resolver.judge("127.0.0.1", port)
        connector = GuardedConnector(resolver, trust, keep_alive_s=WITHIN_S)
        async with ClientSession(connector=connector) as http, http.get(f"https://127.0.0.1:{port}/") as answer:
            return answer.status

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = threading.Thread(target=answer)
        peer.start()
        try:
            assert asyncio.run(ask(listening.getsockname()[1])) == 500
            gc.collect()  # which would tell of it, and what it tells is an error
        finally:
            done.set()
            peer.join(WITHIN_S)
