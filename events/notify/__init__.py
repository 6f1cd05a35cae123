"""How a process tells the others that the log has moved.

A doorbell is a message of the channel layer. It may be lost, doubled or late without harm: the log is the truth. It
may carry the events themselves, signed, so that the others need not read them.
"""
