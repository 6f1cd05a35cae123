"""When a person wants to be told, by the clock on their wall; right on the days on which that is changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from subscriptions.models import Destination

DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return a time zone. Raises ValueError or an OSError (ZoneInfoNotFoundError is a KeyError) for no name of one."""
    return ZoneInfo(name)


class Hours(NamedTuple):
    """`quiet_from` and `quiet_until` come together or not at all."""

    quiet_from: time | None = None
    quiet_until: time | None = None
    daily_at: time | None = None
    zone: ZoneInfo = ZoneInfo("UTC")

    @classmethod
    def of(cls, destination: Destination) -> Self:
        return cls(
            destination.quiet_from, destination.quiet_until, destination.daily_at, zone_of(destination.time_zone)
        )

    def after_quiet(self, moment: datetime) -> datetime:
        """Return the moment itself, or the end of the quiet hours that it lies in."""
        begin, end = self.quiet_from, self.quiet_until
        if begin is None or end is None or begin == end:
            return moment
        now = moment.astimezone(self.zone).time()
        is_quiet = begin <= now < end if begin < end else now >= begin or now < end
        return self._next(end, moment) if is_quiet else moment

    def next_daily(self, moment: datetime) -> datetime | None:
        """Return when the next message of a day comes after a moment; None if there is none such."""
        return None if self.daily_at is None else self._next(self.daily_at, moment)

    def _next(self, at: time, after: datetime) -> datetime:
        """Return the next moment at which that clock shows a time. An hour that comes twice counts once, unless the
        first is over; one that is left out is an hour later."""
        today = after.astimezone(self.zone).date()
        moments: list[datetime] = []
        for n in range(3):
            first, second = (
                datetime.combine(today + n * DAY, at.replace(fold=fold), self.zone).astimezone(UTC) for fold in (0, 1)
            )
            moments += (first, second) if second > first else (first,)  # earlier: of an hour that is left out
        return next(each for each in moments if each > after)
