"""How each kind of destination is sent to. A new kind is a line of `SENDERS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol

from django.utils import timezone

from subscriptions.models import Destination
from subscriptions.standing.answer import Answer, Verdict, failed
from subscriptions.standing.kinds.mail import Mailer
from subscriptions.standing.message import Message
from subscriptions.standing.secret import SecretUnusable, opened
from subscriptions.standing.webhook import WebhookClient
from subscriptions.standing.webhook_address import guard


class WaitingClient(Protocol):
    """What sends in threads of its own."""

    async def send(self, destination: Destination, message: Message) -> Answer: ...

    def close(self) -> None: ...


class Sender:
    """What a process sends with. `async with` ends its connections."""

    def __init__(self, webhooks: WebhookClient | None = None, chat: WaitingClient | None = None) -> None:
        """`chat` is what sends to chat, where that is loaded."""
        self.webhooks = webhooks or WebhookClient(guard())
        self.chat = chat
        self.mailer = Mailer()

    async def __aenter__(self) -> Sender:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.mailer.close()
        if self.chat is not None:
            self.chat.close()
        await self.webhooks.__aexit__(kind, error, traceback)

    async def send(self, destination: Destination, message: Message) -> Answer:
        """Send a message, and return what the destination made of it."""
        try:
            return await SENDERS[Destination.Kind(destination.kind)](self, destination, message)
        except SecretUnusable as error:
            return failed("config", str(error))


async def to_webhook(sender: Sender, destination: Destination, message: Message) -> Answer:
    answer = await sender.webhooks.post(destination.address, secrets_in_force(destination), message)
    if answer.verdict is Verdict.GONE and destination.format == Destination.Format.AGENT:
        return answer._replace(verdict=Verdict.TOO_LARGE)  # of this event alone: an agent ends by not refreshing
    return answer


async def to_alertmanager(sender: Sender, destination: Destination, message: Message) -> Answer:
    bearer = opened(destination.secret) if destination.secret else ""
    return await sender.webhooks.post(destination.address, [], message, bearer)


async def to_mail(sender: Sender, destination: Destination, message: Message) -> Answer:
    return await sender.mailer.send(destination, message)


async def to_chat(sender: Sender, destination: Destination, message: Message) -> Answer:
    if sender.chat is None:
        return failed("config", "Only the process that delivers sends to chat.")
    return await sender.chat.send(destination, message)


def secrets_in_force(destination: Destination) -> list[str]:
    """Return the secret, and for a day after a change the one before it. Raises SecretUnusable."""
    secrets = [opened(destination.secret)]
    if destination.former_until is not None and timezone.now() < destination.former_until:
        secrets.append(opened(destination.former_secret))
    return secrets


SENDERS: dict[Destination.Kind, Callable[[Sender, Destination, Message], Awaitable[Answer]]] = {
    Destination.Kind.WEBHOOK: to_webhook,
    Destination.Kind.ALERTMANAGER: to_alertmanager,
    Destination.Kind.MAIL: to_mail,
    Destination.Kind.CHAT: to_chat,
}
