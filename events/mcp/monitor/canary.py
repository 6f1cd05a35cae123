"""An address outside the fleet, which tells a broken network of the monitor's own from broken servers."""

from __future__ import annotations

import asyncio
import ssl
from functools import cached_property

import httpx

FRESH_S = 5.0  # for how long an answer counts; also how long one may take


class Canary:
    """Asked by many checks, which share one question. The address comes from a setting, not from a form: no guard."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._answers = True
        self._asked_at = -FRESH_S
        self._one_at_a_time = asyncio.Lock()

    async def answers(self) -> bool | None:
        """Return whether it answers, whatever it answers; None without an address."""
        if not self.url:
            return None
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if now - self._asked_at >= FRESH_S:
                self._answers = await self._ask()
                self._asked_at = asyncio.get_running_loop().time()
            return self._answers

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Make the context once, for all questions: to read the certificates of the authorities takes 0.04 s of CPU."""
        return httpx.create_ssl_context(trust_env=False)

    async def _ask(self) -> bool:
        try:
            async with (
                asyncio.timeout(FRESH_S),
                httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=FRESH_S) as client,
                client.stream("GET", self.url),
            ):
                return True
        except (httpx.HTTPError, OSError, TimeoutError):
            return False
