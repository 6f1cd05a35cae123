"""Events of an eventhub, live: `EventClient` reconnects, resumes, and gives each event once."""

from eventhub_client.client import EventClient
from eventhub_client.errors import ConnectionRefused, EventhubError, ProtocolError, SubscriptionEnded
from eventhub_client.position import FilePosition, MemoryPosition, PositionStore

__all__ = [
    "ConnectionRefused",
    "EventClient",
    "EventhubError",
    "FilePosition",
    "MemoryPosition",
    "PositionStore",
    "ProtocolError",
    "SubscriptionEnded",
]
