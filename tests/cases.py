"""A table of cases in one test: each worker collects each test, and its set-up costs more than most cases do."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Test = Callable[..., Any]
SHOWN = 300  # characters of a case


def each_case(names: str | Sequence[str], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Let a test run with one case after the other; a failure names its case. Give what `parametrize` gets.

    What a case leaves in fixtures and rows is there in the next one. So this is for cases that change nothing, or
    nothing that the others look at.
    """
    table = [{names: case} if isinstance(names, str) else dict(zip(names, case, strict=True)) for case in cases]
    assert table, f"no case of {names}"

    def with_all(test: Test) -> Test:
        signature = inspect.signature(test)
        fixtures = [parameter for name, parameter in signature.parameters.items() if name not in table[0]]

        @functools.wraps(test)
        def in_turn(*args: Any, **values: Any) -> None:
            for case in table:
                with named(case):
                    test(*args, **values, **case)

        @functools.wraps(test)
        async def awaited_in_turn(*args: Any, **values: Any) -> None:
            for case in table:
                with named(case):
                    await test(*args, **values, **case)

        whole: Any = awaited_in_turn if inspect.iscoroutinefunction(test) else in_turn
        whole.__signature__ = signature.replace(parameters=fixtures)
        return whole  # type: ignore[no-any-return]

    return with_all


@contextmanager
def named(case: dict[str, Any]) -> Iterator[None]:
    """Say with a failure in which case it was. What `pytest.fail` raises is no `Exception`."""
    try:
        yield
    except BaseException as error:
        error.add_note("in the case " + ", ".join(f"{name} = {value!r}" for name, value in case.items())[:SHOWN])
        raise
