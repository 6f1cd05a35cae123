"""The log as a file: all that history would show, newest first, written while it is read."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from weakref import WeakSet

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone

from events import registry_cache
from events.access.identity import Identity
from events.access.recheck import recheck
from events.core.problems import shown
from events.http import parameters
from events.http.file_formats import FORMATS, FileFormat
from events.http.problem_details import HttpProblem, too_many_requests
from events.http.responses import search_turn
from events.log import reading
from events.log import search as history

logger = logging.getLogger(__name__)

PAGE = 1000  # events that are read at once, of 4 MiB at most
EXPORTS_OF_USER = 2  # at once in this process
TURN_WAIT_S = 60.0  # for a page's turn, while others search


class Export:
    """An export on its way to one client; it is iterated once."""

    identity: Identity

    def __init__(self, query: QueryDict, identity: Identity, file_format: type[FileFormat]) -> None:
        """Read the first page. Raises HttpProblem."""
        parameters.refuse_unknown(query, parameters.PREVIEW)
        if sum(each.identity.user_id == identity.user_id for each in list(_running)) >= EXPORTS_OF_USER:
            raise too_many_requests(f"You export {EXPORTS_OF_USER} times already; begin when one of them has ended.")
        self.query, self.identity = query, identity
        asked = parameters.selection(query, registry_cache.refresh(), identity.viewer)
        head = reading.head()
        self.format = file_format(head.epoch, [registry_cache.current().types[id] for id in asked.of_type])
        self._before: int | None = head.position + 1
        with search_turn(identity.user_id):
            self._first = self.format.begin() + self._read()
        _running.add(self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            yield self._first
            while self._before is not None:
                if piece := await sync_to_async(self._next)():
                    yield piece
        finally:
            _running.discard(self)

    def _next(self) -> bytes:
        """Return the next page as the file has it: nothing if the search found nothing in its time, and why the file
        ends here if access has ended or the database has gone. No server can end an answer otherwise that has begun."""
        try:
            now = recheck([self.identity])[self.identity]
            if now is None:
                return self._end("Access has ended.")
            self.identity = now
            with search_turn(now.user_id, TURN_WAIT_S):
                return self._read()
        except HttpProblem as problem:
            return self._end(problem.detail)
        except DatabaseError as error:
            logger.warning("An export for %s ends early: %s", self.identity.username, error)
            return self._end("The database does not answer.")
        except Exception:
            logger.exception("An export for %s ends early", self.identity.username)
            return self._end("The server has met an error.")

    def _end(self, why: str) -> bytes:
        self._before = None
        return self.format.broken_off(f"{why} This export is not complete.")

    def _read(self) -> bytes:
        asked = parameters.selection(self.query, registry_cache.refresh(), self.identity.viewer)
        assert self._before is not None
        page = history.find_page(parameters.search(self.query, asked), self._before, PAGE)
        self._before = page.next
        return b"".join(map(self.format.line, page.events))


_running: WeakSet[Export] = WeakSet()  # one that is dropped before it began is forgotten with its response


def export(query: QueryDict, identity: Identity, name: str) -> StreamingHttpResponse:
    """Answer with the file of this name's format. Raises HttpProblem."""
    file_format = FORMATS.get(name)
    if file_format is None:
        allowed = ", ".join(f"export.{each}" for each in FORMATS)
        raise HttpProblem(404, "not_found", f"There is no export as {shown(name)}; there are {allowed}.")
    response = StreamingHttpResponse(Export(query, identity, file_format), content_type=file_format.content_type)
    stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="events-{stamp}.{name}"'
    return response
