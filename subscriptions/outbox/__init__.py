"""What is on its way to one client: in order, bounded, never waited for.

`base` says what an outbox does. `queued` serves on any ASGI server, `direct` writes straight to our own server's
transport.
"""
