"""Django's secret key, which is made when the installation first starts."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def secret_key(path: Path) -> str:
    """Return the key kept in `path` (readable by its owner alone), made when there is none yet.

    Processes that start together agree on one key: it is written aside and linked into place, which only
    one of them can do.
    """
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret_key.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    return path.read_text().strip()
