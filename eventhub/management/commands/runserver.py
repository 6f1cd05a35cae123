"""Daphne's, without its app: that imports Twisted into every process, 0.2 s for each management command."""

from __future__ import annotations

from daphne.management.commands.runserver import Command

__all__ = ["Command"]
