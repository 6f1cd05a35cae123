"""What a WebSocket's Close says: a number for each reason to end a connection."""

from __future__ import annotations

from collections.abc import Mapping

from subscriptions.protocol.endings import Ending

# 4000-4499: come back, and resume. 4500-4999: do not. The others are the standard's own; after these come back too.
CLOSE_CODES: Mapping[Ending, int] = {
    Ending.TOO_SLOW: 4008,
    Ending.EPOCH_CHANGED: 4010,
    Ending.TOO_MANY_CONNECTIONS: 4013,
    Ending.RESTARTING: 1012,
    Ending.INTERNAL_ERROR: 1011,
    Ending.TRY_AGAIN_LATER: 1013,
    Ending.NOT_AUTHENTICATED: 4500,
    Ending.FLOODING: 4501,
    Ending.ACCESS_ENDED: 4503,
}
