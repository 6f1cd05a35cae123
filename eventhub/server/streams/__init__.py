"""Streams over HTTP on our own server: `lane` is the protocol of uvicorn that writes their chunks."""
