from events.admin import category, event_log, event_type, field, group, people, token

__all__ = ["category", "event_log", "event_type", "field", "group", "people", "token"]
