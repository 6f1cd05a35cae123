"""`manage.py` whose uvicorn is as it comes, without the server lane, as other ASGI servers are: the outbox is the queue
form, and nothing but uvicorn's own keepalive ends a peer that no longer reads."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from django.core.management import execute_from_command_line


class PlainConfig(uvicorn.Config):
    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **{**options, "ws": "websockets-sansio"})


def leave_out_the_lane() -> None:
    uvicorn.Config = PlainConfig  # type: ignore[assignment, misc]


if __name__ == "__main__":
    leave_out_the_lane()
    execute_from_command_line(sys.argv)
