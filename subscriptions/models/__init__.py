"""The rows of the app `subscriptions`: subscriptions that nobody holds a socket for, tickets for a socket, and codes
of OAuth."""

from __future__ import annotations

from subscriptions.models.agent import AgentSubscription
from subscriptions.models.authorization_code import AuthorizationCode
from subscriptions.models.delivery_lease import DeliveryLease
from subscriptions.models.destination import Destination
from subscriptions.models.failed_delivery import FailedDelivery
from subscriptions.models.message_group import MessageGroup
from subscriptions.models.mute import Mute
from subscriptions.models.standing import StandingSubscription
from subscriptions.models.ticket import Ticket

__all__ = [
    "AgentSubscription",
    "AuthorizationCode",
    "DeliveryLease",
    "Destination",
    "FailedDelivery",
    "MessageGroup",
    "Mute",
    "StandingSubscription",
    "Ticket",
]
