"""Server-sent events: `GET /api/v1/events/stream`, for EventSource, curl and whatever reads lines.

`stream` is the ASGI application, `form` writes blocks and problems, `parameters` reads what is asked for.
"""
