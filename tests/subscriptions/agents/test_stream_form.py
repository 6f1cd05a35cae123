"""What a stream to an agent writes: one message of JSON-RPC a block, whatever is in the payload."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from subscriptions.agents.stream.form import EventsForm
from subscriptions.outbox.direct_stream import DirectWordsOutbox
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol import mcp_events, messages
from subscriptions.protocol.endings import Ending
from subscriptions.protocol.mcp_events import StreamParams

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
EPOCH = "0123456789abcdef"


def form(id: str | int = 7, **params: Any) -> EventsForm:
    return EventsForm(id, StreamParams(name="status", **params), NOW.timestamp())


def blocks(written: bytes) -> list[Any]:
    found = [block for block in written.decode().split("\n\n") if block]
    return [json.loads("\n".join(line.removeprefix("data: ") for line in block.split("\n"))) for block in found]


def event(number: int, data: str = "{}", at: datetime = NOW) -> Frame:
    return Frame(messages.event("status", f"{EPOCH}-{number}", at, data))


@pytest.mark.parametrize("id", [7, "seven", 'a "quoted"\u2028 one'])
@pytest.mark.parametrize("data", ["{}", '{"a": "é\u2028\u0085"}', '{\n  "a":\r\n 1.0}'])
def test_every_stream_gets_the_event_with_its_own_name(id: str | int, data: str) -> None:
    frame = event(1, data)
    for name in (id, 99):
        (block,) = blocks(form(name).encode(frame))
        assert block["params"].pop("_meta") == {mcp_events.SUBSCRIPTION_ID: name}
        assert block["params"] == {
            "eventId": f"{EPOCH}-1",
            "name": "status",
            "timestamp": "2026-01-31T12:00:00.000Z",
            "data": json.loads(data),
            "cursor": f"{EPOCH}-1",
        }


def test_what_is_never_logged_has_no_cursor_and_the_same_id_on_every_stream() -> None:
    frame = Frame(messages.event("status", None, NOW, "{}"))
    one, other = (blocks(form(id).encode(frame))[0]["params"] for id in (1, 2))
    assert one["cursor"] is None
    assert one["eventId"] == other["eventId"]


def test_what_is_older_than_asked_for_is_left_out_and_told_of_once() -> None:
    asked = form(cursor=f"{EPOCH}-0", max_age_ms=1000)
    written = b"".join(asked.encode(event(number, at=NOW.replace(hour=11))) for number in (1, 2))
    (skipped,) = blocks(written)
    assert skipped["method"] == "notifications/events/active"
    assert skipped["params"]["truncated"] is True
    assert blocks(asked.encode(event(3)))[0]["params"]["cursor"] == f"{EPOCH}-3"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("access_revoked", mcp_events.FORBIDDEN),
        ("event_type_removed", mcp_events.NOT_FOUND),
        ("event_type_changed", mcp_events.UNSUPPORTED),
    ],
)
def test_a_subscription_that_ends_says_why_and_then_the_stream_is_over(reason: str, code: int) -> None:
    said = Frame(messages.unsubscribed("s", f"{EPOCH}-1", reason=reason))
    terminated, result = blocks(form().encode(said))
    assert terminated["params"]["error"]["code"] == code
    assert result["id"] == 7


def test_the_end_of_the_server_is_a_result_and_the_end_of_access_says_so_first() -> None:
    assert [each.get("method") for each in blocks(form().last_words(Ending.RESTARTING))] == [None]
    ended = blocks(form().last_words(Ending.ACCESS_ENDED))
    assert [each.get("method") for each in ended] == ["notifications/events/terminated", None]
    assert ended[0]["params"]["error"]["code"] == mcp_events.FORBIDDEN


def words_in(chunks: bytes) -> bytes:
    """What these chunks of HTTP/1.1 have in them, each of which must be as long as it says."""
    words = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        assert length, "an empty chunk would be the end"
        assert rest[length : length + 2] == b"\r\n"
        words, chunks = words + rest[:length], rest[length + 2 :]
    return words


@pytest.mark.parametrize("frame", [event(1, '{"a": "é\u2028"}'), Frame(messages.unsubscribed("s", f"{EPOCH}-1"))])
@pytest.mark.parametrize("params", [{}, {"cursor": f"{EPOCH}-0", "max_age_ms": 1000}])
def test_our_own_server_is_given_the_same_words_as_any_other(frame: Frame, params: dict[str, Any]) -> None:
    assert words_in(form(**params).chunk(frame)) == form(**params).encode(frame)


class Writer:
    """A lane that flows, and what was written to it."""

    unsent = 0

    def __init__(self) -> None:
        self.flows = True
        self.written: list[bytes] = []
        self.write: Callable[[bytes], object] = self.written.append

    def close(self, ending: Ending) -> None:
        raise NotImplementedError

    async def flowing(self) -> None:
        raise NotImplementedError


async def test_a_message_that_agents_are_not_told_does_not_end_their_stream() -> None:
    writer = Writer()
    outbox = DirectWordsOutbox(writer, form().chunk)
    outbox.send(Frame(messages.metadata_changed(7)))
    outbox.offer(Frame(messages.metadata_changed(8)))
    outbox.flush()
    assert writer.written == []  # an empty chunk would be the end
    outbox.send(Frames([event(1), event(2)]))
    (written,) = writer.written
    assert words_in(written) == form().encode(event(1)) + form().encode(event(2))
