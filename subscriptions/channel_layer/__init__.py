"""This process's one channel in Redis or Valkey: groups joined, messages heard.

What happens when Redis dies is here: `groups` joins again, `heartbeat` notices a silent connection, and the log is read
once a second meanwhile.
"""
