from events.admin import category, event_log, event_type, field, people, token

__all__ = ["category", "event_log", "event_type", "field", "people", "token"]
