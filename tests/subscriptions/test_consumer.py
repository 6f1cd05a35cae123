"""What a client of a real server may count on: answers, errors, limits, close codes. On uvicorn and on Daphne."""

from __future__ import annotations

import asyncio

import pytest
import websockets

from events.core.limits import LIMITS
from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.emitting import emit
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S


async def test_every_command_echoes_its_request_id(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        assert (await client.ask("get_metadata", request_id="a"))["request_id"] == "a"
        subscribed = await client.ask("subscribe", event_types=["user_login"], request_id=1)
        assert subscribed["request_id"] == 1
        listed = await client.ask("list_subscriptions", request_id="b")
        assert listed == {
            "type": "subscriptions",
            "subscriptions": [
                {
                    "subscription_id": subscribed["subscription_id"],
                    "event_types": ["user_login"],
                    "filters": {},
                }
            ],
            "request_id": "b",
        }
        pong = await client.ask("ping", request_id=2)
        assert pong["type"] == "pong"
        assert pong["request_id"] == 2
        assert pong["position"]
        refused = await client.ask("dance", request_id="c")
        assert (refused["code"], refused["request_id"]) == ("unknown_action", "c")
        unsubscribed = await client.ask("unsubscribe", subscription_id=subscribed["subscription_id"], request_id=3)
        assert unsubscribed["request_id"] == 3


async def test_the_server_says_nothing_before_it_is_asked(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        await client.nothing_came_before()


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ({"event_types": []}, "invalid_message", "expected one event type or more"),
        ({"event_types": ["nope"]}, "unknown_event_type", 'no event type "nope"; allowed: mcp_status_change'),
        ({"event_types": ["user_login"], "filters": {"x": 1}}, "unknown_filter", "allowed: user_roles"),
        (
            {"event_types": ["mcp_status_change"], "filters": {"severity": ["fatal"]}},
            "invalid_filter",
            'filters.severity: "fatal" is not an option; allowed: info, warning, error, critical',
        ),
        (
            {"event_types": ["mcp_auto_disabled"], "filters": {"min_failure_cycles": "three"}},
            "invalid_filter",
            '"three" is not a number',
        ),
        (
            {"event_types": ["mcp_auto_disabled"], "filters": {"mcp_names": [{"a": 1}]}},
            "invalid_filter",
            "is not a string, number or boolean",
        ),
        (
            {"event_types": ["mcp_auto_disabled"], "filters": {"mcp_names": ["x" * 201]}},
            "invalid_filter",
            "is longer than 200 characters",
        ),
        (
            {"event_types": ["mcp_auto_disabled"], "filters": {"mcp_names": [str(i) for i in range(1001)]}},
            "invalid_filter",
            "1001 values; at most 1000",
        ),
        (
            {"event_types": [f"t{i}" for i in range(101)]},
            "limit_exceeded",
            "101 event types a subscription; at most 100",
        ),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused_with_what_is_allowed(
    each_server: ServerProcess, command: dict[str, object], code: str, words: str
) -> None:
    async with connected(each_server) as client:
        refused = await client.ask("subscribe", **command)
        assert (refused["type"], refused["code"]) == ("error", code)
        assert words in refused["message"]


async def test_a_bad_frame_is_answered_and_the_connection_goes_on(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        for frame in ("[", b"\x00", "3", '{"action": "subscribe"}'):
            await client.send_text(frame)
            assert (await client.receive())["type"] == "error"
        await client.nothing_came_before()


async def test_unsubscribing_from_what_one_has_not_says_what_one_has(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        mine = (await client.subscribe("user_login"))["subscription_id"]
        refused = await client.ask("unsubscribe", subscription_id="sub_nope")
        assert refused["code"] == "unknown_subscription"
        assert mine in refused["message"]


async def test_a_connection_has_at_most_its_number_of_subscriptions(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        for number in range(LIMITS["subscriptions_per_connection"]):
            # As fast as the budget of commands lets one.
            while (await client.ask("subscribe", event_types=["user_login"]))["type"] == "error":
                assert number
        refused = await client.ask("subscribe", event_types=["user_login"])
        while refused["code"] == "too_many_requests":
            refused = await client.ask("subscribe", event_types=["user_login"])
        assert refused["code"] == "limit_exceeded"
        assert "101 subscriptions" in refused["message"]


async def test_text_conditions_and_bytes_of_a_connection_are_bounded(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        needles = [f"needle {i}" for i in range(20)]
        await client.subscribe("system_error", component=needles)
        refused = await client.ask("subscribe", event_types=["system_error"], filters={"component": "another"})
        assert refused["code"] == "limit_exceeded"
        assert "21 text conditions" in refused["message"]

        names = [f"{i:0200}" for i in range(200)]
        await client.subscribe("mcp_auto_disabled", mcp_names=names)
        refused = await client.ask("subscribe", event_types=["mcp_auto_disabled"], filters={"mcp_names": names})
        assert refused["code"] == "limit_exceeded"
        assert "bytes" in refused["message"]


async def test_a_client_that_does_not_listen_is_closed(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        for _ in range(LIMITS["refused_commands"]):
            await client.send({"action": "dance"})
        assert await client.closed() == 4501


@pytest.mark.parametrize("token", ["", "wrong", "ehub_" + "0" * 64, "…"])
async def test_a_wrong_token_is_told_so_after_the_handshake(each_server: ServerProcess, token: str) -> None:
    url = f"{each_server.ws_url}?token={token}"
    async with websockets.connect(url, proxy=None) as socket:
        assert await Client(socket).closed() == 4500


async def test_a_wrong_token_is_not_made_good_by_a_session(each_server: ServerProcess) -> None:
    headers = {"Cookie": f"sessionid={each_server.session('alice')}", "Origin": each_server.url}
    async with websockets.connect(each_server.ws_url, additional_headers=headers, proxy=None) as socket:
        await Client(socket).nothing_came_before()
    url = f"{each_server.ws_url}?token=wrong"
    async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
        assert await Client(socket).closed() == 4500


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
    ],
)
async def test_a_session_counts_only_from_an_allowed_origin(each_server: ServerProcess, origin: str | None) -> None:
    headers = {"Cookie": f"sessionid={each_server.session('alice')}"}
    if origin is not None:
        headers["Origin"] = origin.format(port=each_server.ports[0])
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(each_server.ws_url, additional_headers=headers, proxy=None)
    assert refused.value.response.status_code == 403


async def test_a_token_may_come_from_any_origin(each_server: ServerProcess) -> None:
    async with connected(each_server, origin="http://anywhere.example") as client:
        await client.nothing_came_before()


async def test_a_session_that_is_nobodys_is_not_authenticated(each_server: ServerProcess) -> None:
    headers = {"Cookie": "sessionid=nobodys", "Origin": each_server.url}
    async with websockets.connect(each_server.ws_url, additional_headers=headers, proxy=None) as socket:
        assert await Client(socket).closed() == 4500


async def test_one_connection_gets_an_event_once_however_many_subscriptions_match(
    each_server: ServerProcess,
) -> None:
    async with connected(each_server) as client:
        for _ in range(3):
            await client.subscribe("user_action", action_type="added")
        await client.subscribe("user_action")
        for target in ("once", "fence"):
            emit(each_server, "user_action", action_type="added", target_name=target)
        received = await client.until({"target_name": "fence"})
        assert [event["data"]["target_name"] for event in received] == ["once", "fence"]


async def test_nothing_more_comes_after_unsubscribing(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        gone = await client.subscribe("user_action", action_type="changed")
        await client.subscribe("user_action", action_type="deleted")
        await client.ask("unsubscribe", subscription_id=gone["subscription_id"])
        for action in ("changed", "deleted"):
            emit(each_server, "user_action", action_type=action, target_name="after")
        received = await client.until({"action_type": "deleted", "target_name": "after"})
        assert [event["data"]["action_type"] for event in received] == ["deleted"]


async def test_too_many_connections_of_a_user_are_told_to_come_later(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_MAX_CONNECTIONS_PER_USER": "1"})
    async with connected(server, "alice") as first:
        async with connected(server, "alice") as second:
            assert await second.closed() == 4013
        await first.nothing_came_before()
    async with asyncio.timeout(WITHIN_S):
        while await code_of_newcomer(server) == 4013:  # the server learns a moment later that the first has gone
            pass


async def code_of_newcomer(server: ServerProcess) -> int | None:
    """How somebody who connects is sent away; None: not at all."""
    async with connected(server, "alice") as client:
        try:
            await client.nothing_came_before()
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code
    return None


async def test_the_limits_are_told_in_metadata(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        assert (await client.ask("get_metadata"))["data"]["limits"] == dict(LIMITS)
