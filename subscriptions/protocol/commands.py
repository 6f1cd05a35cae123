"""Commands of clients: their shapes, and how a frame becomes one or is refused in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from events.core import strict_json
from events.core.limits import LIMITS, is_nested_deeper
from events.core.position import parse_position
from events.core.problems import Problem, misfit, shown

MAX_LAST = 10_000  # events
MAX_REQUEST_ID = 200  # characters; it is echoed

RequestId = str | int | None


class Refusal(Exception):
    """A command that is answered with an error. `code` is one of the protocol's, the message one English sentence."""

    def __init__(self, code: str, message: str, problems: Sequence[Problem] = ()) -> None:
        self.code = code
        self.problems = tuple(problems)
        super().__init__(message)


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    request_id: RequestId = None


class GetMetadata(Command, frozen=True, tag="get_metadata"):
    pass


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event_types: list[str]
    filters: dict[str, Any] | None = None


class Subscribe(Command, frozen=True, tag="subscribe"):
    event_types: list[str]
    filters: dict[str, Any] | None = None
    after: str | None = None
    last: int | None = None


class UpdateSubscription(Command, frozen=True, tag="update_subscription"):
    subscription_id: str
    event_types: list[str]
    filters: dict[str, Any] | None = None


class Resume(Command, frozen=True, tag="resume"):
    after: str
    subscriptions: list[Asked]


class Unsubscribe(Command, frozen=True, tag="unsubscribe"):
    subscription_id: str


class ListSubscriptions(Command, frozen=True, tag="list_subscriptions"):
    pass


class Ping(Command, frozen=True, tag="ping"):
    pass


COMMANDS: dict[str, type[Command]] = {
    str(command.__struct_config__.tag): command
    for command in (GetMetadata, Subscribe, UpdateSubscription, Unsubscribe, ListSubscriptions, Resume, Ping)
}


def decode(frame: str | bytes | None) -> dict[str, Any]:
    """Return the JSON object of a frame. Raises Refusal: `invalid_json`, `invalid_message`."""
    if not isinstance(frame, str):
        raise Refusal("invalid_message", "A binary frame was sent; commands are JSON in text frames.")
    if len(frame) > LIMITS["message_bytes"]:
        raise Refusal(
            "limit_exceeded", f"The frame has {len(frame):,} characters; at most {LIMITS['message_bytes']:,}."
        )
    try:
        value = msgspec.json.decode(frame)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.MsgspecError, UnicodeError) as broken:
        error = strict_json.what_is_wrong(frame.encode(errors="surrogatepass"), broken)
        raise Refusal("invalid_json", f"The frame is not valid JSON: {error}.") from None
    if frame.count("[") + frame.count("{") > LIMITS["nesting"] and is_nested_deeper(value, LIMITS["nesting"]):
        raise too_deep()
    if not isinstance(value, dict):
        raise Refusal("invalid_message", f"{shown(value)} was sent; a command is a JSON object.")
    return value


def too_deep() -> Refusal:
    return Refusal("invalid_json", f"The JSON is nested deeper than {LIMITS['nesting']} levels.")


def request_id_of(message: Mapping[str, Any]) -> RequestId:
    """Return the request_id to echo, also when the rest of the message is wrong."""
    request_id = message.get("request_id")
    if isinstance(request_id, str):
        return request_id if len(request_id) <= MAX_REQUEST_ID else None
    return request_id if isinstance(request_id, int) and not isinstance(request_id, bool) else None


def command_of(message: Mapping[str, Any]) -> Command:
    """Return the command of a decoded message. Raises Refusal: `unknown_action`, `invalid_message`."""
    action = message.get("action")
    command = COMMANDS.get(action) if isinstance(action, str) else None
    if command is None:
        given = f"There is no action {shown(action)}" if "action" in message else "The action is missing"
        raise Refusal("unknown_action", f"{given}; allowed: {', '.join(COMMANDS)}.")
    if message.get("request_id") is not None and request_id_of(message) is None:
        problem = f"{shown(message['request_id'])} is not a string of at most {MAX_REQUEST_ID} or an integer"
        raise invalid_member("request_id", problem)
    try:
        return msgspec.convert(message, command)
    except msgspec.ValidationError as error:
        raise invalid_member(*misfit(error, message, command)) from None


def position_of(after: str) -> tuple[str, int]:
    """Return epoch and number of a position that a client sent. Raises Refusal (`invalid_position`)."""
    position = parse_position(after)
    if position is None:
        problem = f"{shown(after)} is not a position; take one from a message of this server"
        raise Refusal("invalid_position", f"after: {problem}.", [Problem("after", problem)])
    return position


def invalid_member(field: str, problem: str) -> Refusal:
    return Refusal("invalid_message", f"{field}: {problem}.", [Problem(field, problem)])
