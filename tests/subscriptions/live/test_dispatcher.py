"""Events that come with doorbells are used when nothing else is missing, and count no more than the log."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.test.utils import override_settings
from pytest_django import Settings

from events import registry_cache
from events.core.event_types import Viewer
from events.core.records import LoggedEvent
from events.log import pages, reading
from events.log.pages import LogPage
from events.models import Event, EventType, LogHead, Revision
from events.notify.signed_batch import PlacedEvents, signed
from subscriptions.channel_layer import groups, inbox
from subscriptions.clients.in_force import put_in_force
from subscriptions.live import dispatcher as dispatcher_module
from subscriptions.live import follower
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.recent.recent_events import read_recent_events
from tests.subscriptions.stepped import TYPES, Client, broadcast
from tests.waiting import WITHIN_S, aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]

Message = dict[str, Any]


@pytest.fixture
async def client(dispatcher: Dispatcher) -> Client:
    client = Client(dispatcher)
    await client.do("subscribe", event_types=[TYPES[0]])
    return client


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which positions the log has been read."""
    positions: list[int] = []
    read_after = reading.read_after

    def noted(position: int, *args: Any) -> LogPage:
        positions.append(position)
        return read_after(position, *args)

    monkeypatch.setattr(reading, "read_after", noted)
    return positions


async def doorbells(dispatcher: Dispatcher, count: int) -> list[Message]:
    """Broadcast so many events; the doorbell that each would have rung."""
    before = (await sync_to_async(reading.head)()).position
    await broadcast(*({"mcp_name": str(number)} for number in range(count)))
    page = await sync_to_async(reading.read_after)(before, count)
    return [doorbell(dispatcher.hub.epoch, event) for event in page.events]


def doorbell(epoch: str, *events: LoggedEvent) -> Message:
    return {"type": "doorbell", "control": False, **signed(PlacedEvents(epoch, events))}


def event_at(position: int) -> LoggedEvent:
    return LoggedEvent(position, TYPES[0], datetime.now(UTC), '{"mcp_name":"not in the log"}')


async def has(client: Client, *positions: int) -> None:
    await aeventually(lambda: client.positions == list(positions))
    names = [message["data"]["mcp_name"] for message in client.all_of(TYPES[0])]
    assert "not in the log" not in names


async def test_events_that_come_with_doorbells_are_sent_without_reading_the_log(
    dispatcher: Dispatcher, client: Client, reads: list[int]
) -> None:
    for message in await doorbells(dispatcher, 3):
        reads.clear()
        dispatcher.follower.hear(message)
        await dispatcher.follower.step()
        assert reads == []
    await has(client, 1, 2, 3)
    assert dispatcher.hub.position == 3


async def test_what_comes_while_others_are_dispatched_and_goes_with_them_does_not_make_it_read_the_log(
    dispatcher: Dispatcher, client: Client, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "BATCH_S", -1.0)  # each event is a batch of its own, and others have their turn
    first, second = await doorbells(dispatcher, 2)
    reads.clear()
    dispatcher.follower.hear(first)
    asyncio.get_running_loop().call_soon(dispatcher.follower.hear, second)
    await dispatcher.follower.step()
    assert dispatcher.hub.position == 2
    await dispatcher.follower.step()  # as it was woken by the second
    await has(client, 1, 2)
    assert reads == []


async def test_doorbells_that_overtake_each_other_are_put_in_order(
    dispatcher: Dispatcher, client: Client, reads: list[int]
) -> None:
    messages = await doorbells(dispatcher, 3)
    reads.clear()
    for message in (messages[2], messages[0], messages[1], messages[0]):
        dispatcher.follower.hear(message)
    await dispatcher.follower.step()
    await has(client, 1, 2, 3)
    assert reads == []


async def test_what_a_lost_doorbell_carried_is_read_from_the_log(dispatcher: Dispatcher, client: Client) -> None:
    first, _, third = await doorbells(dispatcher, 3)
    dispatcher.follower.hear(first)
    dispatcher.follower.hear(third)
    await dispatcher.follower.step()
    await has(client, 1, 2, 3)


async def test_a_late_doorbell_wakes_nobody(dispatcher: Dispatcher, client: Client) -> None:
    [message] = await doorbells(dispatcher, 1)
    await dispatcher.follower.step()
    dispatcher.follower.woken.clear()
    dispatcher.follower.hear(message)
    assert not dispatcher.follower.woken.is_set()
    await has(client, 1)


def unsigned(message: Message) -> Message:
    return {key: value for key, value in message.items() if key != "seal"}


def signed_by_another(message: Message) -> Message:
    with override_settings(SECRET_KEY="another installation's"):
        return doorbell("0" * 16, event_at(1))


def changed(message: Message) -> Message:
    return {**message, "letter": message["letter"].replace(b"not in the log", b"NOT in the log")}


@pytest.mark.parametrize(
    "tampered",
    [
        unsigned,
        signed_by_another,
        changed,
        lambda message: doorbell("0" * 16, event_at(1)),  # of another epoch
        lambda message: {**message, "letter": 1, "seal": 2},
    ],
    ids=["unsigned", "signed by another", "changed", "another epoch", "garbage"],
)
async def test_a_doorbell_whose_events_cannot_be_trusted_only_rings(
    dispatcher: Dispatcher, client: Client, tampered: Callable[[Message], Message]
) -> None:
    await broadcast({"mcp_name": "logged"})
    dispatcher.follower.hear(tampered(doorbell(dispatcher.hub.epoch, event_at(1))))
    assert dispatcher.follower.woken.is_set()
    await dispatcher.follower.step()
    await has(client, 1)


async def test_events_that_the_log_does_not_have_are_given_up(dispatcher: Dispatcher, client: Client) -> None:
    dispatcher.follower.hear(doorbell(dispatcher.hub.epoch, event_at(3)))
    await dispatcher.follower.step()
    await broadcast({"mcp_name": "a"}, {"mcp_name": "b"}, {"mcp_name": "c"})
    await dispatcher.follower.step()
    await has(client, 1, 2, 3)


@pytest.mark.parametrize(("limit", "value"), [("MAX_KEPT", 2), ("MAX_KEPT_CHARACTERS", 20)])
async def test_more_than_may_wait_is_read_from_the_log(
    dispatcher: Dispatcher, client: Client, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(inbox, limit, value)
    for message in (await doorbells(dispatcher, 6))[1:]:
        dispatcher.follower.hear(message)
    await dispatcher.follower.step()
    await has(client, 1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("pruned", [0, 600])
async def test_a_process_begins_with_the_newest_events_in_memory(pruned: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_BYTES", 10_000)  # some 200 of these events
    await broadcast(*({"mcp_name": "a"} for _ in range(900)))
    await Event.objects.filter(position__lte=pruned).adelete()
    recent = await sync_to_async(read_recent_events)(await LogHead.objects.aget())
    page = recent.after(pruned, 1000, TYPES)
    assert page is not None
    assert [each.position for each in page.entries] == list(range(pruned + 1, 901))
    assert not pruned or recent.after(pruned - 1, 1, TYPES) is None


def restore_a_backup(version: int) -> None:
    """Another epoch, and a registry of this version, in which a type is for one group alone."""
    EventType.objects.get(pk=TYPES[0]).allowed_groups.add(Group.objects.create(name="few"))
    Revision.objects.update(registry=version)
    LogHead.objects.update(epoch="f" * 16)


@pytest.mark.parametrize("is_older", [True, False])  # or else the same number, which stands for another registry
async def test_who_comes_after_a_restore_sees_what_the_restored_registry_shows(
    dispatcher: Dispatcher, is_older: bool
) -> None:
    for _ in range(5):
        await sync_to_async(Revision.bump_registry)()
    await poll(dispatcher)
    before = Client(dispatcher, Viewer())
    assert TYPES[0] in before.connection.scopes
    await sync_to_async(restore_a_backup)(1 if is_older else dispatcher.hub.registry.version)
    await poll(dispatcher)
    assert before.connection.outbox.closing
    assert TYPES[0] not in Client(dispatcher, Viewer()).connection.scopes


async def test_a_registry_that_was_read_before_the_restore_and_comes_after_it_is_dropped(
    dispatcher: Dispatcher,
) -> None:
    for _ in range(5):
        await sync_to_async(Revision.bump_registry)()
    late = await sync_to_async(registry_cache.refresh)()
    await sync_to_async(restore_a_backup)(1)
    await poll(dispatcher)
    await put_in_force(dispatcher.hub, dispatcher.threads, late, {})
    await sync_to_async(Revision.bump_registry)()  # to a number that is lower than the late one's
    await EventType.objects.filter(pk=TYPES[1]).aupdate(label="Restored")
    await poll(dispatcher)
    assert TYPES[0] not in Client(dispatcher, Viewer()).connection.scopes
    assert dispatcher.hub.registry.types[TYPES[1]].label == "Restored"


async def test_a_registry_that_was_read_again_is_taken_once_and_not_by_each_poll(dispatcher: Dispatcher) -> None:
    registry_cache.forget()
    await poll(dispatcher)
    assert dispatcher.hub.registry is registry_cache.current()


async def poll(dispatcher: Dispatcher) -> None:
    dispatcher.follower.request_poll()
    await dispatcher.follower.step()


async def test_a_ring_makes_it_poll_at_once_and_a_flood_of_rings_only_after_a_pause(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = {"type": "doorbell", "control": True}
    following = dispatcher.follower
    monkeypatch.setattr(follower, "POLL_PAUSE", 0.0)
    following.hear(ring)
    assert following.poll_due
    monkeypatch.setattr(follower, "POLL_PAUSE", 60.0)
    await following.step()
    for _ in range(1_000):
        following.hear(ring)
    assert not following.poll_due
    await poll(dispatcher)
    monkeypatch.setattr(follower, "POLL_PAUSE", 0.05)
    following.hear(ring)
    await aeventually(lambda: following.poll_due)
    await following.step()
    assert not following.poll_due


Threads = Callable[[], set[threading.Thread]]


@pytest.fixture
def threads() -> Threads:
    """Those of dispatchers of this test: what an earlier one has left behind ends whenever it likes."""
    earlier = set(threading.enumerate())
    return lambda: {thread for thread in threading.enumerate() if thread.name.startswith("eventhub-")} - earlier


async def test_a_start_that_fails_leaves_no_thread_behind_and_the_next_starts(
    monkeypatch: pytest.MonkeyPatch, threads: Threads
) -> None:
    dispatcher = Dispatcher()
    with monkeypatch.context() as failing:
        failing.setattr(dispatcher_module, "read_recent_events", Mock(side_effect=RuntimeError("a bug")))
        with pytest.raises(RuntimeError, match="a bug"):
            await dispatcher.__aenter__()
    assert not threads()
    async with dispatcher:
        assert threads()
    assert not threads()


async def test_a_start_that_is_cancelled_leaves_no_thread_behind_and_the_next_starts(
    monkeypatch: pytest.MonkeyPatch, threads: Threads
) -> None:
    dispatcher = Dispatcher()
    reading, go_on = threading.Event(), threading.Event()

    def read(*_: object) -> None:
        reading.set()
        go_on.wait(WITHIN_S)

    with monkeypatch.context() as slow:
        slow.setattr(dispatcher_module, "read_recent_events", read)
        start = asyncio.create_task(dispatcher.__aenter__())
        await aeventually(reading.is_set)
        start.cancel()
        go_on.set()
        await asyncio.wait([start])
    assert start.cancelled()
    assert not threads()
    async with dispatcher:
        assert threads()
    assert not threads()


async def test_who_is_cancelled_while_it_leaves_does_not_keep_the_dispatcher_running(threads: Threads) -> None:
    dispatcher = Dispatcher()
    entering = [asyncio.create_task(dispatcher.__aenter__()) for _ in range(30)]
    await asyncio.wait(entering, return_when=asyncio.FIRST_COMPLETED)
    leaving = asyncio.create_task(dispatcher.__aexit__())
    await asyncio.sleep(0)
    assert not leaving.done()  # it is behind those who come in, one by one
    leaving.cancel()
    await asyncio.wait([leaving, *entering])
    for _ in entering[1:]:
        await dispatcher.__aexit__()
    assert not threads()


class Layer:
    """A channel layer that takes whatever is sent and tells nothing, and lets nobody leave a group if it is stuck."""

    def __init__(self, *, is_stuck: bool) -> None:
        self.is_stuck = is_stuck
        self.joined, self.discarding = asyncio.Event(), asyncio.Event()

    async def group_send(self, group: str, message: Message) -> None:
        pass

    async def receive(self, channel: str) -> Message:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def group_add(self, group: str, channel: str) -> None:
        self.joined.set()

    async def group_discard(self, group: str, channel: str) -> None:
        self.discarding.set()
        if self.is_stuck:
            await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("waits_for", ["the channel layer", "the check of access"])
async def test_a_stop_that_is_cancelled_while_it_waits_leaves_no_task_and_no_thread_behind(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, threads: Threads, waits_for: str
) -> None:
    settings.EVENTHUB_DOORBELLS = True
    layer = Layer(is_stuck=waits_for == "the channel layer")
    monkeypatch.setattr(groups, "get_channel_layer", lambda: layer)
    tasks, dispatcher = asyncio.all_tasks(), Dispatcher()
    await dispatcher.__aenter__()
    await layer.joined.wait()
    stuck = layer.discarding
    if not layer.is_stuck:
        stuck = asyncio.Event()

        async def stop() -> None:
            stuck.set()
            await asyncio.get_running_loop().create_future()

        monkeypatch.setattr(dispatcher.access_watch, "stop", stop)
    leaving = asyncio.create_task(dispatcher.__aexit__())
    await stuck.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    await aeventually(lambda: asyncio.all_tasks() == tasks)
    assert not threads()
