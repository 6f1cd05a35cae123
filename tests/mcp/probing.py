"""What probes of servers on this machine need, and what is seen in an outcome."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from events.mcp.breaker import Outcome
from events.mcp.probe import Target
from events.outbound.address import AddressGuard
from tests.waiting import WITHIN_S

LOOPBACK = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


def patient(url: str, **members: Any) -> Target:
    """What is asked with more time than a busy machine needs, and is not slow before that."""
    return Target(**{"url": url, "timeout_s": WITHIN_S, "degraded_latency_ms": WITHIN_S * 1000, **members})


def seen(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.health, outcome.feeds, outcome.error_class
