"""How a request of HTTP is answered: `handler` runs it in one thread, `unavailable` answers where that has failed.

`eventhub.server` calls it, behind its bounds; the views themselves are `events.http`, `events.page` and others.
"""
