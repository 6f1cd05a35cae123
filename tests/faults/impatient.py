"""`manage.py` whose server pings its clients every second and gives them as long to answer; else it is 20 s each."""

from __future__ import annotations

from eventhub import server
from tests.program import run

if __name__ == "__main__":
    server.PING_INTERVAL_S = server.PING_TIMEOUT_S = 1
    run()
