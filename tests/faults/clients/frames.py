"""Frames that no sane client sends, beside some that one would."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from subscriptions.protocol.commands import COMMANDS

WORDS = [
    *COMMANDS, "action", "event_types", "filters", "request_id", "after", "last", "subscription_id", "subscriptions",
    "mcp_status_change", "mcp_names", "severity", "error", "user_login", "login_failed", "__class__", "type", "",
]  # fmt: skip

scalars = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=12),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.none(),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=6,
)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "event_types": st.lists(st.sampled_from(["mcp_status_change", "user_login", "login_failed"]), max_size=3) | values,
    "filters": st.dictionaries(st.sampled_from(["mcp_names", "severity", "x"]), values, max_size=3) | values,
    "request_id": scalars,
    "after": scalars,
    "last": scalars,
    "subscription_id": scalars,
    "subscriptions": st.lists(st.fixed_dictionaries({"event_types": values}), max_size=3) | values,
    "surprise": values,
}
commands = st.builds(
    lambda action, members: {"action": action, **members},
    st.sampled_from([*COMMANDS]) | scalars,
    st.fixed_dictionaries({}, optional=MEMBERS),
)
texts = st.one_of(
    commands.map(json.dumps),
    values.map(json.dumps),
    st.builds(lambda text, at: text[:at], commands.map(json.dumps), st.integers(0, 60)),  # cut off
    st.text(max_size=60),
    st.integers(1, 2_000).map(lambda depth: "[" * depth + "]" * depth),
    st.sampled_from(["NaN", '{"action": NaN}', '{"action": "ping"} {}', "\ufeff{}", "\x00", '{"a": 1e999}', "'ping'"]),
)
frames = texts | st.binary(max_size=60)

# What goes over the wire after the handshake: WebSocket frames, more or less.
raw = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=200),
        st.builds(
            lambda head, payload: bytes([head, 0x80 | len(payload), 0, 0, 0, 0]) + payload,
            st.integers(0, 255),
            st.binary(max_size=100),
        ),
        st.sampled_from(
            [b"\x81\xfe\xff\xff", b"\x81\xff" + b"\xff" * 8, b"\x88\x80\0\0\0\0", b"\x81\x84\0\0\0\0\xff\xfe"]
        ),
    ),
    min_size=1,
    max_size=5,
).map(b"".join)
