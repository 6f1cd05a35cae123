"""The index of all filters of a process, pure: which subscriptions does this event match?

`matcher` asks the index of each field; `events.core.filters` says what the answer must be.
"""
