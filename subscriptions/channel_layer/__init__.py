"""This process's one channel in Redis or Valkey: groups joined, messages heard.

What happens when Redis dies is here: `groups` joins again, `heartbeat` notices a silent connection and reports it. The
sender (`events.notify`) goes on without it, and `subscriptions.live.dispatcher` polls the log once a second, so that no
logged event is lost. Ephemeral ones are: they are in no log.
"""
