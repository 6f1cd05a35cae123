"""Who has gone is gone, whatever fails while it leaves."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from knox.models import AuthToken

from subscriptions.clients.connection import Connection
from subscriptions.transports.websocket.consumer import EventConsumer
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), asyncio.CancelledError()])
async def test_a_connection_leaves_the_hub_whatever_its_catch_up_does(error: BaseException) -> None:
    user = await User.objects.acreate(username="ada")
    _, token = await sync_to_async(AuthToken.objects.create)(user)
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    consumer = EventConsumer()
    scope = {"type": "websocket", "headers": [(b"authorization", f"Bearer {token}".encode())]}
    running = asyncio.create_task(consumer(scope, received.get, AsyncMock()))
    received.put_nowait({"type": "websocket.connect"})
    connection: Connection = await aeventually(lambda: consumer.connection)
    hub = consumer.dispatcher.hub
    assert hub.connections == {connection}
    connection.catch_up(Mock(stop=AsyncMock(side_effect=error)))
    received.put_nowait({"type": "websocket.disconnect"})
    with pytest.raises(type(error)):
        await running
    assert hub.connections == set()
    assert connection.outbox.closing
