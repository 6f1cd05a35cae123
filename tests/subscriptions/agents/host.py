"""A host of agents: a receiver of webhooks that answers challenges as MCP Events has it."""

from __future__ import annotations

import msgspec
from standardwebhooks import Webhook

from tests.subscriptions.standing.receiver import OK, Got, Receiver

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Host(Receiver):
    """`challenge` changes what it answers to a challenge."""

    def __init__(self) -> None:
        super().__init__()
        self.challenge = ""

    def accepts(self, got: Got) -> bytes:
        if got.event.get("type") != "verification":
            return OK
        body = msgspec.json.encode({"challenge": self.challenge or got.event["challenge"]})
        return b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def of_kind(self, kind: str | None) -> list[Got]:
        """What it was sent: the challenges, the ends, or (None) the events."""
        return [each for each in self.got if each.event.get("type") == kind]


def is_signed(got: Got, secret: str = SECRET) -> bool:
    Webhook(secret).verify(got.body, got.headers)
    return True
