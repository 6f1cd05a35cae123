"""A process of the installation that times what others do within theirs, and changes the registry as an admin does.

On stdin one of, with its answer:
- `{"poll": 100}`: ms of CPU of a poll of the dispatcher, the mean of so many;
- `{"load": 5}`: ms to make the registry from its rows, the median of so many;
- `{"types": 100}`: so many event types are there, `benchmarks.bench.workload.made_type`; their number;
- `{"rename": 7}`: the first of them has this number in its label; when that was asked for (`time.monotonic`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import django

from benchmarks.bench.workload import made_type


def poll(times: int) -> float:
    from subscriptions.live import dispatcher  # needs Django set up

    dispatcher.poll_database()  # loads the registry
    began = time.process_time()
    for _ in range(times):
        dispatcher.poll_database()
    return (time.process_time() - began) / times * 1e3


def load(times: int) -> float:
    from events import registry_cache
    from events.models.revision import RegistryVersion

    took = []
    for _ in range(times):
        began = time.perf_counter()
        registry_cache.load(RegistryVersion(0, ""))
        took.append((time.perf_counter() - began) * 1e3)
    return median(took)


def types(count: int) -> int:
    """Like those that a fresh database has: live options, static ones, the levels, a number."""
    from events import options
    from events.core.event_types import SEVERITIES
    from events.models import Category, EventField, EventType, FieldOption
    from events.models.revision import as_one_change

    with as_one_change():
        category, _ = Category.objects.get_or_create(id="made", label="Made for a benchmark")
        there = EventType.objects.filter(category=category).count()
        made = EventType.objects.bulk_create(
            EventType(id=made_type(number), category=category, label=f"Made {number}", severity_levels=list(SEVERITIES))
            for number in range(there, count)
        )
        fields = EventField.objects.bulk_create(
            field
            for event_type in made
            for field in (
                EventField(
                    event_type=event_type,
                    name="mcp_names",
                    label="MCP servers",
                    data_key="mcp_name",
                    operator="in",
                    options_source="mcp_servers",
                ),
                EventField(
                    event_type=event_type, name="new_status", label="New status", data_key="new_status", operator="in"
                ),
                EventField(
                    event_type=event_type,
                    name="severity",
                    label="Severity",
                    data_key="severity",
                    operator="in",
                    options_source=options.SEVERITY_LEVELS,
                ),
                EventField(
                    event_type=event_type, name="min_n", label="From", type="number", data_key="n", operator="gte"
                ),
            )
        )
        FieldOption.objects.bulk_create(
            FieldOption(field=field, value=value)
            for field in fields
            if field.name == "new_status"
            for value in ("active", "inactive")
        )
    return there + len(made)


def rename(number: int) -> float:
    from events.models import EventType

    event_type = EventType.objects.get(id=made_type(0))
    event_type.label = f"Renamed {number}"
    asked = time.monotonic()
    event_type.save()
    return asked


QUESTIONS: dict[str, Callable[[int], float]] = {each.__name__: each for each in (poll, load, types, rename)}

if __name__ == "__main__":
    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        [(question, number)] = json.loads(line).items()
        print(json.dumps(QUESTIONS[question](number)), flush=True)
