"""What a person is told, and when: by a clock that the tests move."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from events.core.event_types import EventType, Field, Option
from subscriptions.standing.people import groups
from subscriptions.standing.people.groups import PAUSE, Batch, Groups, Rules
from subscriptions.standing.people.hours import Hours

STATES = ("up", "degraded", "down")
EVENT_TYPE = EventType(
    id="server",
    category="mcp",
    label="Server",
    subject="name",
    fields=(
        Field(
            name="state", label="State", type="select", data_key="state", operator="in",
            options=tuple(Option(each, each) for each in STATES),
        ),
    ),
)  # fmt: skip
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
BY_NAME = Rules(group_by="name")
SEVERITY_OF = {"up": "info", "degraded": "warning", "down": "error"}


class Person:
    """Somebody who is told what is due whenever the clock has moved."""

    def __init__(self, rules: Rules, most: int = 500) -> None:
        self.groups = Groups(rules, {})
        self.now = NOON
        self.position = 0
        self.most = most
        self.told: list[tuple[datetime, Batch]] = []

    def happens(self, state: str, name: str = "a", severity: str = "") -> None:
        self.position += 1
        data = {"name": name, "state": state, "severity": severity or SEVERITY_OF[state]}
        self.groups.take(EVENT_TYPE, self.position, data, self.now)

    def wait(self, duration: timedelta) -> list[str]:
        """Let time pass, and return what was told: the matters with their states."""
        before, until = len(self.told), self.now + duration
        while (due := self.groups.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            batch = self.groups.due(self.now, self.most)
            assert batch is not None
            self.told.append((self.now, batch))
            self.groups.was_told(batch, self.now)
        self.now = until
        return [
            f"{name.partition(' ')[2]} {'resolved' if each.is_open is False else 'open'} {each.count}"
            for _, batch in self.told[before:]
            for name, each in batch.matters.items()
        ]


def test_what_belongs_together_comes_together_and_then_there_is_a_pause() -> None:
    person = Person(Rules())
    person.happens("down", "a")
    assert person.wait(20 * SECOND) == []
    person.happens("down", "b")
    assert person.wait(10 * SECOND) == ["a open 1", "b open 1"]
    person.happens("up", "a")
    assert person.wait(PAUSE - SECOND) == []
    assert person.wait(SECOND) == ["a resolved 1"]
    assert person.wait(24 * HOUR) == []


def test_what_was_over_before_it_was_told_is_told_as_resolved() -> None:
    person = Person(Rules())
    for state in ("down", "up", "down", "up"):
        person.happens(state)
    assert person.wait(MINUTE) == ["a resolved 4"]


def test_a_state_between_leaves_a_matter_as_it_was() -> None:
    person = Person(Rules())
    person.happens("down")
    person.happens("degraded")
    assert person.wait(MINUTE) == ["a open 2"]


def test_less_grave_events_are_left_out_and_the_end_of_what_was_told_is_not() -> None:
    person = Person(Rules(least_severity="error"))
    person.happens("up", "b")
    person.happens("degraded", "c")
    person.happens("down", "a")
    assert person.wait(MINUTE) == ["a open 1"]
    person.happens("up", "a")
    person.happens("up", "b")
    assert person.wait(HOUR) == ["a resolved 1"]


@pytest.mark.parametrize(("rules", "most"), [(BY_NAME, 500), (Rules(), 500), (Rules(), 20)])
def test_500_servers_that_flap_for_an_hour_make_two_messages_a_group_and_window_and_every_end_is_told(
    rules: Rules, most: int
) -> None:
    person = Person(rules, most)
    names = [f"server_{n}" for n in range(500)]
    for minute in range(60):
        for name in names:
            person.happens("up" if minute % 2 else "down", name)
        person.wait(MINUTE)
    person.wait(3 * HOUR)  # twenty of them at a time need that long
    moments = defaultdict(list)
    for moment, batch in person.told:
        moments[batch.key].append(moment)
    assert set(moments) == (set(names) if rules.group_by else {""})
    for of_group in moments.values():
        for moment in of_group:
            assert sum(moment <= each < moment + PAUSE for each in of_group) <= 2
    last = {name: each.is_open for _, batch in person.told for name, each in batch.matters.items()}
    assert Counter(last.values()) == {False: 500}
    told = sum(each.count for _, batch in person.told for each in batch.matters.values())
    assert told == 500 * 60


def test_a_group_that_could_not_be_told_waits_longer_each_time_and_loses_nothing() -> None:
    person = Person(Rules())
    person.happens("down")
    person.now += 30 * SECOND
    batch = person.groups.due(person.now, 500)
    assert batch is not None
    person.groups.failed(batch, person.now, 0.5, None)
    assert person.wait(4 * SECOND) == []
    person.happens("up")
    assert person.wait(SECOND) == ["a resolved 2"]


def test_what_comes_while_a_message_is_on_its_way_comes_with_the_next() -> None:
    person = Person(Rules())
    person.happens("down")
    person.now += 30 * SECOND
    batch = person.groups.due(person.now, 500)
    assert batch is not None
    person.happens("up")
    person.groups.was_told(batch, person.now)
    assert person.wait(PAUSE) == ["a resolved 1"]


def test_more_matters_than_a_person_can_have_share_one_in_their_group_until_others_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "MAX_IN_ALL", 2)
    person = Person(BY_NAME)
    for name in "abcc":
        person.happens("down", name)
    assert person.wait(MINUTE) == ["a open 1", "b open 1", " open 2"]
    person.happens("up", "a")
    assert person.wait(HOUR) == ["a resolved 1"]
    person.happens("down", "d")
    assert person.wait(HOUR) == ["d open 1"]


def test_another_process_goes_on_with_what_was_written() -> None:
    person = Person(BY_NAME)
    person.happens("down", "told")
    person.wait(MINUTE)
    person.happens("down", "waits")
    written = {key: group for key, group in person.groups.take_changes(person.now).items() if group is not None}
    person.groups = Groups(BY_NAME, written)
    person.happens("up", "told")
    assert sorted(person.wait(HOUR)) == ["told resolved 1", "waits open 1"]
    assert person.groups.take_changes(person.now) == {"told": None, "waits": person.groups._groups["waits"]}


def test_a_muted_group_is_told_when_the_hour_is_over_and_the_others_at_once() -> None:
    person = Person(BY_NAME)
    person.groups.mute({"a": person.now + HOUR, "c": person.now + HOUR})
    for name in "abc":
        person.happens("down", name)
    assert person.wait(HOUR - SECOND) == ["b open 1"]
    assert sorted(person.wait(SECOND)) == ["a open 1", "c open 1"]


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Hours(time(22), time(7), None, BERLIN)


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        ("2026-03-02T12:00+01:00", "2026-03-02T12:00+01:00"),
        ("2026-03-02T22:00+01:00", "2026-03-03T07:00+01:00"),
        ("2026-03-03T06:59+01:00", "2026-03-03T07:00+01:00"),
        ("2026-03-03T07:00+01:00", "2026-03-03T07:00+01:00"),
        ("2026-03-28T23:00+01:00", "2026-03-29T07:00+02:00"),  # clocks go forward in this night
        ("2026-10-24T23:00+02:00", "2026-10-25T07:00+01:00"),  # and back in this one
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(moment: str, after: str) -> None:
    assert NIGHT.after_quiet(datetime.fromisoformat(moment)) == datetime.fromisoformat(after)


@pytest.mark.parametrize(
    ("until", "moment", "after"),
    [
        (time(2, 30), "2026-03-29T01:00+01:00", "2026-03-29T03:30+02:00"),  # this time does not come
        (time(2, 30), "2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),  # and this one comes twice
        (time(2, 30), "2026-10-25T02:10+01:00", "2026-10-25T02:30+01:00"),
    ],
)
def test_quiet_hours_that_end_where_clocks_change(until: time, moment: str, after: str) -> None:
    hours = Hours(time(0), until, None, BERLIN)
    assert hours.after_quiet(datetime.fromisoformat(moment)) == datetime.fromisoformat(after)


def test_in_quiet_hours_only_what_is_critical_is_told_and_that_it_is_over() -> None:
    person = Person(Rules(Hours(time(10), time(20)), "name"))
    person.happens("down", "a")
    person.happens("down", "b", "critical")
    assert person.wait(HOUR) == ["b open 1"]
    person.happens("up", "b")
    assert person.wait(HOUR) == ["b resolved 1"]
    assert person.wait(6 * HOUR) == ["a open 1"]


def test_a_group_that_turns_critical_in_quiet_hours_is_told() -> None:
    person = Person(Rules(Hours(time(10), time(20))))
    person.happens("down", "a")
    assert person.wait(HOUR) == []
    person.happens("down", "a", "critical")
    assert person.wait(MINUTE) == ["a open 2"]


def test_once_a_day_all_comes_in_one_message() -> None:
    person = Person(Rules(Hours(daily_at=time(9), zone=BERLIN), "name"))
    person.happens("down", "a")
    person.happens("down", "b")
    assert person.wait(20 * HOUR - SECOND) == []
    assert person.wait(SECOND) == ["a open 1", "b open 1"]
    assert person.now == datetime(2026, 3, 3, 9, tzinfo=BERLIN)
    assert len(person.told) == 1
