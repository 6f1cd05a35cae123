"""What is on its way to one client: in order, bounded, never waited for.

`base` says what every outbox promises, `queued` serves on any ASGI server, `direct` and `direct_stream` write straight
to our own server's transport, `frames` are what all of them write.
"""
