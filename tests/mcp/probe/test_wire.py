"""Answers as they come off the wire, however they are cut into pieces and whatever is in them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
from hypothesis import given
from hypothesis import strategies as st

from events.mcp.probe.failures import HttpRefused, NotMcp, RpcRefused
from events.mcp.probe.foreign import MAX_LENGTH, tamed
from events.mcp.probe.wire.exchange import result_of
from tests.cases import each_case

RESULT = {"tools": [{"name": "größe\n\n"}]}
ANSWER = json.dumps({"jsonrpc": "2.0", "id": 7, "result": RESULT})
OTHER = json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {}})
STREAMS = [
    f"data: {ANSWER}\n\n",
    f"event: message\r\nid: 4\r\ndata:{ANSWER}\r\n\r\n: the rest\r\n\r\n",
    f": ping\n\nretry: 5\n\ndata: {OTHER}\n\ndata: not json\n\ndata: {ANSWER}\n\ndata: {OTHER}\n\n",
    "".join(f"data: {line}\n" for line in json.dumps(json.loads(ANSWER), indent=1).splitlines()) + "\n",
]


def answer(pieces: list[bytes], kind: str, status: int = 200, **headers: str) -> httpx.Response:
    async def content() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return httpx.Response(status, headers={"content-type": kind, **headers}, content=content())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@each_case("stream", STREAMS)
@given(places=st.lists(st.integers(0, 1_000), max_size=20))
async def test_a_stream_says_the_same_however_it_is_cut(stream: str, places: list[int]) -> None:
    response = answer(cut(stream.encode(), places), "text/event-stream; charset=utf-8")
    assert await result_of(response, "tools/list", 7) == RESULT


@given(places=st.lists(st.integers(0, 1_000), max_size=20))
async def test_json_says_the_same_however_it_is_cut(places: list[int]) -> None:
    assert await result_of(answer(cut(ANSWER.encode(), places), "application/json"), "tools/list", 7) == RESULT


@given(
    pieces=st.lists(
        st.binary(max_size=50)
        | st.sampled_from([b"data: ", b"\n", b"\n\n", b"\r\n", ANSWER.encode(), b'{"jsonrpc":"2.0","id":7,', b"["]),
        max_size=20,
    ),
    kind=st.sampled_from(["application/json", "text/event-stream", "text/html", ""]),
    status=st.sampled_from([200, 204, 302, 400, 401, 429, 503]),
    retry_after=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
async def test_whatever_comes_is_an_answer_or_one_of_the_three_refusals(
    pieces: list[bytes], kind: str, status: int, retry_after: str
) -> None:
    response = answer(pieces, kind, status, **{"retry-after": retry_after})
    try:
        assert isinstance(await result_of(response, "ping", 7), dict)
    except HttpRefused as refused:
        assert refused.retry_after_s is None or refused.retry_after_s >= 0
    except (RpcRefused, NotMcp) as refused:
        assert str(refused)


@given(text=st.text(max_size=400), secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4))
def test_a_servers_text_is_one_short_line_without_the_secret(text: str, secret: str) -> None:
    shown = tamed(f"{text}{secret}{text}", secret)
    assert len(shown) <= MAX_LENGTH
    assert all(character == " " or character.isprintable() for character in shown)
    assert "*" in secret or secret not in shown
