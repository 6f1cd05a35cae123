"""A logged event, as it is read, carried and delivered."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class LoggedEvent(NamedTuple):
    position: int
    type: str
    timestamp: datetime
    data: str
