"""Whom a probe asks, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Auth(StrEnum):
    NONE = "none"
    BEARER = "bearer"
    HEADER = "header"


class Era(StrEnum):
    """The protocol's two: with a handshake and sessions, up to 2025-11-25, and without, from 2026-07-28 on."""

    UNKNOWN = ""
    LEGACY = "legacy"
    MODERN = "modern"


@dataclass(frozen=True)
class Target:
    url: str
    timeout_s: float = 10.0
    degraded_latency_ms: float = 2_000.0
    expected_tools: tuple[str, ...] = ()
    auth: Auth = Auth.NONE
    header_name: str = ""  # for Auth.HEADER
    secret_reference: str = ""  # env:NAME; the probe itself resolves it, nobody else holds the secret
    secret_origins: frozenset[str] = frozenset()  # that it may be sent to
    era: Era = Era.UNKNOWN  # as the last outcome's `protocol_era` had it
