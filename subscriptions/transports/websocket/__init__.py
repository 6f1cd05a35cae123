"""The WebSocket: `consumer` is the Channels consumer, `handshake` says who asks, `asgi_socket` is what is written to.

`close_codes` alone knows the numbers of a Close.
"""
