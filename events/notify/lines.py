"""Connections to the servers of the channel layer that are written to at once, in the thread of whoever rings.

The layer's own way takes another thread, its event loop, and redis-py for each message: a fifth of the CPU of an event
that comes by HTTP. A line takes one write for all messages of a ring. It never waits: it is opened in the background,
and has no more unanswered than the kernel takes at once. Answers are read when there are some, or a moment later.
Whatever is odd about it closes it, and the layer's own way is always there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import hiredis
from django.conf import settings

from events.measuring.measures import DOORBELLS
from events.notify.servers import is_pubsub_of_redis, redis_channel_of, server_of_group

if TYPE_CHECKING:
    from redis.connection import ConnectionInterface

logger = logging.getLogger(__name__)

OFTEN_S = 1.0  # between two rings: whoever rings less often needs no connection for it
IDLE_S = 10.0  # a connection that was not used for longer may be half open: what is written to it arrives nowhere
AGAIN_S = 10.0  # after one that could not be opened, or broke
MAX_UNANSWERED = 8 * 1024  # bytes; the smallest buffer that the kernel gives a connection has twice as many
MANY_UNANSWERED = MAX_UNANSWERED // 2  # bytes, from which on answers are read before the next write
AROUND = 128  # bytes that each message counts more: Linux lets a Unix socket wait after 70 writes, however short
ANSWER_S = 2.0  # a server that does not answer for so long hangs

Lost = Callable[[str, object], None]  # is told a group whose message was lost, and why


class Publication(NamedTuple):
    group: str
    channel: str
    message: bytes

    @property
    def command(self) -> Any:
        return "PUBLISH", self.channel, self.message

    @property
    def size(self) -> int:
        """Return the bytes that it counts among those that are not answered."""
        return len(self.channel) + len(self.message) + AROUND


class Line:
    """One connection. Not for several threads at once. Raises RedisError, OSError or TimeoutError once it is broken."""

    def __init__(self, connection: ConnectionInterface) -> None:
        self._connection = connection
        self._unanswered: deque[Publication] = deque()
        self._bytes = 0  # of these
        self._used_at = self._heard_at = time.monotonic()

    @property
    def unanswered(self) -> list[str]:
        """Return the groups of what was written and not answered."""
        return [each.group for each in self._unanswered]

    def write(self, publications: Sequence[Publication]) -> bool:
        """Publish all of them by one write; False if that might have to wait."""
        if not 0 < self._bytes < MANY_UNANSWERED:  # after some silence the server may have hung up
            self.read_answers()
        now = time.monotonic()
        if now > self._used_at + IDLE_S:
            raise TimeoutError(f"not used for {IDLE_S:g} s")
        size = sum(each.size for each in publications)
        if self._bytes + size > MAX_UNANSWERED:
            return False
        if not self._unanswered:
            self._heard_at = now
        commands = [hiredis.pack_command(each.command) for each in publications]
        self._connection.send_packed_command([b"".join(commands)], check_health=False)  # type: ignore[no-untyped-call]
        self._used_at = now
        self._unanswered += publications
        self._bytes += size
        return True

    def read_answers(self, wait_s: float = 0) -> None:
        """Read the answers that have come; wait so long for the next one."""
        while self._connection.can_read(wait_s if self._unanswered else 0):  # raises when the server has hung up
            self._connection.read_response()
            self._bytes -= self._unanswered.popleft().size
            self._heard_at = time.monotonic()
            DOORBELLS.add(label="sent")
        if self._unanswered and time.monotonic() > self._heard_at + ANSWER_S:
            raise TimeoutError(f"no answer within {ANSWER_S:g} s")

    def close(self) -> None:
        self._connection.disconnect()  # type: ignore[no-untyped-call]


class Lines:
    """At most one line for each server of a channel layer. Whoever calls holds the lock."""

    def __init__(self, lost: Lost, lock: threading.Lock) -> None:
        self._lost = lost
        self._lock = lock
        self._opening: set[int] = set()  # numbers of servers, each by one thread: to connect may take minutes
        self.layer: Any = None  # whose servers they lead to
        self._lines: dict[int, Line] = {}  # by the number of the server
        self._rung_at: dict[int, float] = {}  # time.monotonic(), by the number of the server
        self._not_before: dict[int, float] = {}  # the same

    @property
    def are_open(self) -> bool:
        """Return whether there are any."""
        return bool(self._lines)

    def publish(self, messages: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
        """Send each group its message; False if the layer must be asked to do so, because not all could be sent."""
        by_server: dict[int, list[Publication]] = {}
        for group, message in messages:
            publication = Publication(group, redis_channel_of(group), self.layer.serialize(message))
            by_server.setdefault(server_of_group(group), []).append(publication)
        if not self._lines.keys() >= by_server.keys():
            return False
        written = [self._try(server, Line.write, publications) for server, publications in by_server.items()]
        return all(written)

    def read_answers(self, wait_s: float = 0) -> bool:
        """Read what the servers have answered. Return whether something is still unanswered."""
        for server in tuple(self._lines):
            self._try(server, Line.read_answers, wait_s)
        return any(line.unanswered for line in self._lines.values())

    def _try(self, server: int, act: Callable[[Line, Any], bool | None], argument: Any) -> bool | None:
        line = self._lines[server]
        try:
            return act(line, argument)
        except Exception as error:  # noqa: BLE001  whatever it is: the layer's own way is there
            logger.debug("A connection for doorbells is given up: %r", error)
            del self._lines[server]
            self._not_before[server] = time.monotonic() + AGAIN_S
            line.close()
            for group in line.unanswered:
                self._lost(group, error)
            return False

    def want(self, layer: Any, group: str) -> None:
        """Open the line of a group, to whom the layer has just sent a message, if that happens often."""
        if not is_pubsub_of_redis(layer):
            return
        config = settings.CHANNEL_LAYERS.get("default", {}).get("CONFIG", {})
        if layer is not self.layer:
            self._close_all()
            self.layer = layer
        server, now = server_of_group(group), time.monotonic()
        is_often = now < self._rung_at.get(server, -OFTEN_S) + OFTEN_S
        self._rung_at[server] = now
        there = self._lines.keys() | self._opening
        if is_often and server not in there and now >= self._not_before.get(server, now):
            self._not_before[server] = now + AGAIN_S
            arguments = (layer, server, config.get("hosts"))
            self._opening.add(server)
            try:
                threading.Thread(target=self._open, args=arguments, name="eventhub-doorbell-line", daemon=True).start()
            except RuntimeError:  # no more threads can be started; the layer's own way needs none
                self._opening.discard(server)

    def _open(self, layer: Any, server: int, hosts: Any) -> None:
        """Open a line, in a thread that does not hold the lock yet."""
        line = None
        try:
            line = Line(connect(hosts, server))
        except Exception as error:  # noqa: BLE001  the edge of a thread; the layer's own way is there
            logger.debug("No connection for doorbells can be opened: %r", error)
        with self._lock:
            self._opening.discard(server)
            if line is not None and layer is self.layer:
                self._lines[server] = line
            elif line is not None:
                line.close()

    def _close_all(self) -> None:
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        self._rung_at.clear()
        self._not_before.clear()


def connect(hosts: Any, server: int) -> ConnectionInterface:
    """Return a connection to one of the `hosts` of a channel layer, made as the layer makes its own."""
    # They take a fifth of a second, which only those pay who ring often.
    from channels_redis.utils import decode_hosts
    from redis import ConnectionPool
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    from redis.sentinel import Sentinel, SentinelConnectionPool

    options: dict[str, Any] = {"protocol": 2, **decode_hosts(hosts)[server]}  # in 2 nothing comes but answers
    options["retry"] = once = Retry(NoBackoff(), 0)  # what the layer has is async
    pool: ConnectionPool
    if (address := options.pop("address", None)) is not None:
        pool = ConnectionPool.from_url(address, **options)
    elif (service := options.pop("master_name", None)) is not None:
        of_sentinels = {**(options.pop("sentinel_kwargs", None) or {}), "retry": once}
        sentinels = Sentinel(options.pop("sentinels"), sentinel_kwargs=of_sentinels)  # type: ignore[no-untyped-call]
        pool = SentinelConnectionPool(service, sentinels, **options)  # type: ignore[no-untyped-call]
    else:
        pool = ConnectionPool(**options)
    return pool.get_connection()
