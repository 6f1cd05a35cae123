"""A host of agents as an OAuth client: what the document at its client_id says, and where it may be answered.

The document is a client ID metadata document, by the draft of the IETF's working group. Nobody registers anything here.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from events.core.legible import cut, legible
from events.core.problems import shown
from events.models.token_terms import MAX_NAME
from events.outbound.address import AddressRefused, parse_address
from events.outbound.origin import host_of
from subscriptions.agents.oauth.addresses import LOOPBACK
from subscriptions.models.authorization_code import MAX_CLIENT_ID, MAX_REDIRECT_URI

MAX_REDIRECT_URIS = 100  # of one client
MAX_HOST = 30  # characters of it in the name of a token
PLAIN = re.compile(r"[!-~]+")  # of ASCII, without blanks


class ClientRefused(Exception):
    """Nobody can be told but the person at the browser; the message is a sentence. `wait`: seconds, after which it may
    be tried again."""

    def __init__(self, sentence: str, wait: int = 0) -> None:
        self.wait = wait
        super().__init__(sentence)


class Client(NamedTuple):
    client_id: str
    name: str  # what it calls itself, which anybody may call themselves
    redirect_uris: tuple[str, ...]

    @property
    def host(self) -> str:
        """Return who it is: what stands at an address of a host is of that host."""
        return host_of(self.client_id)

    @property
    def token_name(self) -> str:
        """Return what its tokens are called. Of a long host the end is what counts."""
        host = self.host if len(self.host) <= MAX_HOST else f"…{self.host[1 - MAX_HOST :]}"
        return cut(f"{host}: {self.name}", MAX_NAME)

    def accepts(self, uri: str) -> bool:
        """Say whether it may be answered there: exactly the same address, but for the port on one's own machine, which
        is whichever was free (RFC 8252)."""
        return may_be_answered(uri) and any(uri == each or is_same_on_machine(uri, each) for each in self.redirect_uris)


class Document(msgspec.Struct):
    client_id: str
    redirect_uris: list[str]
    client_name: str = ""
    token_endpoint_auth_method: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None

    @property
    def methods(self) -> list[str]:
        return self.token_endpoint_auth_methods_supported or [self.token_endpoint_auth_method or "none"]


def check_client_id(client_id: str) -> None:
    """Raise ClientRefused for what is no address of a document: https, with a path, in the one way to write it."""
    told = f"The client_id {shown(client_id)} cannot be used: it must be"
    if len(client_id) > MAX_CLIENT_ID or not PLAIN.fullmatch(client_id) or "\\" in client_id:
        raise ClientRefused(f"{told} an address of at most {MAX_CLIENT_ID} plain characters.")
    try:
        parse_address(client_id)
    except AddressRefused as refusal:
        raise ClientRefused(f"{told} the https address of a document. {refusal}") from None
    parts = urlsplit(client_id)
    steps = unquote(parts.path).split("/")
    if parts.scheme != "https" or "#" in client_id or parts.path in ("", "/") or {".", ".."} & set(steps):
        raise ClientRefused(f"{told} the https address of a document, with a path, and without a fragment.")


def read_client(client_id: str, body: bytes) -> Client:
    """Return whom a document describes. Raises ClientRefused."""
    try:
        document = msgspec.json.decode(body, type=Document)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ClientRefused(f"The document at {client_id} describes no program: {legible(str(error))}.") from None
    if document.client_id != client_id:
        raise ClientRefused(f"The document at {client_id} is of another one: {shown(document.client_id)}.")
    if "none" not in document.methods:
        named = ", ".join(map(shown, document.methods[:5]))
        raise ClientRefused(f"The program at {client_id} wants to prove who it is by {named}; allowed here: none.")
    usable = [each for each in document.redirect_uris[:MAX_REDIRECT_URIS] if may_be_answered(each)]
    if not usable:
        sentence = "has no redirect_uris that can be used: https, or http on one's own machine."
        raise ClientRefused(f"The document at {client_id} {sentence}")
    name = cut(legible(document.client_name.strip()), MAX_NAME)
    return Client(client_id, name or host_of(client_id), tuple(usable))


def may_be_answered(uri: str) -> bool:
    """Say whether a code may be sent to such an address at all."""
    if len(uri) > MAX_REDIRECT_URI or not PLAIN.fullmatch(uri) or "#" in uri or "\\" in uri:
        return False
    try:
        parse_address(uri)
    except AddressRefused:
        return False
    return uri.startswith("https://") or is_on_machine(uri)


def is_on_machine(uri: str) -> bool:
    """Say whether it leads to the machine of whoever follows it."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def is_same_on_machine(uri: str, other: str) -> bool:
    one, another = urlsplit(uri), urlsplit(other)
    same = (one.hostname, one.path, one.query) == (another.hostname, another.path, another.query)
    return same and is_on_machine(uri) and is_on_machine(other)
