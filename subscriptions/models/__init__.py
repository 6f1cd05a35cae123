"""The rows of the app `subscriptions`: what is kept of subscriptions that nobody holds a socket for."""

from __future__ import annotations

from subscriptions.models.delivery_lease import DeliveryLease
from subscriptions.models.destination import Destination
from subscriptions.models.failed_delivery import FailedDelivery
from subscriptions.models.message_group import MessageGroup
from subscriptions.models.mute import Mute
from subscriptions.models.standing import StandingSubscription

__all__ = ["DeliveryLease", "Destination", "FailedDelivery", "MessageGroup", "Mute", "StandingSubscription"]
