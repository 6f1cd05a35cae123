"""Two texts side by side, word by word, with the characters in sight that nobody would see."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from events.mcp.tools.characters import INVISIBLE

MAX_CHARACTERS = 6_000  # of each text; the rest is said to be there
MAX_COMPARED = 1_200  # words of the middle, in which two texts differ; beyond, one replaces the other

WORD = re.compile(r"\s+|\w+|[^\w\s]")


class Run(NamedTuple):
    """A piece of text: as it was and is, gone, or new; or the name of a character that is not seen."""

    how: Literal["same", "gone", "new"]
    text: str
    is_character: bool = False


def word_diff(old: str, new: str) -> list[Run]:
    before, after = WORD.findall(cut(old)), WORD.findall(cut(new))
    start = common(before, after)
    end = common(before[start:][::-1], after[start:][::-1])
    runs = [Run("same", "".join(after[:start]))]
    runs += middle(before[start : len(before) - end], after[start : len(after) - end])
    runs.append(Run("same", "".join(after[len(after) - end :])))
    return [piece for run in runs for piece in seen(run)]


def middle(before: Sequence[str], after: Sequence[str]) -> Iterator[Run]:
    if max(len(before), len(after)) > MAX_COMPARED:
        yield Run("gone", "".join(before))
        yield Run("new", "".join(after))
        return
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Run("same", "".join(after[c:d]))
        else:
            yield Run("gone", "".join(before[a:b]))
            yield Run("new", "".join(after[c:d]))


def common(before: Sequence[str], after: Sequence[str]) -> int:
    """Return with how many equal words both begin."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count


def seen(run: Run) -> Iterator[Run]:
    """Yield the run with each character that is not seen as a piece of its own: U+200B."""
    done = 0
    for match in INVISIBLE.finditer(run.text):
        if done < match.start():
            yield run._replace(text=run.text[done : match.start()])
        yield Run(run.how, f"U+{ord(match[0]):04X}", is_character=True)
        done = match.end()
    if done < len(run.text):
        yield run._replace(text=run.text[done:])


def cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    return f"{text[:MAX_CHARACTERS]}… ({len(text) - MAX_CHARACTERS:,} characters more)"
