"""Lines of JSON as they come in through a pipe."""

from __future__ import annotations

from io import BytesIO

import pytest

from events.cli.ndjson import MAX_LINE, LineTooLong, available


class Trickle:
    """A pipe in which each piece arrives by itself."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [*pieces, b""]

    def read1(self, size: int, /) -> bytes:
        return self.pieces.pop(0)


def test_lines_come_with_their_numbers_and_without_the_blank_ones() -> None:
    lines = [line for batch in available(BytesIO(b"a\n\n  \nb\r\nc"), 10) for line in batch]
    assert lines == [(1, b"a"), (4, b"b\r"), (5, b"c")]


def test_each_line_of_a_pipe_that_trickles_comes_at_once() -> None:
    pipe = Trickle(b'{"a"', b": 1}\n{", b"}", b"\n", b"last")
    batches = available(pipe, 10)
    assert next(batches) == [(1, b'{"a": 1}')]
    assert len(pipe.pieces) == 4  # no more was read than that line needed
    assert list(batches) == [[(2, b"{}")], [(3, b"last")]]


def test_many_lines_come_in_batches() -> None:
    assert [len(batch) for batch in available(BytesIO(b"x\n" * 25), 10)] == [10, 10, 5]


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n \n"])
def test_nothing_is_no_batch(content: bytes) -> None:
    assert list(available(BytesIO(content), 10)) == []


def test_a_line_that_never_ends_is_refused() -> None:
    with pytest.raises(LineTooLong, match="Line 2 is longer than"):
        list(available(BytesIO(b"x\n" + b"y" * (2 * MAX_LINE)), 10))
