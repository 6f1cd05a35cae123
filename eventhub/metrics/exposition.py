"""The counts of all processes as families of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from eventhub import __version__
from eventhub.metrics import gauges
from eventhub.metrics.database import Known
from events.measuring.measures import COUNTERS, HISTOGRAMS
from events.measuring.snapshot import Counted, Snapshot

# Name → help, label, and how the values of several processes become one.
Joined = Callable[[Iterable[float]], float]
GAUGES: dict[str, tuple[str, str, Joined]] = {
    gauges.CONNECTIONS: ("WebSockets and streams that are open.", "", sum),
    gauges.SUBSCRIPTIONS: ("Subscriptions, each counted for all of its event types.", "event_type", sum),
    gauges.UNSENT: ("Bytes that clients have not taken yet, when that was last looked at.", "", sum),
    gauges.BEHIND: ("Events that the process which is furthest behind has not offered yet.", "", max),
    gauges.LAYER_LOST: ("Processes that hear nothing from the channel layer.", "", sum),
    gauges.MEMORY: ("Bytes of memory, pages that processes share counted for each.", "", sum),
}
HEARTBEAT = "Seconds since the process of a role was heard of that is silent for longest; for two minutes."
LEASE_AGE = "Seconds since the monitor that leads was last heard of; it is absent when none leads."


class Exposition(Collector):
    def __init__(self, snapshots: Sequence[Snapshot], known: Known | None) -> None:
        self.snapshots = snapshots
        self.known = known

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("eventhub_info", "The version that runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield from self._gauges()
        yield CounterMetricFamily(
            "eventhub_cpu_seconds", "Seconds of CPU.", value=sum(each.cpu_s for each in self.snapshots)
        )
        yield from self._counters()
        yield from self._histograms()
        yield from of_database(self.known)

    def _gauges(self) -> Iterator[Metric]:
        alive = [each.gauges for each in self.snapshots if each.gauges]
        yield GaugeMetricFamily("eventhub_processes", "Web processes that count here.", value=len(alive))
        for name, (help, label, join) in GAUGES.items():
            family = GaugeMetricFamily(name, help, labels=[label] if label else [])
            values: dict[str, list[float]] = {}
            for each in alive:
                for of_label, value in each.get(name, {}).items():
                    values.setdefault(of_label, []).append(value)
            for of_label, found in sorted(values.items()):
                family.add_metric([of_label] if label else [], join(found))
            yield family

    def _counters(self) -> Iterator[Metric]:
        for name, counter in COUNTERS.items():
            family = CounterMetricFamily(name, counter.help, labels=[counter.label] if counter.label else [])
            counts: dict[str, int] = {} if counter.label else {"": 0}
            for each in self.snapshots:
                for label, count in each.counters.get(name, {}).items():
                    counts[label] = counts.get(label, 0) + count
            for label, count in sorted(counts.items()):
                family.add_metric([label] if counter.label else [], count)
            yield family

    def _histograms(self) -> Iterator[Metric]:
        for name, histogram in HISTOGRAMS.items():
            of_all = Counted([0] * (len(histogram.bounds) + 1), 0.0)
            for each in self.snapshots:
                counted = each.histograms.get(name)
                if counted is not None and len(counted.buckets) == len(of_all.buckets):
                    of_all.buckets = [one + two for one, two in zip(of_all.buckets, counted.buckets, strict=True)]
                    of_all.sum += counted.sum
            bounds = [*map(str, histogram.bounds), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(of_all.buckets)), strict=True))
            yield HistogramMetricFamily(name, histogram.help, buckets=buckets, sum_value=of_all.sum)


def of_database(known: Known | None) -> Iterator[Metric]:
    yield GaugeMetricFamily("eventhub_database_up", "1 while the database answers.", value=known is not None)
    if known is None:
        return
    yield GaugeMetricFamily("eventhub_log_position", "The log's head.", value=known.position)
    yield GaugeMetricFamily("eventhub_log_pending", "Events without a position yet.", value=known.pending)
    family = GaugeMetricFamily("eventhub_heartbeat_age_seconds", HEARTBEAT, labels=["role"])
    for role, seconds in sorted(known.heartbeats.items()):
        family.add_metric([role], seconds)
    yield family
    if known.lease_age_s is not None:
        yield GaugeMetricFamily("eventhub_monitor_lease_age_seconds", LEASE_AGE, value=known.lease_age_s)


def exposed(snapshots: Sequence[Snapshot], known: Known | None, accept: str) -> tuple[bytes, str]:
    """Return the text and its content type: the newest form that this Accept header takes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exposition(snapshots, known))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type
