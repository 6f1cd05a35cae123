"""`manage.py deliver` as a process: killed at any moment, and two at once, nothing is lost and little is sent twice."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AbstractContextManager

import pytest
from standardwebhooks import Webhook

from tests.conftest import MakeServer
from tests.processes.commands import CommandProcess, running
from tests.servers import ServerProcess
from tests.subscriptions.standing.receiver import Receiver
from tests.waiting import eventually

LEADS, WAITS = "This delivery leads", "Another delivery leads"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

SUBSCRIBE = """
from django.contrib.auth.models import User
from subscriptions.standing.requests import asked, making
body = json.loads({body!r})
making.make(User.objects.get(username="admin"), asked.read(body, asked.Asked))
"""
EMIT = """
from events.broadcast import Broadcast, broadcast_events
names = [f"s{{n:04}}" for n in range({first}, {last})]
broadcast_events([Broadcast("mcp_status_change", {{"mcp_name": each, "new_status": "active"}}) for each in names])
"""


@pytest.fixture
def server(make_server: MakeServer) -> ServerProcess:
    """No server runs: what is needed is a database and its environment."""
    return make_server(start=False, env={"EVENTHUB_DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8"})


def delivering(server: ServerProcess, count: int) -> AbstractContextManager[list[CommandProcess]]:
    return running(server, "deliver", count)


def run(server: ServerProcess, code: str) -> None:
    server.manage("shell", "-v", "0", "-c", f"import json\n{code}")


def emit(server: ServerProcess, first: int, last: int) -> None:
    run(server, EMIT.format(first=first, last=last))


def names(receiver: Receiver) -> list[str]:
    return [str(got.event["data"]["mcp_name"]) for got in receiver.accepted]


def test_the_leader_is_killed_with_minus_nine_and_everything_arrives_in_order_from_the_other(
    server: ServerProcess,
) -> None:
    with Receiver() as receiver:
        body = {
            "event_types": ["mcp_status_change"],
            "destination": {"url": receiver.url, "secret": SECRET},
        }
        run(server, SUBSCRIBE.format(body=json.dumps(body)))
        with delivering(server, 2) as (one, other):
            eventually(lambda: LEADS in one.log + other.log and WAITS in one.log + other.log)
            leader, standby = (one, other) if LEADS in one.log else (other, one)
            receiver.behaves = lambda got: "fails" if len(receiver.got) in (20, 60) else ""
            emit(server, 0, 100)
            eventually(lambda: len(receiver.accepted) >= 10)
            leader.kill()
            emit(server, 100, 200)
            expected = [f"s{n:04}" for n in range(200)]
            eventually(lambda: expected[-1] in names(receiver))
        got = names(receiver)
        assert list(dict.fromkeys(got)) == expected  # all, in order
        assert max(Counter(got).values()) <= 2
        assert Webhook(SECRET).verify(receiver.got[0].body, receiver.got[0].headers)
        assert SECRET not in standby.log + leader.log
        # What was acknowledged is known to the next process.
        before = len(receiver.got)
        with delivering(server, 1) as (next_one,):
            eventually(lambda: LEADS in next_one.log)
            emit(server, 200, 201)
            eventually(lambda: "s0200" in names(receiver))
        assert len(receiver.got) == before + 1


ROTATE = """
from subscriptions.models import StandingSubscription
from subscriptions.standing.requests import asked, making
changed = asked.read({"destination": {"secret": "new"}}, asked.Changed)
making.change(StandingSubscription.objects.select_related("owner", "destination").get(), changed)
"""


def test_a_new_secret_amid_deliveries_and_a_database_that_goes_away_lose_nothing(server: ServerProcess) -> None:
    with Receiver() as receiver:
        body = {"event_types": ["mcp_status_change"], "destination": {"url": receiver.url, "secret": SECRET}}
        run(server, SUBSCRIBE.format(body=json.dumps(body)))
        with delivering(server, 1) as (process,):
            eventually(lambda: LEADS in process.log)
            receiver.behaves = lambda got: "fails" if len(receiver.got) == 5 else ""
            run(server, EMIT.format(first=0, last=100) + ROTATE)
            emit(server, 100, 120)
            eventually(lambda: "s0119" in names(receiver))
            with server.database.away():
                eventually(lambda: "cannot be asked" in process.log)
            emit(server, 120, 140)
            eventually(lambda: "s0139" in names(receiver))
        assert list(dict.fromkeys(names(receiver))) == [f"s{n:04}" for n in range(140)]
        for got in receiver.got:
            Webhook(SECRET).verify(got.body, got.headers)  # for a day, the old secret signs, too
        assert "," in receiver.accepted[-1].headers["webhook-signature"].replace("v1,", "", 1)
