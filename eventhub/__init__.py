"""The installation: settings, addresses and processes.

This is the one package that knows all the others. It decides which server runs the application (`server`), what
`make run` starts on a developer's machine (`local`) and what the demonstration shows (`demo`). Nothing imports it.
"""

__version__ = "0.1.0"
