"""`events/stream`: an agent holds one request open for each subscription, and is told at once.

`application` stands before Django, which holds a thread for each answer that goes on; `form` writes what is sent.
"""
