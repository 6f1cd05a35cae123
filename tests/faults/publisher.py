"""Broadcasts numbered events at a rate until its stdin ends; a line on stdout for each that is in the log.

    python tests/faults/publisher.py NAME RATE PADDING WAYS

WAYS is `plain`, or `mixed` for transactions that commit, roll back, and roll back to a savepoint. An event that is
refused because the database is away is tried again, under the same number.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from typing import Any

import django

NAMES = ("a", "b", "c")  # what the events are filtered by, in turn
RETRY_AFTER = 0.1  # seconds


class Rollback(Exception):
    pass


def data_of(publisher: str, number: int, padding: int, *, committed: bool = True) -> dict[str, Any]:
    return {
        "mcp_name": NAMES[number % len(NAMES)],
        "publisher": publisher,
        "number": number,
        "committed": committed,
        "sent": time.monotonic(),
        "reason": "x" * padding,
    }


def say(number: int, began: float, refused: str | None = None) -> None:
    print(json.dumps([number, time.monotonic() - began, refused]), flush=True)


def stop_at_end_of_stdin(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()


def main(publisher: str, rate: float, padding: int, ways: str) -> None:
    django.setup()
    from django.db import transaction

    from events.broadcast import broadcast_event
    from events.log.records import LogUnavailable
    from events.notify import doorbell

    def broadcast(number: int, *, committed: bool = True) -> None:
        broadcast_event("mcp_status_change", data_of(publisher, number, padding, committed=committed))

    def in_a_transaction(way: str) -> bool:
        """Whether it commits."""
        try:
            with transaction.atomic():
                broadcast(number, committed=way != "rollback")
                if way == "rollback":
                    raise Rollback
                if way == "savepoint":
                    try:
                        with transaction.atomic():
                            broadcast(0, committed=False)
                            raise Rollback
                    except Rollback:
                        pass
        except Rollback:
            return False
        return True

    stopping = threading.Event()
    threading.Thread(target=stop_at_end_of_stdin, args=[stopping], daemon=True).start()
    chance = random.Random(publisher)
    number, due = 1, time.monotonic()
    while not stopping.wait(max(0.0, due - time.monotonic())):
        began = time.monotonic()
        due = max(due + 1 / rate, began)
        way = chance.choice(["plain", "commit", "rollback", "savepoint"]) if ways == "mixed" else "plain"
        try:
            if way != "plain" and not in_a_transaction(way):
                continue
            if way == "plain":
                broadcast(number)
        except LogUnavailable as error:
            say(number, began, type(error).__name__)
            due = time.monotonic() + RETRY_AFTER
        else:
            say(number, began)
            number += 1
    doorbell.flush()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
