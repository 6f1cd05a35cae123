"""The fleet of MCP servers: registered in the admin, checked by `manage.py monitor_mcps`.

`probe` makes one check, `breaker` decides what its outcome does to a server, `record` writes that down and broadcasts
it, `monitor` keeps the schedule. A Django app of its own; `events` does not know it.
"""
