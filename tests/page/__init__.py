"""A person at a browser: what the pages promise, in a real Chromium against a real server.

`conftest.py` has the fixtures. `visit.py` opens pages, `session.py` signs people in, `events_page.py` has the parts of
/events that tests use, `looks.py` looks at one state of a page in all its looks.
"""
