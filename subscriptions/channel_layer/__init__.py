"""This process's groups in Redis or Valkey, joined and heard at each server.

`line_listener` hears them through a connection of its own, `listener` through any other channel layer.
What happens when Redis dies is here: `at_server` joins again, `heartbeat` notices a silent connection and reports it.
The sender (`events.notify`) goes on without it, and `subscriptions.live.dispatcher` polls the log once a second, so
that no logged event is lost. Ephemeral ones are: they are in no log.
"""
