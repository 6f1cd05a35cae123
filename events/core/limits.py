"""The protocol's limits: told to clients in metadata, kept by delivery and by the filters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        # A page of cards; past that, one subscription with wider filters serves better.
        "subscriptions_per_connection": 100,
        "event_types_per_subscription": 100,
        # A list longer than any fleet's is a mistake.
        "values_per_filter": 1_000,
        # Characters. Names and states are short; it bounds what one comparison costs.
        "value_length": 200,
        # `contains` and `prefix` values cannot be looked up, each is tried on every event of its type.
        "text_conditions_per_connection": 20,
        # Bytes, as JSON: all of a connection's subscriptions fit into the one message that resumes them.
        "subscription_bytes_per_connection": 48 * 1024,
        # Bytes of one frame from a client.
        "message_bytes": 64 * 1024,
        # Levels that every JSON reader can be expected to follow.
        "nesting": 32,
        # Far above what a person or a page does; commands share their threads with those of all connections.
        "commands_per_second": 50,
        "command_burst": 100,
        # Control frames, and fragments of messages: the smallest cost as much to read as a command does. Clients that
        # split long messages do so at 1 KiB or above.
        "frames_per_second": 50,
        "frame_burst": 500,
        "fragments_per_message": 256,
        # A client that is refused this often within `refusal_window` seconds does not listen, and is closed.
        "refused_commands": 200,
        "refusal_window": 10,
    }
)


def is_nested_deeper(value: object, levels: int) -> bool:
    """Return whether the lists and objects of a JSON value go deeper than so many levels."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if children is None:
        return False
    return levels == 0 or any(is_nested_deeper(child, levels - 1) for child in children)
