"""Broadcasts numbered events at a rate until its stdin ends; a line on stdout for each that is in the log.

    python tests/faults/publisher.py NAME RATE PADDING WAYS [NAMES]

WAYS is `plain`; `keyed`, with an idempotency key for each; or `mixed` for transactions that commit, roll back, and roll
back to a savepoint. An event that is refused because the database is away is tried again, under the same number. NAMES
are what the events are filtered by, with commas in between.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import django

NAMES = ("a", "b", "c")  # what the events are filtered by, in turn
RETRY_AFTER = 0.1  # seconds


class Rollback(Exception):
    pass


def data_of(
    publisher: str, number: int, padding: int, names: Sequence[str] = NAMES, *, committed: bool = True
) -> dict[str, Any]:
    return {
        "mcp_name": names[number % len(names)],
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


def main(publisher: str, rate: float, padding: int, ways: str, names: Sequence[str] = NAMES) -> None:
    django.setup()
    from django.db import transaction

    from events.broadcast import broadcast_event
    from events.log.records import LogUnavailable
    from events.notify import doorbell

    def broadcast(number: int, *, committed: bool = True) -> None:
        data = data_of(publisher, number, padding, names, committed=committed)
        if ways == "keyed":  # under its key an event is always the same
            data = tried.setdefault(number, data)
            broadcast_event("mcp_status_change", data, source=publisher, idempotency_key=str(number))
            tried.clear()
        else:
            broadcast_event("mcp_status_change", data)

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

    tried: dict[int, dict[str, Any]] = {}
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
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4], *(each.split(",") for each in sys.argv[5:]))
