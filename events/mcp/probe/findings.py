"""What a probe has found out by the time that it ends, however it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from events.mcp.probe.target import Era


@dataclass
class Findings:
    era: Era = Era.UNKNOWN
    version: str = ""
    server: str = ""
    offers_tools: bool = False
    offers_events: bool = False
    tools: tuple[str, ...] | None = None  # None: not looked at, or not to their end
    defined: list[Any] = field(default_factory=list)  # the same tools as the server defines them
    size: int = 0  # bytes of that list
    instructions: object = None
    remarks: list[str] = field(default_factory=list)  # what clients put up with, but some may stumble over
