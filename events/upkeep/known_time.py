"""Up to when a clock can be believed: by what the log and the daily runs say of the time, not by the clock alone.

A wrong clock writes its time into events, too, as many as come while it is wrong. So what was logged vouches for a time
only where it follows what was known before without a leap.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Min

from events.log import reading
from events.models import Event, LogHead, LogSpan
from events.models.event import MICROSECOND, Positions

# How far ahead of what is known a clock is believed, and how long nothing may have happened in between: what is deleted
# early is gone. Longer than from one daily run to the next but one.
CREDIBLE = timedelta(days=2)


def last_known(now: datetime) -> datetime | None:
    """Return when the last thing happened, up to `now`, of which the database knows for certain. A leap is believed
    when events have gone on behind it for as long as it is wide: a clock that is far ahead is noticed before."""
    known = beginning()
    if known is None:
        return None
    known = followed(known, now)
    while (behind := next_moment(known, now)) is not None:
        last = followed(behind, now)
        if last - behind < behind - known:
            break
        known = last
    return known


def credible(now: datetime, known: datetime | None) -> datetime:
    """Return what the clock says, but at most two days after what is known."""
    return now if known is None else min(now, known + CREDIBLE)


def ran(moment: datetime) -> None:
    """Make it known that the time has come to this."""
    LogHead.objects.update(pruned_at=moment)


def beginning() -> datetime | None:
    """Return the time of the last run, or of the installation."""
    installed: datetime | None = MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
    return reading.head().pruned_at or installed


def followed(moment: datetime, now: datetime) -> datetime:
    """Return the last moment up to `now` that is reached from this one, with never more than two days in which nothing
    was logged."""
    while (later := last_between(moment, min(moment + CREDIBLE, now))) is not None:
        moment = later
    return moment


def last_between(after: datetime, until: datetime) -> datetime | None:
    """Return the time of the latest event after `after` and up to `until`."""
    return max(times(after, until, Max), default=None)


def next_moment(after: datetime, until: datetime) -> datetime | None:
    """Return the time of the earliest event after `after` and up to `until`."""
    return min(times(after, until, Min), default=None)


def times(after: datetime, until: datetime, extreme: type[Max | Min]) -> list[datetime]:
    """Return the latest or earliest time of an event after `after` and up to `until`, in each part of the log that may
    have one."""
    if after >= until:
        return []
    everywhere = Positions(0, reading.head().position + 1)
    spans = LogSpan.objects.may_have(after + MICROSECOND, until + MICROSECOND, everywhere)
    among = Event.objects.filter(timestamp__gt=after, timestamp__lte=until)
    found = (among.within(span).aggregate(time=extreme("timestamp"))["time"] for span in spans)
    return [time for time in found if time is not None]
