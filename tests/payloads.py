"""Payloads such as nobody would think of, and summary lines that show them."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from events.core.payload import as_json

PROTOTYPE = [
    *("__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "__defineGetter__"),
    *("then", "length", "name"),
]
MEMBERS = [*PROTOTYPE, "what", "who", "A", "_1", "severity_", "data", "type", "id", "remark"]
OTHER_NAMES = ["1", "0", "10", "", " ", "a.b", "{what}", '"', "\\", "é", "\u202ename", "\0", "😀", '"data":']
CHARACTERS = (
    "abc 09{}\"'\\/<>&;\n\r\t\0\x1b\x7f\x85\x9b\u00a0\u200b\u200d"
    "\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ufffdßﬁİ\u0301éش\u05d0漢😀👩"
)
NUMBERS: list[int | float] = [
    *(0, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, 2**64 + 1, 10**30, -(10**40), 10**21),
    *(1.0, -0.0, 0.1, 1e16, 1e21, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, 123456789.12345679, 1.2345678901234567),
]


def text(random: Random, most: int = 12) -> str:
    if random.random() < 0.03:
        return random.choice(CHARACTERS) * random.choice((398, 399, 400, 401, 3000))
    return "".join(random.choices(CHARACTERS, k=random.randint(0, most)))


def value(random: Random, depth: int = 0) -> Any:
    kind = random.randint(0, 9 if depth < 4 else 6)
    if kind < 2:
        return text(random)
    if kind == 2:
        return random.choice(PROTOTYPE)
    if kind < 5:
        return number(random)
    if kind < 7:
        return random.choice((True, False, None))
    if kind == 7:
        return [value(random, depth + 1) for _ in range(random.randint(0, 4))]
    return {name(random): value(random, depth + 1) for _ in range(random.randint(0, 4))}


def number(random: Random) -> int | float:
    drawn = random.random()
    if drawn < 0.5:
        return random.choice(NUMBERS)
    if drawn < 0.7:
        return random.randint(-(10**25), 10**25)
    made = random.uniform(-1, 1) * 10.0 ** random.randint(-300, 300)
    return made if math.isfinite(made) else 0.5


def name(random: Random) -> str:
    return random.choice(MEMBERS) if random.random() < 0.7 else random.choice(OTHER_NAMES)


def payload(random: Random) -> str:
    """The JSON of a payload as it is broadcast."""
    deep: Any = 1.0
    for _ in range(random.choice((0, 0, 0, 28))):
        deep = {"constructor": deep} if random.random() < 0.5 else [deep]
    members = {name(random): value(random) for _ in range(random.randint(0, 8))}
    return as_json({**members, "deep": deep, "severity": "info"})[1].decode()


def summary(random: Random) -> str:
    shown = [random.choice([f"{{{random.choice(MEMBERS)}}}", "of", "شيء", "{", "{}", "{a.b}", " "]) for _ in range(4)]
    return random.choice(("", " ")).join(shown)
