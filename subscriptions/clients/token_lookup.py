"""Finds out who comes in. Tokens that wait are looked up together: a storm of handshakes shares its queries."""

from __future__ import annotations

import asyncio

from events.access.identity import Identity, identities_of_tokens, identity_of_session
from subscriptions.clients import tickets
from subscriptions.threads import DatabaseThreads

TOKENS_AT_ONCE = 500  # tokens; SQLite allows that many values in a query
GATHER_S = 0.01  # between two look-ups: in a storm each has company, and who comes alone does not wait
# While more come in each of these steps, the look-up waits for them, too, up to the second number: a query takes 1 to
# 2 ms, and 20 µs for each token more.
STEP_S = 0.002
GATHER_AT_MOST_S = 0.05


class TokenLookup:
    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._waiting: list[tuple[str, asyncio.Future[Identity | None]]] = []
        self._lookup: asyncio.Task[None] | None = None

    async def identify(self, token: str | None, session_key: str) -> Identity | None:
        """Return who this is, or None. A token, if one was sent, is the only credential. Raises DatabaseError, and
        whatever else a look-up raises."""
        if token is None:
            return await self._threads.run(identity_of_session, session_key)
        found = asyncio.get_running_loop().create_future()
        self._waiting.append((token, found))
        if self._lookup is None:
            self._lookup = asyncio.create_task(self._look_up())
        identity: Identity | None = await found
        return identity

    async def redeem(self, ticket: str) -> Identity | None:
        """Return whom a ticket stands for, which lets nobody in any more; None for a wrong one. Raises
        DatabaseError."""
        return await self._threads.run(tickets.redeem, ticket)

    async def stop(self) -> None:
        """Cancel the look-up, and all who wait for one."""
        for _, found in self._waiting:
            found.cancel()
        self._waiting.clear()
        if self._lookup is not None:
            self._lookup.cancel()
            await asyncio.wait([self._lookup])

    async def _look_up(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:TOKENS_AT_ONCE], self._waiting[TOKENS_AT_ONCE:]
                await self._answer(some)
                await asyncio.sleep(GATHER_S)
                await self._while_more_come()
        finally:
            self._lookup = None

    async def _while_more_come(self) -> None:
        now = asyncio.get_running_loop().time
        until, known = now() + GATHER_AT_MOST_S, 0
        while known < len(self._waiting) < TOKENS_AT_ONCE and now() < until:
            known = len(self._waiting)
            await asyncio.sleep(STEP_S)

    async def _answer(self, some: list[tuple[str, asyncio.Future[Identity | None]]]) -> None:
        asked = [found for _, found in some]
        try:
            identities = await self._threads.run(identities_of_tokens, [token for token, _ in some])
        except Exception as error:  # noqa: BLE001  whatever it is, all who asked are told
            for found in asked:
                if not found.done():  # else it has left
                    found.set_exception(error)
        else:
            for found, identity in zip(asked, identities, strict=True):
                if not found.done():
                    found.set_result(identity)
        finally:
            for found in asked:  # which does nothing, unless the look-up was cancelled
                found.cancel()
