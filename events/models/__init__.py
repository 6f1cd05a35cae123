"""The rows of events: the registry, the log, and what both are kept in step with."""

from events.models.event import Event, LogHead, LogSpan
from events.models.event_field import EventField, FieldOption
from events.models.event_type import Category, EventType
from events.models.failed_attempt import FailedAttempt
from events.models.first_steps import DismissedSteps
from events.models.hub_process import HubProcess
from events.models.idempotency_key import IdempotencyKey
from events.models.revision import RegistryModel, RegistryQuerySet, Revision, as_one_change
from events.models.saved_view import SavedView
from events.models.token_terms import TokenTerms

__all__ = [
    "Category",
    "DismissedSteps",
    "Event",
    "EventField",
    "EventType",
    "FailedAttempt",
    "FieldOption",
    "HubProcess",
    "IdempotencyKey",
    "LogHead",
    "LogSpan",
    "RegistryModel",
    "RegistryQuerySet",
    "Revision",
    "SavedView",
    "TokenTerms",
    "as_one_change",
]
