"""This process's channels in Redis or Valkey, one at each server: groups joined, messages heard.

What happens when Redis dies is here: `at_server` joins again, `heartbeat` notices a silent connection and reports it.
The sender (`events.notify`) goes on without it, and `subscriptions.live.dispatcher` polls the log once a second, so
that no logged event is lost. Ephemeral ones are: they are in no log.
"""
