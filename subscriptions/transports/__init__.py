"""How a client comes in, speaks and leaves: a folder for each way of delivery.

`websocket` is the WebSocket; `http_stream` is what all streams over HTTP share, and `sse` the one for EventSource.
`handshake` reads what a client brings along, `entrance` says who it is. What a way of delivery has to do, as
`websocket.consumer` and `http_stream.stream` do it:

1. hold the dispatcher: `async with live.dispatcher.of_running_loop()`
2. learn who asks: `entrance.identify`; take a session only from an allowed origin (`handshake`)
3. write what it is given: be a `Writer` and give it to a `QueuedOutbox` (`outbox.queued`), and say an `Ending`
   (`protocol.endings`) in its own way
4. `dispatcher.enter(Connection(…))`, and `dispatcher.leave` in the end, whatever happens
5. pass each command on to its handler, `handlers.HANDLERS`: those that came, or one built from the request; and let
   each cost what `connection.spend_command` says
"""
