"""What the registry's rows said before: every save and deletion leaves a row, which tells who and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


class History(HistoricalRecords):
    """Nobody edits history by hand, so there are no permissions for that."""

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        return {**super().get_meta_options(model), "default_permissions": ()}

    def get_meta_options_m2m(self, through_model: type[models.Model]) -> dict[str, Any]:
        return {**super().get_meta_options_m2m(through_model), "default_permissions": ()}


def is_recorded(model: type[models.Model]) -> bool:
    return hasattr(model, "history")


def record(rows: Sequence[models.Model], *, created: bool) -> None:
    """Leave a row for each of these, which were written in bulk: no signal has told of them."""
    if not rows:
        return
    past = type(rows[0]).history.bulk_history_create(rows, update=not created)  # type: ignore[attr-defined]
    if created:
        return  # and so without relations yet
    records = HistoricalRecords()
    for was, row in zip(past, rows, strict=True):
        records.create_historical_record_m2ms(was, row)  # the bulk form leaves these out
