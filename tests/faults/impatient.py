"""`manage.py` whose server pings its clients every second and gives them as long to answer; else it is 20 s each."""

from __future__ import annotations

from eventhub.server import serve
from tests.program import run

if __name__ == "__main__":
    serve.PING_INTERVAL_S = serve.PING_TIMEOUT_S = 1
    run()
