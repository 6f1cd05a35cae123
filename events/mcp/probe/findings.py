"""What a probe has found out by the time that it ends, however it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.mcp.probe.target import Era


@dataclass
class Findings:
    era: Era = Era.UNKNOWN
    version: str = ""
    server: str = ""
    offers_tools: bool = False
    tools: tuple[str, ...] | None = None  # None: not looked at, or not to their end
    remarks: list[str] = field(default_factory=list)  # what clients put up with, but some may stumble over
