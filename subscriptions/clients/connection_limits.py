"""How many connections there may be: of one user, from one address, in all of this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

from django.conf import settings

from subscriptions.clients.connection import Connection

K = TypeVar("K", bound=Hashable)


class ConnectionLimits:
    def __init__(self) -> None:
        self._all = 0
        self._of_user: Counter[int] = Counter()
        self._of_address: Counter[str] = Counter()

    def admit(self, connection: Connection) -> bool:
        """Count a connection; False, and not counted, when there are too many."""
        user, address = connection.identity.user_id, connection.address
        if (
            self._all >= settings.EVENTHUB_MAX_CONNECTIONS
            or self._of_user[user] >= settings.EVENTHUB_MAX_CONNECTIONS_PER_USER
            or self._of_address[address] >= settings.EVENTHUB_MAX_CONNECTIONS_PER_ADDRESS
        ):
            return False
        self._all += 1
        self._of_user[user] += 1
        self._of_address[address] += 1
        return True

    def dismiss(self, connection: Connection) -> None:
        self._all -= 1
        uncount(self._of_user, connection.identity.user_id)
        uncount(self._of_address, connection.address)


def uncount(counter: Counter[K], key: K) -> None:
    """Take one off, and leave nothing behind at zero."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
