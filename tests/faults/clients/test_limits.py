"""A client at every limit at once costs the others next to nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from events.core.limits import LIMITS
from tests.client import Client, connected
from tests.faults.publishing import Publisher, publishing
from tests.faults.subscriber import EVENT_TYPES, Subscriber, subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess

EVENTS = 300
NOISE = 0.5  # seconds by which two medians differ on a busy machine with nothing amiss
MAX_GROWTH = 48 * 1024  # KiB of resident memory
COMMANDS = 25  # at a time


def resident(server: ServerProcess) -> int:
    """KiB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def subscribe_to_the_limits(client: Client) -> None:
    """As many subscriptions, values and text needles as are allowed; one more of each is refused."""
    needles = [f"{number:03}" + "n" * 150 for number in range(LIMITS["text_conditions_per_connection"])]
    await client.subscribe("system_error", component=needles)
    assert "text conditions" in await refused(client, "system_error", component=["one more"])
    values = [f"server {number}" for number in range(LIMITS["values_per_filter"])]
    await client.subscribe(*EVENT_TYPES, mcp_names=[*values[:-1], "a"])
    assert "1001 values" in await refused(client, *EVENT_TYPES, mcp_names=[*values, "one more"])
    for number in range(LIMITS["subscriptions_per_connection"] - 2):
        if number % COMMANDS == 0:
            await asyncio.sleep(COMMANDS / LIMITS["commands_per_second"])
        await client.subscribe(*EVENT_TYPES, mcp_names=["a", "b", "c", f"{number:03}" + "v" * 100])
    assert "subscriptions a connection" in await refused(client, *EVENT_TYPES)


async def refused(client: Client, *event_types: str, **filters: object) -> str:
    error = await client.ask("subscribe", event_types=event_types, filters=filters)
    assert error["type"] == "error", error
    return str(error["message"])


async def keep_asking(client: Client) -> None:
    """As many commands as are allowed, each with a long answer."""
    while True:
        for number in range(COMMANDS):
            await client.send({"action": "list_subscriptions", "request_id": number})
        await asyncio.sleep(COMMANDS / LIMITS["commands_per_second"])


async def keep_reading(client: Client) -> None:
    async for _ in client.socket:
        pass


async def delay(publisher: Publisher, subscriber: Subscriber) -> float:
    await publisher.more(EVENTS)
    return subscriber.delay_of_last(EVENTS - 50)


async def test_a_client_at_every_limit_at_once_disturbs_nobody(server: ServerProcess) -> None:
    async with subscribed(server) as other, connected(server, "admin") as greedy:
        await subscribe_to_the_limits(greedy)
        before = resident(server)
        async with publishing(server) as publisher:
            reading = asyncio.create_task(keep_reading(greedy))
            asking = asyncio.create_task(keep_asking(greedy))
            disturbed = await delay(publisher, other)
            growth = resident(server) - before
            asking.cancel()
            await greedy.socket.close()
            await asyncio.gather(reading, asking, return_exceptions=True)
            undisturbed = await delay(publisher, other)
        assert disturbed < 2 * undisturbed + NOISE
        assert growth < MAX_GROWTH
        assert await tally(server, other, publishers=[publisher]) == NOTHING
        assert other.closed == []
