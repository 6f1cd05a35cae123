"""What the monitor knows of each server: a table of its own, so that no admin's save and no check undo each other."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from django.db import models

from events.mcp import breaker
from events.mcp.breaker import Circuit, Feeds, Health, Outcome
from events.mcp.reliability.tally import Tally

OUTCOMES_KEPT = 21  # a character each
DAY_S = 86_400
CERTIFICATE_DAYS = (7, 21)  # before the end of a certificate, at which that is told
MARKS = {Feeds.SUCCESS: "+", Feeds.FAILURE: "-", Feeds.NO: "o"}


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def choices(words: type[Health] | type[Circuit]) -> list[tuple[str, str]]:
    return [(word.value, word.replace("_", " ")) for word in words]


class McpServerState(models.Model):
    server = models.OneToOneField("mcp.McpServer", on_delete=models.CASCADE, primary_key=True, related_name="state")
    health_status = models.CharField("health", max_length=9, choices=choices(Health), default=Health.UNKNOWN.value)
    circuit_state = models.CharField("circuit", max_length=9, choices=choices(Circuit), default=Circuit.CLOSED.value)
    consecutive_failures = models.PositiveIntegerField(default=0)
    consecutive_successes = models.PositiveIntegerField(default=0)
    trial_successes = models.PositiveIntegerField(default=0)
    failure_cycles = models.PositiveIntegerField(default=0)
    checks_since_deep = models.PositiveIntegerField(null=True, blank=True)
    open_until = models.DateTimeField(null=True, blank=True)
    down_since = models.DateTimeField(null=True, blank=True)
    stable_since = models.DateTimeField(null=True, blank=True)
    reenabled_at = models.JSONField(default=list, blank=True)  # seconds since 1970, of the last day
    next_check_at = models.DateTimeField("next check", null=True, blank=True)
    last_checked_at = models.DateTimeField("last check", null=True, blank=True)
    last_success_at = models.DateTimeField("last success", null=True, blank=True)
    last_check = models.CharField("its kind", max_length=8, blank=True)
    last_latency_ms = models.FloatField("latency (ms)", null=True, blank=True)
    last_error_class = models.CharField("kind of error", max_length=20, blank=True)
    last_error = models.CharField("last error", max_length=300, blank=True)
    auth_required = models.BooleanField(default=False)
    protocol_era = models.CharField(max_length=10, blank=True)
    protocol_version = models.CharField("protocol", max_length=40, blank=True)
    server_info = models.CharField("says it is", max_length=300, blank=True)
    tool_count = models.PositiveIntegerField("tools", null=True, blank=True)
    offers_events = models.BooleanField(default=False)  # MCP Events
    results = models.CharField("last checks", max_length=OUTCOMES_KEPT, blank=True)

    approved_tools = models.CharField(
        max_length=64, blank=True
    )  # which approved list was seen last; empty: another one
    in_maintenance = models.BooleanField(default=False)
    tally = models.BinaryField(default=b"")  # what is counted of the hour that is under way
    certificate_ends_at = models.DateTimeField("certificate ends", null=True, blank=True)
    certificate_told = models.PositiveSmallIntegerField(default=0)  # days before its end that were told last; 0: none

    class Meta:
        verbose_name = "state of an MCP server"

    def __str__(self) -> str:
        return f"{self.health_status}, circuit {self.circuit_state}"

    @property
    def counted(self) -> Tally:
        return msgspec.msgpack.decode(self.tally, type=Tally) if self.tally else Tally()

    def as_breaker(self) -> breaker.State:
        """Return the state as the breaker sees it, with the status from the server's own row."""
        return breaker.State(
            status=breaker.Status(self.server.status),
            disabled_by=breaker.DisabledBy(self.server.disabled_by),
            health_status=Health(self.health_status),
            circuit_state=Circuit(self.circuit_state),
            reenabled_at=tuple(self.reenabled_at),
            consecutive_failures=self.consecutive_failures,
            consecutive_successes=self.consecutive_successes,
            trial_successes=self.trial_successes,
            failure_cycles=self.failure_cycles,
            checks_since_deep=self.checks_since_deep,
            open_until=seconds(self.open_until),
            down_since=seconds(self.down_since),
            stable_since=seconds(self.stable_since),
            next_check_at=seconds(self.next_check_at),
        )

    def take(self, state: breaker.State) -> None:
        """Take over what the breaker says, but for the status, which is the server's. Do not save."""
        self.health_status = state.health_status.value
        self.circuit_state = state.circuit_state.value
        self.reenabled_at = list(state.reenabled_at)
        self.consecutive_failures = state.consecutive_failures
        self.consecutive_successes = state.consecutive_successes
        self.trial_successes = state.trial_successes
        self.failure_cycles = state.failure_cycles
        self.checks_since_deep = state.checks_since_deep
        self.open_until = moment(state.open_until)
        self.down_since = moment(state.down_since)
        self.stable_since = moment(state.stable_since)
        self.next_check_at = moment(state.next_check_at)

    def certificate_days(self, outcome: Outcome, at: float) -> int | None:
        """Return how many days are left of the certificate, if that is to be told now, and note it. Do not save."""
        ends = outcome.certificate_ends
        if ends is None:
            return None
        if seconds(self.certificate_ends_at) != ends:  # it has been renewed
            self.certificate_ends_at, self.certificate_told = moment(ends), 0
        days = max(0, int((ends - at) // DAY_S))
        reached = next((each for each in CERTIFICATE_DAYS if days <= each), None)
        if reached is None or reached == self.certificate_told:
            return None
        self.certificate_told = reached
        return days

    def saw(self, outcome: Outcome, at: float) -> None:
        """Keep what a check saw. What an outcome does not tell stays as it was. Does not save."""
        self.last_checked_at = moment(at)
        self.last_check = outcome.check.value
        self.last_latency_ms = outcome.latency_ms
        self.last_error_class = outcome.error_class
        self.last_error = outcome.error
        self.auth_required = outcome.auth_required
        self.results = (self.results + MARKS[outcome.feeds])[-OUTCOMES_KEPT:]
        if outcome.feeds == Feeds.SUCCESS:
            self.last_success_at = self.last_checked_at
        self.protocol_era = outcome.protocol_era or self.protocol_era
        self.protocol_version = outcome.protocol_version or self.protocol_version
        self.server_info = outcome.server_info or self.server_info
        if outcome.tool_count is not None:
            self.tool_count = outcome.tool_count
        if outcome.offers_events is not None:
            self.offers_events = outcome.offers_events
