"""The process that delivers, stepped by a test: with the test's clock, and destinations that do as they are told."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.contrib.auth.models import Permission, User
from django.utils import timezone

from events.broadcast import Broadcast, broadcast_events
from events.core.records import LoggedEvent
from events.log import placing, reading, search
from events.log.reading import within_epoch
from events.outbound.origin import host_of
from subscriptions.models import DeliveryLease, Destination, StandingSubscription
from subscriptions.standing.answer import ACCEPTED, Answer, Verdict
from subscriptions.standing.message import Message
from subscriptions.standing.process import record
from subscriptions.standing.process.delivery_leader import DeliveryLeader
from subscriptions.standing.process.record import CheckedPage
from subscriptions.standing.secret import new_webhook_secret, sealed
from tests.waiting import aeventually

T = TypeVar("T")

AGAIN = Answer(Verdict.AGAIN, "http", "HTTP 500.")
GONE = Answer(Verdict.GONE, "gone", "HTTP 410: it wants nothing more.")
TOO_LARGE = Answer(Verdict.TOO_LARGE, "too_large", "HTTP 413: the event is too large for it.")
HANG = Answer(Verdict.AGAIN, "hang")  # no answer before the test says so
STATUS = "mcp_status_change"


class Destinations:
    """All destinations: each answers what the test has told, or accepts."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []  # address and body, also of what was not accepted
        self.messages: list[Message] = []  # to people, also what was not accepted
        self.accepted: list[tuple[str, Any]] = []
        self.answers: dict[str, deque[Answer]] = {}  # by address
        self.always: dict[str, Answer] = {}
        self.hanging = 0
        self.released = asyncio.Event()

    async def send(self, destination: Destination, message: Message) -> Answer:
        body = message.body.decode() if message.title else json.loads(message.body)
        self.messages += [message] if message.title else []
        self.got.append((destination.address, body))
        given = self.answers.get(destination.address)
        answer = given.popleft() if given else self.always.get(destination.address, ACCEPTED)
        if answer is HANG:
            self.hanging += 1
            try:
                await self.released.wait()
            finally:
                self.hanging -= 1
            answer = ACCEPTED
        if answer is ACCEPTED:
            self.accepted.append((destination.address, body))
        return answer

    def names(self, address: str = "") -> list[str]:
        """Return the servers of the events that were accepted, in order."""
        return [body["data"]["mcp_name"] for to, body in self.accepted if to.startswith(address) and "data" in body]

    def tries(self, name: str) -> int:
        return sum(body.get("data", {}).get("mcp_name") == name for _, body in self.got)


class Loop:
    """An event loop in a thread of its own. The test's thread answers its questions to the database while it waits, so
    that they are part of the test's transaction."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._questions: queue.SimpleQueue[tuple[asyncio.Future[Any], Callable[[], Any]]] = queue.SimpleQueue()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        while not running.done():
            with suppress(queue.Empty):
                asked, question = self._questions.get(timeout=0.005)
                try:
                    answer = question()
                except Exception as error:  # noqa: BLE001  whatever it is, it is the questioner's
                    self._loop.call_soon_threadsafe(asked.set_exception, error)
                else:
                    self._loop.call_soon_threadsafe(asked.set_result, answer)
        return running.result()

    async def in_database(self, question: Callable[..., Any], *arguments: object) -> Any:
        asked: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._questions.put((asked, partial(question, *arguments)))
        return await asked

    async def page(self, epoch: str, after: int, limit: int, types: Sequence[str]) -> CheckedPage:
        page: CheckedPage = await self.in_database(within_epoch, epoch, record.read_page, after, limit, types)
        return page

    async def event(self, epoch: str, position: int) -> LoggedEvent | None:
        event: LoggedEvent | None = await self.in_database(within_epoch, epoch, search.find_event, position)
        return event

    async def events(self, epoch: str, positions: Collection[int]) -> dict[int, LoggedEvent]:
        question = partial(within_epoch, epoch, search.find_events, positions)
        events: dict[int, LoggedEvent] = await self.in_database(question)
        return events

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Stepped:
    """A process that delivers, from `begin` on."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.destinations = Destinations()
        self.loop = Loop()
        self.begin()

    def begin(self) -> None:
        """Lead as a new process does, which knows nothing but what the database has."""
        epoch = DeliveryLease.take("test", timedelta(seconds=-1))
        assert epoch is not None
        self.leader = DeliveryLeader(
            epoch, self.loop.in_database, self.destinations.send, self.loop, now=lambda: self.now
        )

    def end(self) -> None:
        self.loop.run(self.leader.deliveries.attempts.stop())

    def kill(self) -> None:
        """End the process without a last write, and begin another one."""
        self.end()
        self.begin()

    def close(self) -> None:
        self.end()
        self.loop.close()

    def step(self, after: timedelta = timedelta()) -> None:
        """Let time pass, and do all that is to be done then."""
        self.deliver(after)
        self.loop.run(self.leader.write_once())

    def deliver(self, after: timedelta = timedelta()) -> None:
        """Do the same without the write."""
        self.now += after
        self.loop.run(self._deliver())

    def wake(self) -> None:
        """Let those send whose next attempt is due, without asking the database."""
        self.loop.run(self._wake())

    async def _wake(self) -> None:
        self.leader.deliveries.attempts.wake()
        await aeventually(lambda: self.leader.deliveries.attempts.under_way == self.destinations.hanging)

    async def _deliver(self) -> None:
        await self.leader.poll_once()
        while await self.leader.follow_once():
            pass
        await self._wake()


def emit(*names: str, severity: str = "error", **data: object) -> None:
    broadcast_events(
        [
            Broadcast(STATUS, {"mcp_name": name, "new_status": "inactive", "severity": severity, **data})
            for name in names
        ]
    )
    placing.place()  # the test's transaction does not end


def an_owner(name: str = "olga", *, superuser: bool = True) -> User:
    owner = User.objects.create(username=name, is_superuser=superuser)
    if not superuser:
        owner.user_permissions.add(Permission.objects.get(codename="use_webhooks"))
    return owner


def a_standing(
    owner: User,
    url: str = "https://receiver.example/one",
    *,
    event_types: Sequence[str] = (STATUS,),
    filters: dict[str, Any] | None = None,
    **destination: Any,
) -> StandingSubscription:
    head = reading.head()
    standing = StandingSubscription.objects.create(
        owner=owner,
        name=f"to {host_of(url)}",
        event_types=list(event_types),
        filters=filters or {},
        epoch=head.epoch,
        position=head.position,
    )
    destination = {"kind": "webhook", "secret": sealed(new_webhook_secret())} | destination
    Destination.objects.create(standing=standing, address=url, **destination)
    DeliveryLease.bump()
    return standing
