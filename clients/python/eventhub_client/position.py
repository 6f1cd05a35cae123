"""Where a client keeps how far it has come, so that it can go on there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class PositionStore(Protocol):
    """A place for a position, such as a row of your own database."""

    def load(self) -> str | None:
        """Return what was saved last; None if there is nothing."""

    def save(self, position: str) -> None:
        """Keep it: everything up to it is done."""


class MemoryPosition:
    """Keeps it as long as the process runs."""

    def __init__(self, position: str | None = None) -> None:
        self.position = position

    def load(self) -> str | None:
        return self.position

    def save(self, position: str) -> None:
        self.position = position


class FilePosition:
    """Keeps it in a file, which is replaced as a whole. One client alone may use it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def load(self) -> str | None:
        try:
            return self.path.read_text().strip() or None
        except FileNotFoundError:
            return None

    def save(self, position: str) -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_text(position)
        new.replace(self.path)
