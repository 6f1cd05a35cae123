"""WebSockets on uvicorn: `opening` shakes hands, `incoming` takes what comes in, `lane` lets finished frames be
written."""
