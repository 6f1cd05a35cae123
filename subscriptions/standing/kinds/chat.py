"""Sends to chat and paging services by Apprise. The process that delivers alone imports this."""

from __future__ import annotations

import asyncio
import functools
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from apprise import Apprise, AppriseAsset, NotifyType
from apprise.common import OverflowMode
from apprise.manager_plugins import NotificationManager

from subscriptions.models import Destination
from subscriptions.standing.answer import ACCEPTED, Answer, failed
from subscriptions.standing.message import Message
from subscriptions.standing.secret import opened

# Services that people read, or are called by. Apprise has others that post anything anywhere (json://, xml://, form://),
# start programs or write to this machine.
ALLOWED = (
    *("slack", "workflow", "workflows", "discord", "tgram", "gchat", "zulip", "pover"),
    *("ntfy", "ntfys", "gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts", "rocket", "rockets"),
    *("pagerduty", "opsgenie"),
)
AT_ONCE = 8  # messages on their way
TIMEOUT_S = 30.0  # of a message; Apprise gives each of its requests four seconds, and may need several


class Chat:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "chat")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, destination: Destination, message: Message) -> Answer:
        """Send a message, and return whether the service took it. Raises SecretUnusable."""
        url = opened(destination.secret)
        loop = asyncio.get_running_loop()
        sending = loop.run_in_executor(self._threads, send, url, message)
        try:
            return await asyncio.wait_for(sending, TIMEOUT_S)
        except TimeoutError:
            return failed("timeout", f"The service did not answer within {TIMEOUT_S:g} s.")


@functools.cache
def load_services() -> None:
    """Load what Apprise has, and switch off all but the list: it takes a second, so only when somebody chats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of modules of Python that it tries
        NotificationManager().enable_only(*ALLOWED)  # type: ignore[no-untyped-call]


def send(url: str, message: Message) -> Answer:
    service_name = url.partition("://")[0].lower()
    if service_name not in ALLOWED:
        return failed("config", f"The variable does not hold the address of a service; allowed are {shown(ALLOWED)}.")
    load_services()
    service = Apprise.instantiate(url, asset=AppriseAsset(http_redirects=False))
    if service is None:
        return failed("config", f"The variable holds no usable address of {service_name}.")
    service.overflow_mode = OverflowMode.SPLIT
    kind = NotifyType.SUCCESS if message.title.startswith("resolved") else NotifyType.WARNING
    if service.notify(body=message.body.decode(), title=message.title, notify_type=kind):
        return ACCEPTED
    return failed("chat", f"{service_name} did not take the message.")


def shown(names: Iterable[str]) -> str:
    return ", ".join(f"{each}://" for each in names)
