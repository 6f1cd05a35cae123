"""The words of the protocol: commands in, messages out, reasons to end a connection.

No other package writes them.
"""
