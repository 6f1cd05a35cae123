"""Those who have connected and whom nobody knows yet: at most so many of one address, and never the last files."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from functools import cached_property
from itertools import islice
from typing import Protocol

from django.conf import settings
from uvicorn.middleware.proxy_headers import _TrustedHosts

logger = logging.getLogger(__name__)

# Open files that are kept for the database, the channel layer and the answers to those who are turned away.
KEPT_FILES = 32
KEPT_FILES_AT_MOST = 0.125  # of all that may be open
# Seconds in which a whole request can be expected to have come, however many connect at once: 2,000 handshakes that
# arrive together are all read within one.
PATIENCE_S = 3.0
LOOKED_AT = 1000  # guests, to find one who can go; the oldest come first


class Guest(Protocol):
    """A connection that stands in the lobby."""

    @property
    def is_idle(self) -> bool:
        """Say whether it waits for its peer while nobody waits for its answer."""

    def turn_out(self) -> None:
        """Close it: others need its place."""


class Lobby:
    def __init__(self, of_address: int | None = None, proxies: str | None = None) -> None:
        """Take at most so many guests of one address, except of these proxies. What is not told is what the
        installation's settings say when the first guest comes."""
        self._told = (of_address, proxies)
        self._guests: dict[Guest, tuple[str, float]] = {}  # the address and since when; the oldest first
        self._by_address: dict[str, dict[Guest, None]] = {}

    def __len__(self) -> int:
        return len(self._guests)

    @cached_property
    def _of_address(self) -> int:
        told, _ = self._told
        return settings.EVENTHUB_MAX_PENDING_PER_ADDRESS if told is None else told

    @cached_property
    def _proxies(self) -> _TrustedHosts:
        """Those whose `X-Forwarded-For` uvicorn believes."""
        _, told = self._told
        return _TrustedHosts(os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1") if told is None else told)

    def enter(self, guest: Guest, address: str, file: int) -> bool:
        """Take a connection in, whose socket has this file number; False: there is no room, and nobody idles who could
        be turned out. A proxy brings the connections of many, so none of these is refused for its address."""
        neighbours = self._by_address.get(address, {})
        entered = True
        if len(neighbours) >= self._of_address and not self._turn_out_of(neighbours):
            entered = address in self._proxies
            if not entered:
                logger.warning(
                    "Over %d connections of %s have not said who they are; more are refused.", self._of_address, address
                )
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)  # asked each time: it may be changed while this runs
        if entered and file >= files - min(KEPT_FILES, int(files * KEPT_FILES_AT_MOST)):
            logger.warning(
                "Nearly all of the %d files that may be open are (ulimit -n): "
                "idle connections are closed, and new ones refused.",
                files,
            )
            entered = self._turn_out_of(self._guests)
        self._guests[guest] = (address, asyncio.get_running_loop().time())
        self._by_address.setdefault(address, {})[guest] = None
        return entered

    def pass_on(self, guest: Guest, successor: Guest) -> None:
        """Let a connection that goes on in another form keep its place."""
        entered = self._guests.pop(guest, None)
        if entered is not None:
            self._guests[successor] = entered
            neighbours = self._by_address[entered[0]]
            del neighbours[guest]
            neighbours[successor] = None

    def leave(self, guest: Guest) -> None:
        """Forget a guest that is known by now, or gone. May be called again."""
        entered = self._guests.pop(guest, None)
        if entered is None:
            return
        address, _ = entered
        neighbours = self._by_address[address]
        del neighbours[guest]
        if not neighbours:
            del self._by_address[address]

    def _turn_out_of(self, guests: dict[Guest, None] | dict[Guest, tuple[str, float]]) -> bool:
        """Turn out the one who has been idle for longest; False when nobody can go."""
        latest = asyncio.get_running_loop().time() - PATIENCE_S
        for guest in islice(guests, LOOKED_AT):
            if self._guests[guest][1] > latest:
                return False
            if guest.is_idle:
                self.leave(guest)
                guest.turn_out()
                return True
        return False


lobby = Lobby()  # of this process
