"""The interfaces as documents: OpenAPI for the HTTP calls, AsyncAPI for socket and stream, and a page that shows both.

`calls` lists the calls, `answers` and `messages` have the shapes of what the server sends; what clients send has the
shapes that the code itself parses. `views` serves the documents. Tests hold them to what the server does.
"""
