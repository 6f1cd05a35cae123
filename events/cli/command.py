"""What eventhub's commands share: exit codes, and an end without a traceback for whatever can be expected."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from enum import IntEnum
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import Error as DatabaseError  # InterfaceError too

from events.broadcast import BroadcastError, UnknownEventType
from events.cli import terminal
from events.core.filters import FilterError
from events.log.records import LogUnavailable
from events.notify import doorbell


class ExitCode(IntEnum):
    OK = 0
    FAILURE = 1
    USAGE = 2
    UNKNOWN_EVENT_TYPE = 3
    INVALID_DATA = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130
    PIPE_CLOSED = 141


EXIT_CODES = {
    ExitCode.OK: "ok",
    ExitCode.FAILURE: "failure",
    ExitCode.USAGE: "wrong usage",
    ExitCode.UNKNOWN_EVENT_TYPE: "unknown event type",
    ExitCode.INVALID_DATA: "invalid data, field or option",
    ExitCode.UNAVAILABLE: "server or database not available, or access refused",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.PIPE_CLOSED: "the reader of the output went away",
}


class Error(CommandError):
    """Ends the command with this message and exit code. Django writes the name of the class before the message."""

    def __init__(self, message: str, returncode: int = ExitCode.FAILURE) -> None:
        super().__init__(message, returncode=returncode)


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the epilog's lines as they are."""


class EventhubCommand(BaseCommand):
    """Data goes to stdout, talk to stderr."""

    requires_system_checks = ()
    epilog = ""
    work_stands = False  # whatever becomes of the output: not to have shown what is logged is no failure

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        terminal.prepare()
        super().__init__(*args, **kwargs)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        codes = "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items())
        epilog = f"{self.epilog.strip()}\n\nexit codes:\n{codes}".lstrip()
        parser = super().create_parser(prog_name, subcommand, formatter_class=HelpFormatter, epilog=epilog, **kwargs)
        # Lets options stand between and before the name=value arguments.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        if self.work_stands and not options.get("dry_run"):
            self.stdout = terminal.Talk(options.pop("stdout", None) or sys.stdout)
            self.stderr = terminal.Talk(options.pop("stderr", None) or sys.stderr)
            self.stderr.style_func = self.style.ERROR
        try:
            output = super().execute(*args, **options)
            self.stdout.flush()
        except KeyboardInterrupt:
            sys.exit(ExitCode.INTERRUPTED)
        except BrokenPipeError:
            terminal.give_up(sys.stdout)
            sys.exit(ExitCode.PIPE_CLOSED)
        except (BroadcastError, FilterError, LogUnavailable, DatabaseError) as error:
            raise Error(message_of(error), exit_code_of(error)) from error
        finally:
            doorbell.flush()
        return output

    def json(self, value: object) -> str:
        return terminal.json_for(self.stdout._out, value)

    def tell(self, text: str) -> None:
        self.stderr.write(text, self.style.NOTICE)


def exit_code_of(error: Exception) -> ExitCode:
    if isinstance(error, UnknownEventType):
        return ExitCode.UNKNOWN_EVENT_TYPE
    return ExitCode.INVALID_DATA if isinstance(error, BroadcastError | FilterError) else ExitCode.UNAVAILABLE


def message_of(error: Exception) -> str:
    if isinstance(error, DatabaseError):
        return f"The database cannot be used ({error}). Is it there, and was manage.py migrate run?"
    if isinstance(error, LogUnavailable):
        return f"{error} ({error.__cause__})"
    return str(error)
