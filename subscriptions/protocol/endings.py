"""Why the server ends a connection, by the numbers of WebSockets."""

from __future__ import annotations

# 4000-4499: come back, and resume. 4500-4999: do not.
TOO_SLOW = 4008
EPOCH_CHANGED = 4010
TOO_MANY_CONNECTIONS = 4013
NOT_AUTHENTICATED = 4500
FLOODING = 4501
ACCESS_ENDED = 4503
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013  # the standard's own: nobody could be authenticated, the database is away
