#!/usr/bin/env python
"""Django's command line; `python manage.py help` lists the commands."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs import EnvError

from eventhub.environment import explain_error
from events.cli import terminal


def main() -> None:
    os.umask(0o077)  # what we make is for our own user: database, sockets, what `make demo` logs
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventhub.settings")
    terminal.prepare()
    try:
        execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.exit(explain_error(error))
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
