"""All that processes count. To count something else, add it here, and call its `add` or `observe`."""

from __future__ import annotations

from events.measuring.numbers import Counter, Histogram

MICROSECONDS = tuple(each / 1e6 for each in (2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000))
MILLISECONDS = tuple(each / 1e3 for each in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500))
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)

EVENTS_BROADCAST = Counter("eventhub_events_broadcast", "Events that these processes broadcast.", "event_type")
EVENTS_DELIVERED = Counter("eventhub_events_delivered", "Live events that were sent to a connection.", "event_type")
EVENTS_DROPPED = Counter("eventhub_events_dropped", "Ephemeral events that could not be sent.", "event_type")
EVENTS_REFUSED = Counter("eventhub_events_refused", "Ephemeral events that came and were not acceptable.")
EVENTS_REPLAYED = Counter("eventhub_events_replayed", "Events that were sent by replays.")
REPLAYS = Counter("eventhub_replays", "Replays that were begun.")
CONNECTIONS_OPENED = Counter("eventhub_connections_opened", "WebSockets and streams that were let in.")
CONNECTIONS_CLOSED = Counter(
    "eventhub_connections_closed", "WebSockets and streams that ended or were refused.", "reason"
)
DOORBELLS = Counter("eventhub_doorbells", "Messages that were given to the channel layer.", "outcome")
LOG_READS = Counter("eventhub_log_reads", "Reads of the log for live events that no doorbell brought.")
CHECKS = Counter("eventhub_mcp_checks", "Checks of MCP servers, by what they found.", "health")
LOG_PRUNED = Counter("eventhub_log_pruned", "Events that retention has deleted.", "event_type")
PLACING = Histogram("eventhub_placing_seconds", "Time to give pending events their positions.", MILLISECONDS)
MATCHING = Histogram("eventhub_matching_seconds", "Time to find who asks for an event.", MICROSECONDS)
FAN_OUT = Histogram("eventhub_fan_out_seconds", "Time to write a batch of events to its connections.", MILLISECONDS)
LAG = Histogram("eventhub_delivery_lag_seconds", "From the broadcast of an event until it is delivered.", SECONDS)

COUNTERS = {
    each.name: each
    for each in (
        *(EVENTS_BROADCAST, EVENTS_DELIVERED, EVENTS_DROPPED, EVENTS_REFUSED, EVENTS_REPLAYED, REPLAYS),
        *(CONNECTIONS_OPENED, CONNECTIONS_CLOSED, DOORBELLS, LOG_READS, CHECKS, LOG_PRUNED),
    )
}
HISTOGRAMS = {each.name: each for each in (PLACING, MATCHING, FAN_OUT, LAG)}
