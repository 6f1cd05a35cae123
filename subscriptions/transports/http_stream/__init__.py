"""Streams over HTTP: one request, one subscription, and an answer that goes on while things happen.

`stream` serves any of them: who comes in, the subscription, quiet times, the end. What a kind of stream adds is its
`Form` (`form`): how it reads the request, how it writes a message, how it refuses. `connection` is the connection of a
stream, `answer` the HTTP answer, `refused` why there is none. To add a kind of stream:

1. Write a class with the members of `Form`; `sse.form` is one.
2. In an ASGI application call `await HttpStream(form, scope, receive, send).run()`. It answers in any case, and raises
   nothing. A request whose body has been read needs no other `receive`: only the client's leaving is waited for.
3. Route its address in `eventhub/asgi.py`.

What a form can rely on:

- `command` is called once, when it is known who asks. `encode` gets each message of the protocol (`protocol.messages`)
  in order: first `subscribed`, then events, `replayed`, `metadata_changed`, at most one `unsubscribed`, which is the
  last, and a `pong` with the position whenever nothing was sent for QUIET_S.
- Its client is closed when it reads too slowly, when its access ends, when the process stops: `last_words` is asked
  what to say then. None of it waits for the client.
- Access, limits of connections, bounds of the outbox and replays are those of WebSockets.
"""
