"""The shapes of what the calls about one's own things answer: views, and standing subscriptions."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class SavedView(Struct, kw_only=True):
    """A view of the page /events. One that somebody else shares has an `owner`."""

    id: str
    version: int
    name: str
    colour: str
    event_types: list[str]
    filters: dict[str, Any]
    paused: bool
    muted: bool
    alerts: list[str]
    order: int
    shared_with: int | None
    seen: str | None
    owner: str | UnsetType = UNSET


class Group(Struct):
    id: int
    name: str


class SavedViews(Struct):
    own: list[SavedView]
    shared: list[SavedView]
    groups: list[Group]


class CountsOfView(Struct):
    id: str
    parts: list[dict[str, int]]


class ViewCounts(Struct):
    """How many events of each severity each view had in each part of the last hour. Views that bring nothing any more
    are left out."""

    since: str
    until: str
    views: list[CountsOfView]
    complete: bool


class AskedView(Struct, forbid_unknown_fields=True):
    """A view to make: with event types, or as a copy of another one."""

    name: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    event_types: list[str] | UnsetType = UNSET
    filters: dict[str, Any] | UnsetType = UNSET
    shared_with: int | UnsetType | None = UNSET
    paused: bool | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    alerts: list[str] | UnsetType = UNSET
    order: int | UnsetType = UNSET
    copy_of: str | UnsetType = UNSET


class ChangedView(Struct, forbid_unknown_fields=True):
    """What is to be changed of a view, and the version that was changed."""

    version: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    event_types: list[str] | UnsetType = UNSET
    filters: dict[str, Any] | UnsetType = UNSET
    shared_with: int | UnsetType | None = UNSET
    paused: bool | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    alerts: list[str] | UnsetType = UNSET
    order: int | UnsetType = UNSET


class Destination(Struct):
    """Where it goes. Each kind has some of these."""

    kind: str
    url: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    format: str | UnsetType = UNSET
    parallel: int | UnsetType = UNSET
    group_by: str | UnsetType = UNSET
    least_severity: str | UnsetType = UNSET
    quiet_from: str | UnsetType | None = UNSET
    quiet_until: str | UnsetType | None = UNSET
    daily_at: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET


class Standing(Struct):
    """A standing subscription. The secret is shown once, when it was made."""

    id: int
    name: str
    event_types: list[str]
    filters: dict[str, Any]
    destination: Destination
    state: str
    reason: str | None
    position: str
    events_behind: int | None
    failing: int
    given_up: int
    created_at: str
    last_success_at: str | None
    failing_since: str | None
    last_error: str | None
    last_error_at: str | None


class StandingList(Struct):
    standing: list[Standing]


class Attempt(Struct):
    """A delivery that failed, and is tried again or was given up."""

    id: int
    event_id: str | None
    event_type: str | None
    attempts: int
    reason: str
    error: str
    next_at: str | None
    given_up_at: str | None


class Attempts(Struct):
    attempts: list[Attempt]


class NoMembers(Struct, forbid_unknown_fields=True):
    """An object without members."""


class ReplayFrom(Struct, forbid_unknown_fields=True):
    """Where a replay begins: the id of an event, or a time."""

    after: str


class ChosenAttempts(Struct, forbid_unknown_fields=True):
    """Some attempts that were given up; without a list, all of them."""

    attempts: list[int] | UnsetType = UNSET


class Tested(Struct):
    """`accepted` is null if the process that delivers sends the test."""

    accepted: bool | None
    error: str | None


class SentAgain(Struct):
    sent_again: int


class Forgotten(Struct):
    forgotten: int
