"""What a reader of an event stream may count on, on uvicorn and on Daphne: events, a place to resume from, refusals."""

from __future__ import annotations

import httpx
import pytest

from tests.client import all_passed
from tests.emitting import emit, emit_many
from tests.servers import ServerProcess
from tests.subscriptions.event_stream import PATH, streaming

TYPE = "event_type=mcp_status_change"


def of(name: str) -> str:
    return f"{TYPE}&filter.mcp_names={name}"


async def test_events_come_without_a_name_and_with_their_position(each_server: ServerProcess) -> None:
    async with streaming(each_server, of("sse_mcp")) as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        subscribed = await stream.receive()
        assert (subscribed.name, subscribed.id) == ("subscribed", subscribed.data["position"])
        emit_many(each_server, ["another_mcp"])
        emit(each_server, "mcp_status_change", mcp_name="sse_mcp", new_status="active", reason="é\u2028\nnext")
        block = await stream.receive()
        assert (block.name, block.id) == ("", block.data["id"])
        assert block.data["type"] == "mcp_status_change"
        assert block.data["data"]["reason"] == "é\u2028\nnext"


async def test_who_comes_back_gets_what_it_missed_once(each_server: ServerProcess) -> None:
    async with streaming(each_server, of("back_mcp")) as stream:
        await stream.until("subscribed")
        emit_many(each_server, ["back_mcp"])
        await stream.receive()
        had = stream.last_id
    emit_many(each_server, ["back_mcp", "another_mcp", "back_mcp"])
    await all_passed(each_server)
    seen = []
    for query, headers in (
        (of("back_mcp") + "&last=1", {"Last-Event-ID": had}),
        (of("back_mcp") + f"&after={had}", {}),
    ):
        async with streaming(each_server, query, headers=headers) as stream:
            blocks = await stream.until("replayed")
        assert [block.name for block in blocks] == ["subscribed", "", "", "replayed"]
        assert blocks[-1].data["complete"]
        assert blocks[0].id == had
        seen.append([block.id for block in blocks[1:-1]])
    assert seen[0] == seen[1]


async def test_the_newest_events_come_first_and_a_gap_is_told(each_server: ServerProcess) -> None:
    emit_many(each_server, ["last_mcp"] * 3)
    await all_passed(each_server)
    async with streaming(each_server, of("last_mcp") + "&last=2") as stream:
        blocks = await stream.until("replayed")
        assert len(blocks) == 4
    async with streaming(each_server, of("last_mcp") + "&after=0123456789abcdef-1") as stream:
        [*_, gap] = await stream.until("gap")
        assert (gap.data["complete"], gap.data["reason"]) == (False, "epoch")
        emit_many(each_server, ["last_mcp"])
        assert (await stream.event())["data"]["mcp_name"] == "last_mcp"


@pytest.mark.parametrize(
    ("query", "status", "code", "words"),
    [
        ("", 400, "invalid_message", "event_type: it is required"),
        ("event_type=nope", 422, "unknown_event_type", 'event_type: there is no event type "nope"; allowed: '),
        (
            f"{TYPE}&filter.severity=fatal",
            422,
            "invalid_filter",
            'filter.severity: "fatal" is not an option; allowed: ',
        ),
        (f"{TYPE}&filter.x=1", 422, "unknown_filter", "filter.x: "),
        (f"{TYPE}&lst=5", 400, "invalid_message", "lst: no such parameter"),
        (f"{TYPE}&last=0", 400, "invalid_message", "last: 0 was sent; expected a number of events from 1 to 10,000"),
        (f"{TYPE}&last=many", 400, "invalid_message", 'last: "many" is not a number of events'),
        (f"{TYPE}&last=5&after=x", 400, "invalid_message", "send either after or last"),
        (f"{TYPE}&last=5&last=6", 400, "invalid_message", "last: it was given 2 times"),
        (f"{TYPE}&after=x", 400, "invalid_position", 'after: "x" is not a position'),
        (f"{TYPE}&token=x", 400, "invalid_message", "token: no such parameter"),
    ],
)
def test_what_cannot_be_is_refused_with_what_is_allowed(
    each_server: ServerProcess, query: str, status: int, code: str, words: str
) -> None:
    for method in ("GET", "HEAD"):
        headers = {"Authorization": f"Bearer {each_server.token('admin')}"}
        answer = httpx.request(method, f"{each_server.url}{PATH}?{query}", headers=headers, trust_env=False)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        if method == "GET":
            assert (answer.json()["code"], answer.json()["status"]) == (code, status)
            assert words in answer.json()["detail"]


def test_a_stream_needs_somebody_who_may_read(each_server: ServerProcess) -> None:
    url = f"{each_server.url}{PATH}?{TYPE}"
    refused = httpx.get(url, trust_env=False)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx.get(url, headers={"Authorization": "Bearer wrong"}, trust_env=False).json()["code"] == "unauthorized"
    hidden = httpx.get(f"{url}&event_type=admin_action", headers=bearer(each_server, "alice"), trust_env=False)
    assert hidden.json()["code"] == "unknown_event_type"
    foreign = httpx.get(url, headers={"Origin": "https://elsewhere.example"}, trust_env=False)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
    assert "https://elsewhere.example" in foreign.json()["detail"]


def test_other_methods_are_answered(each_server: ServerProcess) -> None:
    url, headers = f"{each_server.url}{PATH}?{TYPE}", bearer(each_server, "admin")
    head = httpx.head(url, headers=headers, trust_env=False)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert httpx.options(url, trust_env=False).headers["allow"] == "GET, HEAD, OPTIONS"
    posted = httpx.post(url, headers=headers, trust_env=False)
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert '"POST" is not allowed' in posted.json()["detail"]


def bearer(server: ServerProcess, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token(user)}"}
