"""`manage.py` whose server pings its clients every second and gives them twelve to answer; else it is 20 s each. It
reads pages of 50 events, of 500 else: of large events these would be most of its memory when it or a client is late."""

from __future__ import annotations

import django

from tests.processes.program import run

if __name__ == "__main__":
    django.setup()  # before what uses its models is imported
    from eventhub.server import serve
    from subscriptions.live import follower
    from subscriptions.replay import catch_up

    serve.PING_INTERVAL_S, serve.PING_TIMEOUT_S = 1, 12
    follower.READ_AT_ONCE = catch_up.PAGE = 50
    run()
