"""`GET /metrics`: what it shows, to whom, and that it stays small."""

from __future__ import annotations

import ipaddress
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from eventhub.metrics import endpoint, exposition, gauges
from eventhub.operators.router import OperatorsRouter
from events.measuring.numbers import MAX_LABELS, OTHER, Counter, Histogram
from events.measuring.snapshot import Snapshot
from tests.cases import each_case
from tests.client import connected
from tests.emitting import emit
from tests.servers import ServerProcess
from tests.waiting import aeventually

Samples = dict[tuple[str, str], float]


def samples(text: str) -> Samples:
    """Return each sample by its name and the value of its only label."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(server: ServerProcess) -> Samples:
    answer = httpx.get(f"{server.url}/metrics", headers={"Host": "10.9.8.7"})  # a scrape by address
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return samples(answer.text)


async def test_prometheus_reads_what_clients_and_events_have_done(shared_server: ServerProcess) -> None:
    before = scraped(shared_server)
    async with connected(shared_server) as client:
        await client.subscribe("mcp_status_change")
        data = {"mcp_name": "counted", "new_status": "active", "severity": "info"}
        emit(shared_server, "mcp_status_change", **data)
        await client.until(data)
        now = scraped(shared_server)
        assert now["eventhub_connections", ""] == 1
        assert now["eventhub_subscriptions", "mcp_status_change"] == 1
        position = shared_server.position()
        await aeventually(lambda: scraped(shared_server)["eventhub_log_position", ""] == position)
        grown = ("broadcast", "delivered")
        for each in grown:
            name = (f"eventhub_events_{each}_total", "mcp_status_change")
            assert now[name] == before.get(name, 0) + 1
        for histogram in ("matching", "fan_out", "placing", "delivery_lag"):
            assert now[f"eventhub_{histogram}_seconds_count", ""] > before[f"eventhub_{histogram}_seconds_count", ""]
        assert now["eventhub_delivery_lag_seconds_bucket", "60.0"] > 0
    await aeventually(lambda: scraped(shared_server)["eventhub_connections", ""] == 0)
    assert scraped(shared_server)["eventhub_connections_closed_total", "client"] == 1
    assert scraped(shared_server)["eventhub_database_up", ""] == 1
    assert scraped(shared_server)["eventhub_processes", ""] == 1
    assert "eventhub_monitor_lease_age_seconds" not in {name for name, _ in scraped(shared_server)}  # none leads


@each_case("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"])
def test_what_a_proxy_forwards_is_refused_whatever_address_it_names(shared_server: ServerProcess, header: str) -> None:
    answer = httpx.get(f"{shared_server.url}/metrics", headers={header: "127.0.0.1"})
    assert answer.status_code == 403
    assert "proxy" in answer.text


@each_case(
    ("peer", "may"),
    [
        *(
            ("127.0.0.1", True),
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("10.1.2.3", True),
            ("::ffff:10.1.2.3", True),
        ),
        *(("10.2.0.1", False), ("192.0.2.1", False), ("", False), ("unix", False), ("::ffff:192.0.2.1", False)),
    ],
)
def test_only_this_machine_and_the_networks_that_are_named_may_read(settings: Settings, peer: str, may: bool) -> None:
    settings.EVENTHUB_METRICS_NETWORKS = [ipaddress.ip_network("10.1.0.0/16")]
    assert endpoint.may_read(peer) is may


def test_without_networks_only_this_machine_may_read(settings: Settings) -> None:
    settings.EVENTHUB_METRICS_NETWORKS = []
    assert [endpoint.may_read(each) for each in ("127.0.0.1", "10.1.2.3")] == [True, False]


async def test_who_may_not_read_is_told_the_setting_and_no_number() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"path": "/metrics", "method": "GET", "headers": [], "client": ("192.0.2.1", 7)}
    await OperatorsRouter(None, {"/metrics": endpoint.MetricsEndpoint()})(scope, None, send)
    assert sent[0]["status"] == 403
    assert b"EVENTHUB_METRICS_NETWORKS" in sent[1]["body"]
    assert b"eventhub_" not in sent[1]["body"]


@each_case("address", ["/metrics", "/healthz", "/readyz"])
def test_the_addresses_of_operators_take_no_other_method(shared_server: ServerProcess, address: str) -> None:
    answer = httpx.post(f"{shared_server.url}{address}", content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert httpx.head(f"{shared_server.url}{address}").status_code == 200


def test_a_thousand_types_make_no_long_scrape() -> None:
    counter = Counter("counted", "", "event_type")
    for number in range(1_000):
        counter.add(2, f"type_{number}")
    assert len(counter.counts) == MAX_LABELS + 1
    assert sum(counter.counts.values()) == 2_000
    counts = {f"type_{number}": number for number in range(1_000)}
    bounded = gauges.bounded(counts)
    assert len(bounded) == MAX_LABELS + 1
    assert (bounded["type_999"], sum(bounded.values())) == (999, sum(counts.values()))
    assert OTHER in bounded


def test_a_histogram_counts_up_to_its_bounds() -> None:
    histogram = Histogram("took", "", [0.1, 1.0])
    for seconds in (0.1, 0.11, 1.0, 5.0):
        histogram.observe(seconds)
    assert histogram.buckets == [1, 2, 1]
    assert histogram.sum == pytest.approx(6.21)


def test_the_gauges_of_processes_are_joined_and_the_furthest_behind_counts() -> None:
    both = [
        Snapshot(gauges={gauges.CONNECTIONS: {"": 3}, gauges.BEHIND: {"": 5}}),
        Snapshot(gauges={gauges.CONNECTIONS: {"": 4}, gauges.BEHIND: {"": 2}}),
        Snapshot(),  # of a process that is gone
    ]
    body, _ = exposition.exposed(both, None, "")
    found = samples(body.decode())
    assert found["eventhub_connections", ""] == 7
    assert found["eventhub_dispatcher_behind_events", ""] == 5
    assert found["eventhub_processes", ""] == 2
    assert found["eventhub_database_up", ""] == 0
