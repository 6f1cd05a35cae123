"""Scopes with conditions, as rules about single events would have them."""

from __future__ import annotations

from typing import Any

import pytest

from events.access import policy
from events.core.event_types import EventType, Viewer
from events.core.filters import parse_filters

STATUS, DISABLED = "mcp_status_change", "mcp_auto_disabled"


class Scopes:
    """Those who are no superusers see of a type what its filters here say; of the others, everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, of_status: dict[str, Any]) -> None:
        self.filters = {STATUS: of_status}
        monkeypatch.setattr(policy, "scope_of", self.scope_of)

    def scope_of(self, viewer: Viewer, event_type: EventType) -> policy.Scope:
        if viewer.is_superuser or event_type.id not in self.filters:
            return policy.EVERYTHING
        return parse_filters(self.filters[event_type.id], [event_type])[event_type.id]
