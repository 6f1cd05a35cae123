"""Single members of a destination, judged one by one: each error names the value and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from events.core.event_types import SEVERITIES
from events.core.problems import Problem, shown
from events.outbound.address import AddressRefused, check_address
from subscriptions.models import Destination
from subscriptions.models.destination import MAX_GROUP_BY
from subscriptions.protocol.commands import Refusal
from subscriptions.standing import webhook_address
from subscriptions.standing.kinds import alertmanager, mail
from subscriptions.standing.people.hours import zone_of
from subscriptions.standing.requests.asked import checked_choice, checked_parallel, refusal
from subscriptions.standing.secret import SecretUnusable, encrypted, reference, sealed

MAX_ADDRESS = 2_000  # characters
Kind = Destination.Kind


def checked_url(kind: Kind, url: str) -> str:
    """Return the address, if eventhub would connect there."""
    field = "destination.url"
    if not url:
        raise refusal(field, "it is required, as in https://receiver.example.org/events")
    if len(url) > MAX_ADDRESS:
        raise refusal(field, f"it has {len(url)} characters; at most {MAX_ADDRESS} are allowed")
    try:
        check_address(url, webhook_address.guard())
        webhook_address.check_not_ours(url)
    except AddressRefused as error:
        raise Refusal("invalid_message", f"{field}: {error}", [Problem(field, str(error).rstrip("."))]) from None
    return alertmanager.address_of(url) if kind is Kind.ALERTMANAGER else url


def checked_mailbox(address: str) -> str:
    field = "destination.address"
    if not mail.is_set_up():
        raise refusal(field, "this installation sends no e-mail; an admin sets EMAIL_HOST for that")
    if not address:
        raise refusal(field, "your account has no e-mail address, so one is required")
    try:
        validate_email(address)
    except ValidationError:
        raise refusal(field, f"{shown(address)} is not an e-mail address, as olga@example.org is") from None
    return address


def checked_secret(kind: Kind, given: str) -> str:
    """Return the secret as it is kept. A chat's is the address of a service, which only operators know. A bearer token
    is no reference: whoever named another's variable would be sent what it holds."""
    try:
        if kind is Kind.WEBHOOK:
            return sealed(given)
        if kind is Kind.CHAT:
            return reference(given)
        if not given or given.startswith("env:") or not given.isprintable():
            raise SecretUnusable("The bearer token itself is expected.")
        return encrypted(given)
    except SecretUnusable as error:
        raise refusal("destination.secret", str(error).rstrip(".")) from None


def checked_time(name: str) -> Callable[[str], time | None]:
    def check(text: str) -> time | None:
        try:
            return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None) if text else None
        except ValueError:
            problem = f"{shown(text)} is not a time of day, as 22:30 is; nothing takes it away"
            raise refusal(f"destination.{name}", problem) from None

    return check


def checked_format(format: str) -> str:
    return checked_choice("destination.format", format, [value for value, _ in Destination.formats_to_choose()])


def checked_zone(name: str) -> str:
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        raise refusal("destination.time_zone", f"{shown(name)} is not a time zone, as Europe/Berlin is") from None
    return name


def checked_group_by(name: str) -> str:
    if len(name) > MAX_GROUP_BY or not name.isprintable():
        raise refusal("destination.group_by", f"{shown(name)} is not the name of a member, as mcp_name is")
    return name


CHECKS: dict[str, Callable[[Any], Any]] = {
    "format": checked_format,
    "parallel": checked_parallel,
    "group_by": checked_group_by,
    "least_severity": lambda value: checked_choice("destination.least_severity", value, list(SEVERITIES)),
    "quiet_from": checked_time("quiet_from"),
    "quiet_until": checked_time("quiet_until"),
    "daily_at": checked_time("daily_at"),
    "time_zone": checked_zone,
}
