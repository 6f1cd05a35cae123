"""`manage.py` whose server pings its clients every second and gives them as long to answer; else it is 20 s each."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from eventhub import server
from tests.servers import PLAIN, SERVER
from tests.without_lane import leave_out_the_lane

if __name__ == "__main__":
    if SERVER == PLAIN:
        leave_out_the_lane()
    server.PING_INTERVAL_S = server.PING_TIMEOUT_S = 1
    execute_from_command_line(sys.argv)
