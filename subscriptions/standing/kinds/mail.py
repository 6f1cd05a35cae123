"""Sends mail, by Django's backend: that waits, so it has threads of its own."""

from __future__ import annotations

import asyncio
import smtplib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from subscriptions.models import Destination
from subscriptions.standing.answer import ACCEPTED, Answer, failed
from subscriptions.standing.message import Message

AT_ONCE = 4  # messages on their way to the mail server


def is_set_up() -> bool:
    return bool(settings.EMAIL_HOST)


class Mailer:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "mail")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, destination: Destination, message: Message) -> Answer:
        """Send a message, and return what the mail server made of it."""
        if not is_set_up():
            return failed("config", "E-mail is not set up: set EMAIL_HOST.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, send, destination.address, message)


def send(address: str, message: Message) -> Answer:
    headers = headers_of(message.id, address)
    try:
        with get_connection() as connection:  # which is closed, too, if signing in fails
            mail = EmailMessage(message.title, message.body.decode(), None, [address], headers=headers)
            connection.send_messages([mail])
    except smtplib.SMTPAuthenticationError:
        return failed("config", "The mail server refuses EMAIL_HOST_USER and EMAIL_HOST_PASSWORD.")
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = sorted({str(code) for code, _ in refusal.recipients.values()})
        return failed("refused", f"The mail server refuses the address: {', '.join(codes)}.")
    except smtplib.SMTPResponseException as answer:
        return failed("mail", f"The mail server answered {answer.smtp_code}.")
    except smtplib.SMTPException as error:
        return failed("mail", f"The mail server did not take it: {type(error).__name__}.")
    except TimeoutError:
        return failed("timeout", f"The mail server did not answer within {settings.EMAIL_TIMEOUT} s.")
    except OSError as error:
        return failed("connect", f"The mail server cannot be reached: {type(error).__name__}.")
    return ACCEPTED


def headers_of(id: str, address: str) -> dict[str, str]:
    """Return the headers by which programs know a message again, and do not answer it."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "eventhub"
    mark = sha256(f"{id} {address}".encode()).hexdigest()[:32]
    return {"Message-ID": f"<{mark}@{host}>", "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
