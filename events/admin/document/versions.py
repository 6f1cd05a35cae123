"""What a category or event type said before, read from the rows that its history has left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from events.admin.document.difference import Difference, differences
from events.admin.document.document import (
    CATEGORY_COLUMNS,
    FIELD_COLUMNS,
    TYPE_COLUMNS,
    CategoryPart,
    FieldPart,
    TypePart,
    option_parts,
    values_of,
)
from events.models import Category, EventField, EventType, FieldOption

SHOWN = 50  # versions, the newest
# One save writes a row for the type, each field and each option that it changes, one after the other.
APART = timedelta(seconds=2)
GROUPS = "historicaleventtype_allowed_groups_set"  # of a row of history
Rows = Sequence[Any]


class Version(NamedTuple):
    """What one person changed at once, and what it said from then on."""

    moment: datetime
    user: str
    part: CategoryPart | TypePart
    differences: list[Difference]
    is_first: bool


class Past:
    """The history of one category or event type. `rows` are all that its parts have left."""

    def __init__(self, *rows: Rows) -> None:
        self.rows = rows

    def versions(self) -> list[Version]:
        """Return the versions, the newest first."""
        found: list[Version] = []
        users = names_of(row.history_user_id for row in self._all())
        before: CategoryPart | TypePart | None = None
        for moment, user in self._moments():
            part = self.at(moment)
            if part is None:
                before = None
                continue
            found.append(Version(moment, users.get(user, ""), part, differences(before, part), before is None))
            before = part
        return [version for version in reversed(found) if version.differences or version.is_first][:SHOWN]

    def at(self, moment: datetime) -> CategoryPart | TypePart | None:
        raise NotImplementedError

    def _all(self) -> Rows:
        return sorted((row for rows in self.rows for row in rows), key=attrgetter("history_date"))

    def _moments(self) -> list[tuple[datetime, Any]]:
        """Return the last moment of each change, and who made it, in order."""
        moments: list[tuple[datetime, Any]] = []
        for row in self._all():
            here = (row.history_date, row.history_user_id)
            if moments and moments[-1][1] == here[1] and here[0] - moments[-1][0] <= APART:
                moments[-1] = here
            else:
                moments.append(here)
        return moments


class PastCategory(Past):
    def __init__(self, id: str) -> None:
        super().__init__(list(Category.history.filter(id=id)))

    def at(self, moment: datetime) -> CategoryPart | None:
        row = next(iter(latest(self.rows[0], moment)), None)
        return CategoryPart(**values_of(row, CATEGORY_COLUMNS)) if row else None


class PastType(Past):
    def __init__(self, id: str) -> None:
        types = list(EventType.history.filter(id=id).prefetch_related(GROUPS))
        fields = list(EventField.history.filter(event_type_id=id))
        options = list(FieldOption.history.filter(field_id__in={field.id for field in fields}))
        self.groups = dict(Group.objects.values_list("pk", "name"))
        super().__init__(types, fields, options)

    def at(self, moment: datetime) -> TypePart | None:
        types, fields, options = self.rows
        row = next(iter(latest(types, moment)), None)
        if row is None:
            return None
        listed: dict[Any, list[Any]] = {}
        for option in in_order(latest(options, moment)):
            listed.setdefault(option.field_id, []).append(option)
        groups = sorted(self.group(each.group_id) for each in getattr(row, GROUPS).all())
        return TypePart(
            **{**values_of(row, TYPE_COLUMNS), "restricted": row.restricted or bool(groups)},
            category=row.category_id,
            allowed_groups=groups,
            fields=[
                FieldPart(**values_of(field, FIELD_COLUMNS), options=option_parts(field, listed.get(field.id, [])))
                for field in in_order(latest(fields, moment))
            ],
        )

    def group(self, id: Any) -> str:
        """Return a group's name. One that is gone has none; going back to it is refused, and does not open the type to
        all."""
        return self.groups.get(id, f"(deleted group {id})")


def latest(rows: Rows, moment: datetime) -> Rows:
    """Return the row of each that counted then; of those that were there."""
    found: dict[Any, Any] = {}
    for row in sorted(rows, key=attrgetter("history_date", "history_id")):
        if row.history_date <= moment:
            found[row.id] = row
    return [row for row in found.values() if row.history_type != "-"]


def in_order(rows: Rows) -> Rows:
    return sorted(rows, key=attrgetter("order", "id"))


def names_of(users: Iterable[Any]) -> dict[Any, str]:
    known = get_user_model()._default_manager.in_bulk({user for user in users if user is not None})
    return {key: user.get_username() for key, user in known.items()}
