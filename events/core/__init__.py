"""The pure heart: event types, filters, values and limits.

Nothing here knows Django or a database. What a filter means is decided in `filters`, what the registry looks like to
code in `event_types`. All other packages may import this one.
"""
