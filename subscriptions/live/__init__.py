"""The dispatcher, one a process: it follows the log and offers each event to the clients that ask for it.

`follower` is the loop, `batch` writes to the connections.
"""
