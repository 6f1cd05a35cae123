"""How each kind of destination is sent to. A new kind is a line of `SENDERS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType

from django.utils import timezone

from subscriptions.models import Destination
from subscriptions.standing import webhook
from subscriptions.standing.answer import Answer, Verdict, failed
from subscriptions.standing.message import Message
from subscriptions.standing.secret import SecretUnusable, opened
from subscriptions.standing.webhook import WebhookClient


class Sender:
    """What a process sends with. `async with` ends its connections."""

    def __init__(self, webhooks: WebhookClient | None = None) -> None:
        self.webhooks = webhooks or WebhookClient(webhook.guard())

    async def __aenter__(self) -> Sender:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.webhooks.__aexit__(kind, error, traceback)

    async def send(self, destination: Destination, message: Message) -> Answer:
        """Send a message, and return what the destination made of it."""
        return await SENDERS[Destination.Kind(destination.kind)](self, destination, message)


async def to_webhook(sender: Sender, destination: Destination, message: Message) -> Answer:
    try:
        secrets = secrets_in_force(destination)
    except SecretUnusable as error:
        return failed("config", str(error))
    answer = await sender.webhooks.post(destination.address, secrets, message)
    if answer.verdict is Verdict.GONE and destination.format == Destination.Format.AGENT:
        return answer._replace(verdict=Verdict.TOO_LARGE)  # of this event alone: an agent ends by not refreshing
    return answer


def secrets_in_force(destination: Destination) -> list[str]:
    """Return the secret, and for a day after a change the one before it. Raises SecretUnusable."""
    secrets = [opened(destination.secret)]
    if destination.former_until is not None and timezone.now() < destination.former_until:
        secrets.append(opened(destination.former_secret))
    return secrets


SENDERS: dict[Destination.Kind, Callable[[Sender, Destination, Message], Awaitable[Answer]]] = {
    Destination.Kind.WEBHOOK: to_webhook,
}
