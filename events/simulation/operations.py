"""The server itself: parts that fail and come back, errors that repeat, configuration that people change."""

from __future__ import annotations

from itertools import pairwise
from zlib import crc32

from events.simulation.cast import PEOPLE, Cast, Story, Told

TYPES = frozenset({"config_change", "system_error", "component_health"})
COMPONENTS = ("monitor", "channel_layer", "database")
STATES = {
    "up": ("info", "answers again"),
    "degraded": ("warning", "answers slowly"),
    "down": ("error", "does not answer"),
}
ERRORS = (
    ("django.request", "OperationalError", "database is locked"),
    ("events.mcp.monitor.term", "ReadTimeout", "no answer within 5 s"),
    ("channels_redis", "ConnectionError", "connection reset by peer"),
)
MANY = 20  # repeats of an error from which it is critical
FIELDS = {
    "event_type": ("label", "description", "summary"),
    "mcp_server": ("title", "url", "status"),
    "group": ("name", "permissions"),
}


def story(cast: Cast) -> Story:
    components = [component(name, cast) for name in COMPONENTS]
    counts = dict.fromkeys(ERRORS, 0)
    while True:
        kind = cast.chance.random()
        if kind < 0.4:
            yield next(cast.chance.choice(components))
        elif kind < 0.7:
            yield system_error(cast, counts)
        else:
            yield invent_config_change(cast)


def component(name: str, cast: Cast) -> Story:
    while True:
        states = ["up", "degraded", "up"] if cast.chance.random() < 0.5 else ["up", "degraded", "down", "up"]
        for old, new in pairwise(states):
            severity, detail = STATES[new]
            data = {"component": name, "old_state": old, "new_state": new, "detail": detail}
            yield Told("component_health", {**data, "severity": severity})


def system_error(cast: Cast, counts: dict[tuple[str, str, str], int]) -> Told:
    error = cast.chance.choice(ERRORS)
    counts[error] += cast.chance.randint(1, 3)
    data = {
        "component": error[0],
        "error_class": error[1],
        "message": error[2],
        "fingerprint": f"{crc32(' '.join(error).encode()):08x}",
        "count": counts[error],
        "severity": "critical" if counts[error] >= MANY else "error",
    }
    if counts[error] >= MANY:
        counts[error] = 0
    return Told("system_error", data)


def invent_config_change(cast: Cast) -> Told:
    model = cast.chance.choice(list(FIELDS))
    action = cast.chance.choice(("changed", "changed", "added", "deleted"))
    object_id = cast.chance.randint(1, 40)
    fields = cast.chance.sample(FIELDS[model], cast.chance.randint(1, len(FIELDS[model])))
    data = {
        "model": model,
        "object_id": str(object_id),
        "object_repr": f"{model} {object_id}",
        "action": action,
        "changed_fields": sorted(fields) if action == "changed" else [],
        "username": cast.chance.choice(PEOPLE),
        "severity": "info",
    }
    return Told("config_change", data)
