"""Invented events: believable, coherent, repeatable, and honestly accounted for."""

from __future__ import annotations

import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from itertools import islice, pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from events import registry_cache
from events.broadcast import Broadcast
from events.ingest import emittable
from events.log import reading
from events.log.records import LogUnavailable
from events.models import Event, EventField, EventType, FieldOption
from events.simulation import mix, run
from events.simulation.cast import Told, cast_of
from events.simulation.run import Account, paced
from events.validation import draft
from tests.cases import each_case
from tests.conftest import MakeServer
from tests.waiting import WITHIN_S

NOON = datetime(2025, 1, 29, 12, tzinfo=UTC)


def told(count: int, weights: dict[str, float] | None = None, seed: int = 7) -> list[Told]:
    registry = registry_cache.refresh()
    cast = cast_of(registry, seed)._replace(clock=lambda: NOON)
    return list(islice(mix.mixed_story(registry, weights or {}, cast), count))


def of_server(events: list[Told]) -> dict[str, list[Told]]:
    by_name = defaultdict(list)
    for event in events:
        if "mcp_name" in event.data:
            by_name[event.data["mcp_name"]].append(event)
    return by_name


# --- the stories -----------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestStories:
    def test_every_type_that_may_be_emitted_is_told_of_and_no_other(self) -> None:
        events = told(6000)
        assert {event.event_type for event in events} == set(emittable(registry_cache.current()))
        assert "login_failed" not in {event.event_type for event in events}

    def test_every_payload_is_accepted(self) -> None:
        for event in told(3000):
            draft(Broadcast(*event))

    def test_the_same_seed_tells_the_same_story(self) -> None:
        assert told(500, seed=7) == told(500, seed=7)
        assert told(500, seed=7) != told(500, seed=8)

    def test_a_servers_states_follow_from_one_another(self) -> None:
        for events in of_server(told(5000, {"mcp": 1})).values():
            health, circuit, status = "healthy", "closed", "active"
            for event_type, data in events:
                if event_type == "mcp_health_check":
                    assert data["previous_health_status"] == health
                    assert data["changed"] == (data["health_status"] != health)
                    health = data["health_status"]
                elif event_type == "circuit_breaker_state":
                    assert (data["old_state"], data["state"]) == (circuit, data["new_state"])
                    circuit = data["state"]
                elif event_type == "mcp_status_change":
                    assert data["old_status"] == status != data["new_status"]
                    status = data["new_status"]
                elif event_type == "mcp_auto_disabled":
                    assert (health, circuit, status) == ("unhealthy", "open", "active")

    def test_a_circuit_opens_after_failures_and_closes_after_success(self) -> None:
        seen = set()
        for events in of_server(told(5000, {"mcp": 1})).values():
            checks = ["healthy"]
            for event_type, data in events:
                if event_type == "mcp_health_check":
                    checks.append(data["health_status"])
                elif event_type == "circuit_breaker_state":
                    seen.add(data["state"])
                    if data["state"] in ("open", "closed"):
                        assert checks[-1] == {"open": "unhealthy", "closed": "healthy"}[data["state"]]
        assert seen == {"open", "half_open", "closed"}

    def test_being_disabled_is_followed_by_the_change_of_status(self) -> None:
        disabled = 0
        for events in of_server(told(8000, {"mcp": 1})).values():
            for event, following in pairwise(events):
                if event.event_type == "mcp_auto_disabled":
                    disabled += 1
                    assert following.event_type == "mcp_status_change"
                    assert following.data["new_status"] == "inactive"
        assert disabled

    def test_a_fleet_summary_adds_up(self) -> None:
        summaries = [data for event_type, data in told(5000, {"mcp": 1}) if event_type == "mcp_fleet_summary"]
        assert summaries
        for data in summaries:
            assert data["healthy"] + data["degraded"] + data["unhealthy"] + data["inactive"] == data["total"]

    def test_people_sign_in_before_they_act_and_before_they_sign_out(self) -> None:
        present = set()
        for event_type, data in told(2000, {"user": 1}):
            if event_type == "user_login":
                assert data["username"] not in present
                present.add(data["username"])
            else:
                assert data["username"] in present
                if event_type == "user_logout":
                    present.remove(data["username"])

    def test_registered_servers_and_groups_are_who_it_is_about(self) -> None:
        from events.mcp.models import McpServer

        for name in ("one_mcp", "two_mcp"):
            McpServer.objects.create(name=name, url="http://127.0.0.1/")
        assert set(of_server(told(200, {"mcp": 1}))) == {"one_mcp", "two_mcp"}


@pytest.mark.django_db
class TestTypesOfAdmins:
    @pytest.fixture(autouse=True)
    def order_paid(self) -> EventType:
        order_paid = EventType.objects.create(
            id="order_paid",
            category_id="system",
            label="Order paid",
            severity_levels=["info", "error"],
            summary="{customer} paid {amount}",
        )
        method = EventField.objects.create(event_type=order_paid, name="methods", label="Method", data_key="method")
        for value in ("cash", "card"):
            FieldOption.objects.create(field=method, value=value)
        EventField.objects.create(event_type=order_paid, name="min", label="Amount", type="number", data_key="amount")
        EventField.objects.create(event_type=order_paid, name="note", label="Note", type="text", data_key="note")
        return order_paid

    def payloads(self) -> list[dict[str, Any]]:
        return [event.data for event in told(3000, {"system": 1}) if event.event_type == "order_paid"]

    def test_they_take_part_with_values_that_their_fields_allow(self) -> None:
        payloads = self.payloads()
        assert {data["method"] for data in payloads} == {"cash", "card"}
        assert {data["severity"] for data in payloads} == {"info", "error"}
        assert all(isinstance(data["amount"], int) and data["note"] and data["customer"] for data in payloads)
        for data in payloads:
            draft(Broadcast("order_paid", data))

    def test_they_are_not_drowned_by_the_others(self) -> None:
        assert 3000 / 4 * 0.8 < len(self.payloads()) < 3000 / 4 * 1.2  # one of the category's four types

    def test_inactive_and_internal_ones_do_not(self, order_paid: EventType) -> None:
        EventType.objects.filter(pk="order_paid").update(is_active=False)
        assert not self.payloads()
        EventType.objects.filter(pk="order_paid").update(is_active=True, external=False)
        assert not self.payloads()


# --- the mix ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestMix:
    def test_categories_come_in_the_asked_proportions_and_others_not_at_all(self) -> None:
        types = registry_cache.refresh().types
        categories = Counter(types[event.event_type].category for event in told(9000, {"mcp": 6, "user": 3}))
        assert set(categories) == {"mcp", "user"}
        assert 1.85 < categories["mcp"] / categories["user"] < 2.15

    @each_case("text", ["", "mcp", "mcp=", "=1", "mcp=x", "mcp=0", "mcp=-1", "mcp=nan", "mcp=inf", "mcp=1,"])
    def test_what_is_no_mix_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not category=weight"):
            mix.parse_mix(text)

    def test_a_mix_is_categories_with_weights(self) -> None:
        assert mix.parse_mix("mcp=6,user=3") == mix.parse_mix(" mcp = 6 , user=3.0") == {"mcp": 6, "user": 3}

    @each_case("category", ["usr", "audit", "nowhere"])
    def test_a_category_without_types_to_simulate_is_refused_with_those_that_have_some(self, category: str) -> None:
        with pytest.raises(mix.UnknownCategory, match="allowed: mcp, user, system"):
            told(1, {category: 1})


# --- the pace and the account ----------------------------------------------------------------------------


class Time:
    """A clock that goes on by being slept on, and by `work` for each event."""

    def __init__(self, work: float = 0.0) -> None:
        self.now = 100.0
        self.work = work

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def pace(self, rate: float, duration: float) -> Iterator[tuple[float, int]]:
        for due in paced(rate, duration, lambda: self.now, self.sleep):
            yield self.now - 100, due
            self.now += self.work * due


def test_events_are_spread_evenly_over_the_time() -> None:
    time = Time()
    steps = list(time.pace(4, 2))
    assert sum(due for _, due in steps) == 8
    assert all(abs(at - place / 4) < 0.02 for place, (at, _) in enumerate(steps))
    assert time.now == pytest.approx(102)


def test_at_high_rates_several_go_together() -> None:
    steps = list(Time().pace(5000, 1))
    assert sum(due for _, due in steps) == 5000
    assert len(steps) <= 101


@each_case(("rate", "duration"), [(0.5, 10), (1, 0.1), (3, 1.5), (10_000, 0.01)])
def test_all_that_were_asked_for_come_in_time(rate: float, duration: float) -> None:
    time = Time()
    assert sum(due for _, due in time.pace(rate, duration)) == max(1, round(rate * duration))
    assert time.now <= 100 + duration + run.STEP


def test_whoever_cannot_keep_up_ends_in_time_with_fewer() -> None:
    time = Time(work=0.01)  # 100 a second at most
    assert 90 <= sum(due for _, due in time.pace(1000, 1)) <= 1100
    assert time.now < 100 + 1 + 1000 * 0.01 + run.STEP


def simulate(*arguments: str) -> tuple[int, str]:
    out, code = StringIO(), 0
    try:
        call_command("simulate_events", *arguments, stdout=out, stderr=StringIO())
    except CommandError as error:
        code = error.returncode
    except SystemExit as error:
        assert isinstance(error.code, int)
        code = error.code
    return code, out.getvalue()


@pytest.mark.django_db(transaction=True)
class TestAccount:
    def test_what_is_told_is_what_was_logged(self) -> None:
        code, out = simulate("--rate", "200", "--duration", "0.5s", "--mix", "mcp=6,user=3", "--seed", "7")
        assert code == 0
        assert Event.objects.count() == reading.head().position
        logged = Counter(Event.objects.values_list("type", flat=True))
        assert f": {logged.total():,} events" in out
        for event_type, count in logged.items():
            assert f"{event_type} " in out
            assert f"{count:,}" in out
        assert "asked          200.0 events/s for 0.5 s: 100 events" in out
        assert "errors             0" in out

    def test_refused_events_are_counted_and_do_not_stop_the_others(self) -> None:
        FieldOption.objects.filter(field__name="health_status", value="healthy").delete()
        code, out = simulate("--rate", "100", "--duration", "0.5", "--mix", "mcp=1", "--seed", "7")
        assert code == 1
        assert '"healthy" is not an option; allowed: degraded, unhealthy' in out
        assert Event.objects.exists()
        assert not [event for event in Event.objects.all() if event.payload.get("health_status") == "healthy"]

    def test_ctrl_c_ends_it_with_the_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(events: list[Any], account: Account) -> None:
            account.logged["user_login"] += 3
            raise KeyboardInterrupt

        monkeypatch.setattr(run, "emit_valid", interrupted)
        code, out = simulate("--duration", "1h")
        assert code == 130
        assert ": 3 events" in out
        assert "stopped early by Ctrl-C" in out

    def test_a_log_that_is_gone_ends_it_with_the_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(events: list[Any], account: Account) -> None:
            raise LogUnavailable

        monkeypatch.setattr(run, "emit_valid", gone)
        code, out = simulate("--duration", "1h")
        assert code == 5
        assert "stopped early: The log's database cannot be reached" in out


@pytest.mark.django_db
@each_case(
    "arguments",
    [
        ["--rate", "0"],
        ["--rate", "-1"],
        ["--rate", "nan"],
        ["--rate", "1e9"],
        ["--duration", "0"],
        ["--duration", "x"],
        ["--mix", "mcp"],
        ["--mix", "nowhere=1"],
        ["--seed", "x"],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    code, out = simulate(*arguments)
    assert code != 0
    assert not out
    assert not Event.objects.exists()


def test_errors_of_many_kinds_are_told_of_as_a_few() -> None:
    account = Account(rate=1, duration=1)
    for number in range(100):
        account.add_error(f"error {number}")
    assert account.errors.total() == 100
    assert len(account.errors) <= run.MAX_ERRORS + 1


def test_ctrl_c_on_the_terminal_is_clean(make_server: MakeServer) -> None:
    offline = make_server(start=False)
    process = offline.popen("simulate_events", "--duration", "10m", "--rate", "50")
    assert b"30,000 events in 600 s" in process.stderr.readline()
    assert b"of 30,000 events after" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130
    [(logged,)] = offline.database.rows("SELECT count(*) FROM events_event")
    assert f": {logged:,} events\n" in out.decode()
    assert b"stopped early by Ctrl-C" in out
    assert b"Traceback" not in err
