"""Which addresses a webhook may have: what the settings say, and never this installation.

Forms and commands ask this, too. It needs nothing of the client that connects, whose import takes 250 ms.
"""

from __future__ import annotations

import functools

from django.conf import settings

from events.outbound.address import AddressGuard, AddressRefused
from events.outbound.origin import host_of, origin_of

ALLOWED_BY = "EVENTHUB_DELIVERY_ALLOWED"  # how the settings begin that allow more addresses
MAX_KNOWN = 4_000  # addresses that are remembered as read; more than there are standing subscriptions, usually


def guard() -> AddressGuard:
    """Return the guard that the settings make, which knows the ports of this installation."""
    return AddressGuard.of_settings(ALLOWED_BY, settings.EVENTHUB_PORTS)


def check_not_ours(url: str) -> None:
    """Raise AddressRefused for an address of this installation: deliveries would go round."""
    if one_origin(url) in map(one_origin, settings.EVENTHUB_ALLOWED_ORIGINS):
        raise AddressRefused(f"{host_of(url)} is this installation itself: events would go round.")


@functools.lru_cache(maxsize=MAX_KNOWN)
def one_origin(url: str) -> str:
    """Return the origin in the one way to compare it: a name that a dot ends is the same name."""
    scheme, host, port = origin_of(url)
    return f"{scheme}://{host.rstrip('.')}:{port}"
