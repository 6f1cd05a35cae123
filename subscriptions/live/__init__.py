"""The dispatcher, one a process: it follows the log and offers each event to whoever asks for it.

`follower` is the loop, `batch` writes to the connections.
"""
