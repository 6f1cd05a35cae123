"""One file for each way of delivery: how a client comes in, speaks and leaves.

Today that is the WebSocket. It alone knows the numbers of a WebSocket's Close (`close_codes`).
"""
