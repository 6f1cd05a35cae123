"""Which addresses somebody may name: https to anywhere public, everything else only if a setting allows it.

What somebody may type into a form decides where this process connects to and sends a credential. So the address is
judged when it is saved, and each time that a connection is made, by what the name resolves to at that moment.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

import httpx
from django.conf import settings

from events.outbound.lookup import NameUnknown, addresses_soon
from events.outbound.networks import METADATA, IpAddress, Network, embedded_in, is_address, is_public, really_reached
from events.outbound.origin import USUAL_PORTS

MCP = "MCP_ALLOWED"  # how the settings begin that allow more for the fleet

# As in DNS, but for underscores, which the names of containers have.
_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"(?=.{{1,254}}\Z){_LABEL}(\.{_LABEL})*\.?\Z", re.IGNORECASE)


class AddressRefused(ValueError):
    """eventhub does not connect there; the message names the host, and the setting that would allow it if one does."""


@dataclass(frozen=True)
class AddressGuard:
    """`allowed_by` is how the names of the two settings begin that allow more. `own_ports` are those of this
    installation, which is not reached on its own machine."""

    allowed_hosts: tuple[str, ...] = ()
    allowed_networks: tuple[Network, ...] = ()
    allowed_by: str = MCP
    own_ports: frozenset[int] = frozenset()

    @classmethod
    def of_settings(cls, allowed_by: str = MCP, own_ports: Iterable[int] = ()) -> AddressGuard:
        hosts, networks = (getattr(settings, f"{allowed_by}_{each}") for each in ("HOSTS", "NETWORKS"))
        return cls(tuple(hosts), tuple(networks), allowed_by, frozenset(own_ports))

    @cached_property
    def _hosts(self) -> frozenset[str]:
        return frozenset(_canonical(host) for host in self.allowed_hosts)

    def permitted(self, host: str, addresses: Iterable[str], port: int | None = None, *, encrypted: bool) -> list[str]:
        """Return those of the host's addresses that may be connected to; raise AddressRefused if none may be."""
        refusals: list[AddressRefused] = []
        permitted = []
        for address in addresses:
            try:
                self._judge(host, address, encrypted=encrypted)
                if port in self.own_ports and is_own(address):
                    raise AddressRefused(f"{host}, port {port}, is this installation itself: events would go round.")
            except AddressRefused as refusal:
                refusals.append(refusal)
            else:
                permitted.append(address)
        if not permitted:
            raise refusals[0] if refusals else NameUnknown(f"{host} has no address.")
        return permitted

    def _judge(self, host: str, text: str, *, encrypted: bool) -> None:
        address = ip_address(text)
        reached = really_reached(address)
        shown = host if host == text else f"{host} is {text}, which"
        if any(each in network for each in (address, *embedded_in(address)) for network in METADATA):
            raise AddressRefused(f"{shown} is an address of cloud metadata: no setting allows it.")
        if reached.is_multicast:
            raise AddressRefused(f"{shown} is a multicast address: no setting allows it.")
        if _canonical(host) in self._hosts:
            return
        if any(reached in network or address in network for network in self.allowed_networks):
            return
        if not is_public(reached):
            raise AddressRefused(f"{shown} is not a public address: {self._setting(host, reached)} would allow it.")
        if not encrypted:
            raise AddressRefused(f"{shown} is public, so use https: {self._setting(host, reached)} would allow http.")

    def _setting(self, host: str, address: IpAddress) -> str:
        network = f"{address}/{address.max_prefixlen}"
        return f"{self.allowed_by}_NETWORKS={network}" if is_address(host) else f"{self.allowed_by}_HOSTS={host}"


def check_address(url: str, guard: AddressGuard | None = None) -> None:
    """Raise AddressRefused if eventhub would not connect to this URL. A name that has no address now may get one, and
    nobody waits long to learn that: whenever it is connected to, it is judged again."""
    guard = guard or AddressGuard.of_settings()
    parsed = parse_address(url)
    host, encrypted = parsed.raw_host.decode(), parsed.scheme == "https"
    port = parsed.port or USUAL_PORTS[parsed.scheme]
    if found := addresses_soon(host, port):
        guard.permitted(host, found, port, encrypted=encrypted)


def _instead_of(url: str, scheme: str) -> str:
    """Return what is wrong with a URL that is none of http or https."""
    if re.search(r"\s", url.strip()):
        return (
            "This is a command, and not a URL. A server that speaks stdio cannot be registered: put a bridge in front "
            "of it that speaks streamable HTTP."
        )
    if "://" not in url:  # of localhost:8000, the scheme would be “localhost”
        return "A URL begins with https:// or http://, as in https://mcp.example.org/mcp."
    return f"{scheme}:// cannot be asked: use https:// or http://."


def parse_address(url: str) -> httpx.URL:
    """Return the URL as the client reads it that connects; raise AddressRefused if it is none that could be asked."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefused("This is no URL that can be asked: as in https://mcp.example.org/mcp.") from error
    if parsed.scheme not in ("http", "https"):
        raise AddressRefused(_instead_of(url, parsed.scheme))
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise AddressRefused(f"{parsed.port} is not a port (1 to 65535).")
    host = parsed.raw_host.decode()  # as it is asked for; `host` is decoded, which not every xn--… can be
    if not host:
        raise AddressRefused("The URL names no host: as in https://mcp.example.org/mcp.")
    if not _is_host(host):
        raise AddressRefused(f"{host} is neither a name nor an address of a host.")
    if parsed.userinfo:
        raise AddressRefused(f"The URL of {host} holds a user name or password: use a secret reference.")
    return parsed


def is_own(address: str) -> bool:
    """Say whether it is an address of this machine: only those can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _is_host(host: str) -> bool:
    """Say whether it is a host. An address with a zone, fe80::1%eth0, is none: it means something on one machine
    only."""
    return HOST_NAME.match(host) is not None or (is_address(host) and "%" not in host)


def _canonical(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")
