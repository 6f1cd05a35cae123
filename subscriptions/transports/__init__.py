"""One file for each way of delivery: how a client comes in, speaks and leaves.

Today that is the WebSocket.
"""
