"""Getting events to those who hold no socket: webhooks, which are sent what matches, also when they were away.

`term` is the process, `leader` its loops. `deliveries` follows the log with the matcher of the sockets; a `runner` has
one standing subscription: what waits, what is on its way, what failed, and the watermark. `record` writes that down.
`making` and `operations` are what people do.
"""
