"""What probes of servers on this machine need, and what is seen in an outcome."""

from __future__ import annotations

from ipaddress import ip_network

from events.mcp.breaker import Outcome
from events.outbound.address import AddressGuard

LOOPBACK = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


def seen(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.health, outcome.feeds, outcome.error_class
