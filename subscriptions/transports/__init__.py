"""How a client comes in, speaks and leaves: a folder for each way of delivery. Today that is the WebSocket.

What a second way has to do, as `websocket.consumer` does it:

1. hold the dispatcher: `async with live.dispatcher.of_running_loop()`
2. learn who asks: `dispatcher.token_lookup.identify`; take a session only from an allowed origin (`handshake`), count
   wrong tokens (`events.access.attempts`), and let nobody in whose `identity.may_read` is false
3. write what it is given: be a `Writer` and give it to a `QueuedOutbox` (`outbox.queued`), and say an `Ending`
   (`protocol.endings`) in its own way
4. `dispatcher.enter(Connection(…))`, and `dispatcher.leave` in the end, whatever happens
5. pass each command on to its handler, `handlers.HANDLERS`: those that came, or one built from the request; and let
   each cost what `connection.spend_command` says
"""
