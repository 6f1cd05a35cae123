"""`GET /metrics`: for this machine and EVENTHUB_METRICS_NETWORKS, and for nobody who comes by a proxy."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

from django.conf import settings

from eventhub.metrics import exposition, gauges
from eventhub.metrics.database import Answers
from eventhub.operators.router import Answer
from events.measuring import keeper
from events.measuring.snapshot import FOLDER, read_all

ROLE = "web"
# Whatever has a header that begins so was forwarded. Its peer is the proxy, which may ask for anybody.
FORWARDED = (b"forwarded", b"via", b"x-forwarded", b"x-real-ip")  # also X-Forwarded-Proto, which may come alone
BY_PROXY = "Metrics are not for requests that a proxy forwards: ask this process itself.\n"
REFUSED = "Metrics are for this machine and the networks in EVENTHUB_METRICS_NETWORKS; {} is in none of them.\n"


class MetricsEndpoint:
    def __init__(self) -> None:
        self._database: Answers | None = None

    async def __call__(self, scope: dict[str, Any]) -> Answer:
        headers = dict(scope["headers"])
        if any(name.startswith(FORWARDED) for name in headers):
            return Answer(BY_PROXY, 403)
        peer = scope["client"][0] if scope.get("client") else ""
        if not may_read(peer):
            return Answer(REFUSED.format(peer or "your address"), 403)
        if self._database is None:
            self._database = Answers()
        now = gauges.of_web()
        known = await self._database.known()
        accept = headers.get(b"accept", b"").decode("latin-1")
        body, content_type = await asyncio.to_thread(self._exposed, now, known, accept)
        return Answer(body, content_type=content_type)

    def _exposed(self, now: Any, known: Any, accept: str) -> tuple[bytes, str]:
        # Own counts too are shown as they are in the file: they would fall if the next scrape asked another worker.
        keeper.keep(ROLE, now)
        return exposition.exposed(read_all(settings.EVENTHUB_VAR_DIR / FOLDER), known, accept)


def may_read(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or any(address in network for network in settings.EVENTHUB_METRICS_NETWORKS)
