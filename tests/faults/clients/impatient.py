"""`manage.py` whose server pings its clients every second and gives them twelve to answer; else it is 20 s each."""

from __future__ import annotations

import django

from tests.processes.program import run

if __name__ == "__main__":
    django.setup()  # before what uses its models is imported
    from eventhub.server import serve

    serve.PING_INTERVAL_S, serve.PING_TIMEOUT_S = 1, 12
    run()
