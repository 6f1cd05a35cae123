"""The answer to a request that raised an error: 503 while the database is away, else 500."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from events.database.trouble import is_away
from events.http.problem_details import DATABASE_BACK_IN


def failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that raised something: a database that is away is nobody's fault, and soon back."""
    error = sys.exc_info()[1]
    if not is_away(error):
        return server_error(request)
    # Without the request: its user would have to be asked for.
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": DATABASE_BACK_IN})
