"""Failed attempts to come in: whoever has failed too often waits, also for an answer to the right password.

They count by user name and address together, so that nobody can lock anybody out from elsewhere, and by address alone,
so that nobody tries many names. The database keeps them, where every process sees them. Whoever waits is refused
without a write, and what is kept is bounded.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from events.models import FailedAttempt

OF_ADDRESS = 10  # times as many may fail from an address, whatever their names, as of one name
FORGET_AFTER = timedelta(minutes=15)  # that were quiet
MAX_ROWS = 10_000  # beyond that the oldest are forgotten early; who has as many addresses is not held up by this
MAX_REMEMBERED = 1_000  # that this process need not ask the database for
IPV6_NETWORK = 64  # bits; who has one address of it has all


class Key(NamedTuple):
    digest: str
    allowed: int  # failures, before there is a wait


def keys_of_password(username: str, address: str) -> list[Key]:
    allowed = settings.EVENTHUB_LOGIN_ATTEMPTS
    host = network_of(address)
    return [key("name", host, username, allowed=allowed), key("address", host, allowed=allowed * OF_ADDRESS)]


def keys_of_token(address: str) -> list[Key]:
    return [key("token", network_of(address), allowed=settings.EVENTHUB_LOGIN_ATTEMPTS * OF_ADDRESS)]


def key(*parts: str, allowed: int) -> Key:
    return Key(sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest(), allowed)


def network_of(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a server that listens on a unix socket knows none
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(parsed) >> IPV6_NETWORK << IPV6_NETWORK, IPV6_NETWORK)))
    return address


_waits: dict[str, float] = {}  # digest → until (time.monotonic())


def wait(keys: Iterable[Key]) -> int:
    """Return the seconds, rounded up, until somebody with these keys may try again; 0 means now. It asks the database:
    do not call it in the event loop."""
    allowed = dict(keys)
    now = time.monotonic()
    remembered = max(_waits.get(digest, 0.0) - now for digest in allowed)
    if remembered > 0:
        return math.ceil(remembered)
    longest = 0.0
    for row in FailedAttempt.objects.filter(pk__in=allowed):
        if row.failures < allowed[row.key]:
            continue
        left = settings.EVENTHUB_LOGIN_DELAY - (timezone.now() - row.last).total_seconds()
        if 0 < left <= settings.EVENTHUB_LOGIN_DELAY:  # else the clock was set back since
            longest = max(longest, left)
            note_wait(row.key, now + left)
    return math.ceil(longest)


def note_wait(digest: str, until: float) -> None:
    if len(_waits) >= MAX_REMEMBERED:
        forget()
    _waits[digest] = until


def forget() -> None:
    """Ask the database again, as a process does that has just begun."""
    _waits.clear()


def failed(keys: Iterable[Key]) -> None:
    """Count a failure. It asks the database: do not call it in the event loop."""
    now = timezone.now()
    kept = max(FORGET_AFTER, 2 * timedelta(seconds=settings.EVENTHUB_LOGIN_DELAY))
    recent = FailedAttempt.objects.between(now - kept, now + kept)
    with transaction.atomic():
        for digest, _ in sorted(keys):  # in one order, so that no two wait for each other
            if not recent.filter(pk=digest).update(failures=F("failures") + 1, last=now):
                FailedAttempt.objects.exclude(pk__in=recent.values("pk")).delete()
                forget_oldest()
                FailedAttempt.objects.update_or_create(pk=digest, defaults={"failures": 1, "last": now})


def forget_oldest() -> None:
    newest = FailedAttempt.objects.order_by("-last").values_list("last", flat=True)
    for last in newest[MAX_ROWS - 1 : MAX_ROWS]:
        FailedAttempt.objects.filter(last__lte=last).delete()


def wrong_token(address: str) -> int:
    """Count a token that is nobody's and return 0; if there are too many from this address, return the seconds to wait.
    A token that is right is never refused: nobody guesses one, and there may be many people behind one address. It asks
    the database: do not call it in the event loop."""
    keys = keys_of_token(address)
    if seconds := wait(keys):
        return seconds
    failed(keys)
    return 0


def too_many_wrong_tokens(wait: int) -> str:
    return f"Too many wrong tokens came from your address; try again in {wait} s."


def succeeded(keys: Iterable[Key]) -> None:
    """Forget the failures of a name that has signed in, not those of its address, which may be others'. It asks the
    database: do not call it in the event loop."""
    name, *_ = keys
    if FailedAttempt.objects.filter(pk=name.digest).exists():
        FailedAttempt.objects.filter(pk=name.digest).delete()
