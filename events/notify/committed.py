"""What follows a commit: the work is done then, so nothing that goes wrong here may look as if it had failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ParamSpec

from django.db import transaction

logger = logging.getLogger(__name__)

P = ParamSpec("P")


def after_commit(what: str, act: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `act` when the caller's transaction commits, at once if there is none. What it raises is one line of the
    log, which begins with `what`, and reaches nobody.

    Django's own `robust=True` writes a traceback, and raises for a callable without `__qualname__`, such as a partial.
    """

    def call() -> None:
        try:
            act(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  whatever it is, the transaction is committed
            logger.warning("%s failed after a commit: %r", what, error)

    transaction.on_commit(call, robust=True)
