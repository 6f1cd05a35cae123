"""A message as a block of an event stream says the same to each reader that follows the standard."""

from __future__ import annotations

import json

import pytest

from subscriptions.outbox.event_stream import block_of, chunk_of


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ('{"type":"a_type","id":"e-1","data":{}}', 'id: e-1\ndata: {"type":"a_type","id":"e-1","data":{}}\n\n'),
        ('{"type":"not_logged","data":{}}', 'data: {"type":"not_logged","data":{}}\n\n'),
        ('{"type":"pong","position":"e-1"}', "id: e-1\n\n"),
        (
            '{"type":"replayed","complete":true,"position":"e-2"}',
            'event: replayed\nid: e-2\ndata: {"type":"replayed","complete":true,"position":"e-2"}\n\n',
        ),
        (
            '{"type":"replayed","complete":false,"position":"e-2"}',
            'event: gap\nid: e-2\ndata: {"type":"replayed","complete":false,"position":"e-2"}\n\n',
        ),
    ],
)
def test_a_message_has_its_name_and_its_place(text: str, block: str) -> None:
    assert block_of(text).decode() == block


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_line_breaks_between_members_do_not_end_a_block(line_break: str) -> None:
    text = f'{{"type":"a_type","data":{{{line_break}"a":1,{line_break}{line_break}"b":2}}}}'
    [*lines, empty, end] = block_of(text).decode().split("\n")
    assert (empty, end) == ("", "")
    assert json.loads("\n".join(line.removeprefix("data: ") for line in lines)) == json.loads(text)


def test_what_python_takes_for_a_line_break_is_escaped() -> None:
    text = '{"type":"a_type","data":{"a":"\x85\u2028\u2029é"}}'
    [line, end] = block_of(text).decode().splitlines()
    assert end == ""
    assert json.loads(line.removeprefix("data: ")) == json.loads(text)


def test_a_chunk_says_its_length_in_bytes() -> None:
    assert chunk_of(block_of('{"type":"a","data":{}}')) == b'1e\r\ndata: {"type":"a","data":{}}\n\n\r\n'
