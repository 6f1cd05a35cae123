"""Getting events to those who asked for them.

`transports` speaks with a client, `handlers` carries out its commands, `clients` knows who is connected and asks for
what, `live` follows the log and delivers, `replay` sends what a client missed, `outbox` holds what is not yet sent.
"""
