"""Django admin: event types and their fields, the log, import and export, history.

`types` edits one event type, `document` moves whole registries (export, import, duplicate, revert), `log` shows
events.
"""

from events.admin.log import event_log
from events.admin.people import group, saved_view, token, user
from events.admin.types import category, event_type, field

__all__ = ["category", "event_log", "event_type", "field", "group", "saved_view", "token", "user"]
