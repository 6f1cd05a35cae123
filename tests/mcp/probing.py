"""What probes of servers on this machine need, and what is seen in an outcome."""

from __future__ import annotations

from ipaddress import ip_network

import httpx

from events.mcp.address import AddressGuard
from events.mcp.breaker import Outcome

LOOPBACK = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
TLS = httpx.create_ssl_context()  # made once: it reads all certificate authorities


def seen(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.health, outcome.feeds, outcome.error_class
