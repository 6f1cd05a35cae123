"""`manage.py serve` for tests; with WITHOUT_LANE in the environment on uvicorn as it comes, as other servers are.

The outbox is the queue form then, and only uvicorn's own keepalive ends a peer that no longer reads. Passwords are
hashed in a moment: as they should be, each login takes half a second.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import uvicorn
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import execute_from_command_line

WITHOUT_LANE = "WITHOUT_LANE"
ITERATIONS = 1  # of a password's hash


class PlainConfig(uvicorn.Config):
    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **{**options, "http": "httptools", "ws": "websockets-sansio"})


def run() -> None:
    PBKDF2PasswordHasher.iterations = ITERATIONS
    if WITHOUT_LANE in os.environ:
        uvicorn.Config = PlainConfig  # type: ignore[assignment, misc]
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    run()
