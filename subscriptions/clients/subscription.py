"""One standing request of a connection: event types and filters."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from events.access import policy
from events.access.policy import Scopes
from events.core.filters import Filter, text_conditions
from subscriptions.protocol import messages


class Subscription:
    __slots__ = ("asked", "event_types", "filters", "id", "of_type", "scopes", "size", "start", "text_conditions")

    def __init__(
        self,
        event_types: list[str],
        filters: Mapping[str, Any],
        asked: Mapping[str, Filter],
        scopes: Scopes,
        id: str | None = None,
    ) -> None:
        """Make a subscription. `asked` is what the filters ask of each type. Raises KeyError for a type of which
        nothing may be seen."""
        self.id = id or f"sub_{secrets.token_hex(6)}"
        self.event_types = event_types
        self.filters = filters  # as the client asked
        self.asked = asked
        self.scopes = scopes  # as they were when it was made; it ends when those of its types change
        self.of_type = policy.within_scopes(scopes, asked)  # what it is sent
        self.start = 0  # it asks for what comes after this position
        self.size = messages.size(self.described())
        self.text_conditions = text_conditions(asked)

    def asking(self, asked: Mapping[str, Filter]) -> Subscription:
        """Return the same subscription, whose filters ask something else of its types now."""
        return Subscription(self.event_types, self.filters, asked, self.scopes, self.id)

    def described(self) -> dict[str, Any]:
        return messages.described(self.id, self.event_types, self.filters)
