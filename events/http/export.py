"""The log as a file: all that history would show, newest first, written while it is read."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import TypeVar
from weakref import WeakSet

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone

from events import registry_cache
from events.access.identity import Identity
from events.access.recheck import recheck
from events.core.problems import shown
from events.database.pool import let_go_of_database
from events.http import parameters
from events.http.file_formats import FORMATS, FileFormat
from events.http.problem_details import HttpProblem, too_many_requests
from events.log import reading
from events.log import search as history
from events.log.records import EpochOver
from events.pacing.turns import ThreadTurns
from events.process_lock import process_lock

logger = logging.getLogger(__name__)

Response = TypeVar("Response", HttpResponse, StreamingHttpResponse)

PAGE = 1000  # events that are read at once, of 4 MiB at most
EXPORTS = 20  # at once in this process, each with a page in memory
EXPORTS_OF_USER = 2  # of these
READING = 1  # export of these at once, beside the searches of those who wait for a page
TURN_WAIT_S = 60.0  # seconds for a page's turn

_turns: ThreadTurns[int] = ThreadTurns(READING, READING)


class Export:
    """An export on its way to one client; it is iterated once. Between two pages it holds nothing of the database."""

    identity: Identity

    def __init__(self, query: QueryDict, identity: Identity, file_format: type[FileFormat]) -> None:
        """Read the first page. Raises HttpProblem."""
        self.query, self.identity = query, identity
        begin(self)
        try:
            registry = registry_cache.refresh()
            asked = parameters.selection(query, registry, identity.viewer)
            head = reading.head()
            self.format = file_format(head.epoch, [registry.types[id] for id in asked.of_type])
            self._before: int | None = head.position + 1
            self._first = self.format.begin() + self._read()
        except BaseException:
            _running.discard(self)
            raise

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            yield self._first
            while self._before is not None:
                if piece := await sync_to_async(self._next)():
                    yield piece
        finally:
            self.close()

    def close(self) -> None:
        """End it, also before anybody has iterated it: Django calls this when the response is closed."""
        _running.discard(self)

    def _next(self) -> bytes:
        """Return the next page as the file has it: nothing if the search found nothing in its time, and why the file
        ends here if access has ended or the database has gone. No server can end an answer otherwise that has begun."""
        try:
            now = recheck([self.identity])[self.identity]
            if now is None:
                return self._end("Access has ended.")
            self.identity = now
            return self._read()
        except HttpProblem as problem:
            return self._end(problem.detail)
        except EpochOver:  # such as of a backup
            return self._end("The log is another one now.")
        except DatabaseError as error:
            logger.warning("An export for %s ends early: %s", self.identity.username, error)
            return self._end("The database does not answer.")
        except Exception:
            logger.exception("An export for %s ends early", self.identity.username)
            return self._end("The server has met an error.")
        finally:
            let_go_of_database()

    def _end(self, why: str) -> bytes:
        self._before = None
        return self.format.broken_off(f"{why} This export is not complete.")

    def _read(self) -> bytes:
        """Read the next page, in its turn. Raises HttpProblem."""
        let_go_of_database()
        with ExitStack() as stack:
            try:
                stack.enter_context(_turns.turn(self.identity.user_id, TURN_WAIT_S))
            except TimeoutError:
                raise too_many_requests("Too many exports at the moment; try again.") from None
            asked = parameters.selection(self.query, registry_cache.refresh(), self.identity.viewer)
            assert self._before is not None
            search = parameters.search(self.query, asked)
            page = reading.within_epoch(self.format.epoch, history.find_page, search, self._before, PAGE)
        self._before = page.next
        return b"".join(map(self.format.line, page.events))


_running: WeakSet[Export] = WeakSet()  # weak, for a response may be dropped before anybody iterates it
_counting = process_lock()


def begin(export: Export) -> None:
    """Count an export as running. Raises HttpProblem when there are too many."""
    with _counting:
        running = list(_running)
        of_user = sum(each.identity.user_id == export.identity.user_id for each in running)
        if of_user >= EXPORTS_OF_USER:
            raise too_many_requests(f"You export {EXPORTS_OF_USER} times already; begin when one of them has ended.")
        if len(running) >= EXPORTS:
            raise too_many_requests(f"There are {EXPORTS} exports already; begin when one of them has ended.")
        _running.add(export)


def export(query: QueryDict, identity: Identity, name: str) -> StreamingHttpResponse:
    """Answer with the file of this name's format. Raises HttpProblem."""
    file_format = format_of(query, name)
    return named(StreamingHttpResponse(Export(query, identity, file_format)), file_format, name)


def without_file(query: QueryDict, name: str) -> HttpResponse:
    """Answer as `export` does, with the head alone and nothing read. Raises HttpProblem."""
    return named(HttpResponse(), format_of(query, name), name)


def format_of(query: QueryDict, name: str) -> type[FileFormat]:
    file_format = FORMATS.get(name)
    if file_format is None:
        allowed = ", ".join(f"export.{each}" for each in FORMATS)
        raise HttpProblem(404, "not_found", f"There is no export as {shown(name)}; there are {allowed}.")
    parameters.refuse_unknown(query, parameters.PREVIEW)
    return file_format


def named(response: Response, file_format: type[FileFormat], name: str) -> Response:
    """Return the response with the kind and the name of its file."""
    response["Content-Type"] = file_format.content_type
    response["Content-Disposition"] = f'attachment; filename="events-{timezone.now():%Y%m%dT%H%M%SZ}.{name}"'
    return response
