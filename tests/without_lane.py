"""`manage.py` whose uvicorn offers no server lane, as other ASGI servers do not: the outbox is the queue form."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from eventhub.lane import ServerLane

if __name__ == "__main__":
    ServerLane.run_asgi = WebSocketsSansIOProtocol.run_asgi  # type: ignore[method-assign]
    execute_from_command_line(sys.argv)
