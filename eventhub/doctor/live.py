"""What the database, the channel layer and the processes say now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from eventhub.local.welcome import base_url
from eventhub.server.health import check_channel_layer, check_migrations
from events.database.lock_wait import lock_wait
from events.log import reading
from events.mcp.models import McpServer, MonitorLease
from events.models import Event, EventType, LogHead
from events.upkeep.pruning import DAILY
from subscriptions.models import DeliveryLease, Destination, StandingSubscription

LONG_PENDING = timedelta(seconds=5)
LOCK_S = 2.0  # for the head; a broadcast holds it for some milliseconds
SKEW = timedelta(seconds=2)
TWICE = 2  # days without a run of retention
ANSWER_S = 5.0

Check = Callable[[], Iterator[CheckMessage]]


def check_channel() -> Iterator[CheckMessage]:
    answer = asyncio.run(check_channel_layer())
    if answer != "ok":
        told = f"The channel layer: {answer}. Events arrive a second late, ephemeral ones not at all."
        hint = "Start it (manage.py valkey), or set REDIS_URL to the one that runs."
        yield Error(told, hint=hint, id="eventhub.E020")


def check_database() -> Iterator[CheckMessage]:
    connection.ensure_connection()
    answer = check_migrations()
    if answer != "ok":
        told = f"The database: migrations {answer}."
        yield Error(told, hint="Stop serve, then run manage.py bootstrap.", id="eventhub.E022")


def check_pending() -> Iterator[CheckMessage]:
    count = Event.objects.pending().filter(timestamp__lt=timezone.now() - LONG_PENDING).count()
    if count:
        told = f"{count:,} events are logged but have had no position for {LONG_PENDING.seconds} s: nobody gets them."
        hint = "Start serve: a process that runs places them. If one runs, its log says why it cannot."
        yield Warning(told, hint=hint, id="eventhub.W023")


def check_head() -> Iterator[CheckMessage]:
    on_postgresql = connection.vendor == "postgresql"
    try:
        with lock_wait(LOCK_S), transaction.atomic():
            LogHead.objects.select_for_update().first()
    except DatabaseError as error:
        told = f"The lock of the log's head is not to be had: {error}. Nobody can broadcast meanwhile."
        asked = "SELECT pid, query FROM pg_stat_activity WHERE state <> 'idle'"
        find = asked if on_postgresql else f"fuser {connection.settings_dict['NAME']}"
        hint = f"Find who holds it, and end it: {find}"
        yield Error(told, hint=hint, id="eventhub.E024")


def check_patience() -> Iterator[CheckMessage]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        [patience] = cursor.fetchone()
    if patience == "0":
        told = "Whoever waits for a lock of the database waits for ever: lock_timeout is not set."
        name, user = (connection.settings_dict[each] for each in ("NAME", "USER"))
        hint = f"In psql: ALTER ROLE {user} IN DATABASE {name} SET lock_timeout = '10s'"
        yield Warning(told, hint=hint, id="eventhub.W033")


def check_clock() -> Iterator[CheckMessage]:
    theirs = LogHead.objects.annotate(now=Now()).values_list("now", flat=True).first()
    if theirs is not None and abs(theirs - timezone.now()) > SKEW:
        told = f"The clocks of this machine and of the database differ by {abs(theirs - timezone.now())}."
        hint = "Let both follow the same time: timedatectl set-ntp true"
        yield Warning(told, hint=hint, id="eventhub.W025")


def check_log() -> Iterator[CheckMessage]:
    known = Event.objects.after(reading.head().position).count()
    if known:
        told = f"{known:,} events have positions after the log's head: an older head was restored."
        yield Error(told, hint="manage.py new_epoch", id="eventhub.E026")


def check_monitor() -> Iterator[CheckMessage]:
    if MonitorLease.is_held():
        return
    if McpServer.objects.exists():
        told = "No monitor leads: nobody checks the MCP servers."
        yield Warning(told, hint="manage.py monitor_mcps", id="eventhub.W027")


def check_delivery() -> Iterator[CheckMessage]:
    if DeliveryLease.is_held():
        return
    waiting = StandingSubscription.objects.filter(state=StandingSubscription.State.ACTIVE).count()
    if waiting:
        told = f"No process delivers: {waiting:,} standing subscriptions wait. Nothing is lost that the log keeps."
        yield Warning(told, hint="manage.py deliver", id="eventhub.W030")


def check_mail() -> Iterator[CheckMessage]:
    kept = Destination.objects.filter(kind=Destination.Kind.MAIL, standing__state=StandingSubscription.State.ACTIVE)
    if not settings.EMAIL_HOST and (count := kept.count()):
        told = f"No mail server is set: {count:,} standing subscriptions by e-mail wait."
        yield Warning(told, hint="EMAIL_HOST=mail.example.org", id="eventhub.W031")


def check_retention() -> Iterator[CheckMessage]:
    pruned_at = reading.head().pruned_at
    old = timezone.now() - TWICE * DAILY
    keeps = EventType.objects.filter(retention_days__isnull=False)
    overdue = pruned_at < old if pruned_at is not None else Event.objects.filter(timestamp__lt=old).exists()
    if keeps.exists() and overdue:
        when = f"{pruned_at:%Y-%m-%d}" if pruned_at is not None else "never"
        told = f"What types need not keep was last deleted: {when}."
        hint = (
            "Let a monitor run (manage.py monitor_mcps, with EVENTHUB_PRUNE_DAILY=True), or prune_events in a crontab."
        )
        yield Warning(told, hint=hint, id="eventhub.W028")


def check_serve() -> Iterator[CheckMessage]:
    directly = build_opener(ProxyHandler({}))  # a proxy of the environment is for what is elsewhere
    for port in settings.EVENTHUB_PORTS:
        url = f"{base_url(settings.EVENTHUB_HOST, port)}/healthz"
        try:
            with directly.open(url, timeout=ANSWER_S) as answer:
                well = answer.read() == b"ok\n"
        except (URLError, OSError):
            well = False
        if not well:
            told = f"No eventhub answers at {url}."
            yield Warning(told, hint="manage.py serve", id="eventhub.W029")


# In this order; where the database does not answer, only the first.
WITHOUT_DATABASE: tuple[Check, ...] = (check_channel, check_serve)
WITH_DATABASE: tuple[Check, ...] = (
    *(check_database, check_pending, check_head, check_patience, check_clock, check_log),
    *(check_monitor, check_delivery, check_mail, check_retention),
)


def check_all() -> list[CheckMessage]:
    found = [each for check in WITHOUT_DATABASE for each in check()]
    try:
        for check in WITH_DATABASE:
            found += check()
            if any(each.id == "eventhub.E022" for each in found):
                break  # the others would ask for tables that are not there
    except DatabaseError as error:
        told = f"The database cannot be asked: {error}"
        hint = "Start it, or set DATABASE_URL to the one that runs; then manage.py doctor again."
        found.append(Error(told, hint=hint, id="eventhub.E021"))
    return found
