"""A program's own server, with its document, over https."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import trustme

from tests.subscriptions.agents.oauth.signing_in import DOCUMENT, ON_MACHINE
from tests.subscriptions.standing.receiver import Got, Receiver


class Program(Receiver):
    """`body` is what stands at its address, once it runs."""

    def __init__(self, authority: trustme.CA) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        super().__init__(tls)
        self.authority = authority
        self.body = b""

    @property
    def client_id(self) -> str:
        return f"https://127.0.0.1:{self.port}/client.json"

    def describe(self) -> None:
        self.body = json.dumps({**DOCUMENT, "client_id": self.client_id, "redirect_uris": [ON_MACHINE]}).encode()

    def accepts(self, got: Got) -> bytes:
        return b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(self.body), self.body)


def trusted(authority: trustme.CA, folder: Path) -> str:
    """Return a file that makes a process trust the certificates of these servers alone."""
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return str(folder / "authority.pem")
