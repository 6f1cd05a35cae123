"""Commands of clients, parsed and checked."""

from __future__ import annotations
