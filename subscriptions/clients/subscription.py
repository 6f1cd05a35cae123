"""One standing request of a connection: event types and filters."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from events.core.filters import OPERATORS, Filter
from subscriptions.protocol import messages


class Subscription:
    __slots__ = ("event_types", "filters", "id", "of_type", "size", "start", "text_conditions")

    def __init__(
        self,
        event_types: list[str],
        filters: Mapping[str, Any],
        of_type: dict[str, Filter],
        id: str | None = None,
    ) -> None:
        self.id = id or f"sub_{secrets.token_hex(6)}"
        self.event_types = event_types
        self.filters = filters  # as the client asked
        self.of_type = of_type  # as the matcher knows them
        self.start = 0  # it asks for what comes after this position
        self.size = messages.size(self.described())
        needles = {
            (condition.name, value)
            for filter in of_type.values()
            for condition in filter
            if OPERATORS[condition.operator].kind == "text"
            for value in condition.values
        }
        self.text_conditions = len(needles)

    def described(self) -> dict[str, Any]:
        return messages.described(self.id, self.event_types, self.filters)
