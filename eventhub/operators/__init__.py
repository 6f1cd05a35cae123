"""What operators ask a web process: is it alive, is it ready, what has it counted.

`router` answers these before Django does, so that a probe by address needs no name of `EVENTHUB_ALLOWED_HOSTS`.
"""
