"""The dispatcher, one a process: it follows the log and offers each event to the clients that ask for it.

`follower` is the loop, `batch` writes to the connections. What may delay an event on its way, in order:

1. its transaction, and the lock under which the log gives it a position: `events.log.append`, `events.log.placing`
2. the doorbell that wakes the other processes, `events.notify.doorbell`; for a lost one, the poll of a second
3. the events before it, and a database that does not answer: `follower`, `dispatcher`
4. a replay to the same client, which comes first: `subscriptions.replay.catch_up`
5. the client itself, whose socket takes no more: `subscriptions.outbox`
"""
