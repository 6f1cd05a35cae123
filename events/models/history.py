"""What the registry's rows said before: every save and deletion leaves a row, which tells who and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

CLEARED = "_cleared"  # what a row of the other side of a relation had, until that is done


class History(HistoricalRecords):
    """Nobody edits history by hand, so there are no permissions for that."""

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        return {**super().get_meta_options(model), "default_permissions": ()}

    def get_meta_options_m2m(self, through_model: type[models.Model]) -> dict[str, Any]:
        return {**super().get_meta_options_m2m(through_model), "default_permissions": ()}

    def m2m_changed(self, instance: Any, action: str, attr: str, pk_set: Any, reverse: bool, **kwargs: Any) -> None:
        """Record a change from the other side as well, `group.eventtype_set.add(…)`: the library knows only changes
        from this side."""
        if not reverse:
            super().m2m_changed(instance, action, attr, pk_set, reverse, **kwargs)
            return
        rows = kwargs["model"]._default_manager
        if action == "pre_clear":
            setattr(instance, CLEARED, list(rows.filter(**{attr: instance}).values_list("pk", flat=True)))
        elif action.startswith("post_"):
            changed = pk_set if action != "post_clear" else instance.__dict__.pop(CLEARED, ())
            record_versions(list(rows.filter(pk__in=changed)), created=False)


def is_recorded(model: type[models.Model]) -> bool:
    return hasattr(model, "history")


def record_versions(rows: Sequence[models.Model], *, created: bool) -> None:
    """Leave a row for each of these, which were written in bulk: no signal has told of them."""
    if not rows:
        return
    past = type(rows[0]).history.bulk_history_create(rows, update=not created)  # type: ignore[attr-defined]
    if created:
        return  # and so without relations yet
    records = HistoricalRecords()
    for was, row in zip(past, rows, strict=True):
        records.create_historical_record_m2ms(was, row)  # the bulk form leaves these out
