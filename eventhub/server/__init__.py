"""The web process: uvicorn or Daphne, one process or several.

`manage.py serve` calls `serve`. The protocol classes here bound what an unknown peer can send, and give the outbox a
way to write finished frames straight to the transport. `health` answers whether this process should get traffic.
"""
