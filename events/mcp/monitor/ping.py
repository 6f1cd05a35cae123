"""The dead man's switch: an address that is asked as long as this monitor does its work."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import httpx

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0


async def ping(url: str) -> None:
    """Ask this address once. The log names its host alone: who knows the rest could ask in our place."""
    host = urlsplit(url).hostname
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning("EVENTHUB_PING_URL (%s) cannot be asked: %s", host, type(error).__name__)
        return
    if not answer.is_success:
        logger.warning("EVENTHUB_PING_URL (%s) answers %d.", host, answer.status_code)
