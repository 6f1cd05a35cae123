"""How costs grow with connections, subscriptions, events, event types and the length of the log."""
