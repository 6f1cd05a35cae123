"""Categories and event types, as admins edit them, and who may see what of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models

from events.core import duration
from events.core.event_types import RESERVED_WORDS
from events.core.legible import PLACEHOLDER
from events.models.history import History
from events.models.identifiers import MEMBER, TYPE_ID
from events.models.revision import RegistryModel, RegistryQuerySet, as_one_change
from events.models.severity_levels import SeverityLevelsField

RETENTION = MaxValueValidator(
    duration.LONGEST.days, "At most %(limit_value)s days, a hundred years; leave it empty to keep them for ever."
)

M = TypeVar("M", bound=models.Model)


class AudienceQuerySet(RegistryQuerySet[M]):
    """Whatever is written in bulk opens no type that its groups or its category keep closed."""

    def update(self, **kwargs: Any) -> int:
        with as_one_change():
            EventType.keep_closed()  # before: what leaves an audit category stays as it was there
            count = super().update(**kwargs)
            EventType.keep_closed()
        return count

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        with as_one_change():
            created = super().bulk_create(objs, *args, **kwargs)
            EventType.keep_closed()
        return created


class Category(RegistryModel):
    id = models.SlugField(primary_key=True, max_length=32, help_text="Fixed once saved, e.g. “mcp”.")
    label = models.CharField(max_length=60)
    icon = models.CharField(max_length=16, blank=True, help_text="An emoji.")
    is_audit = models.BooleanField(
        "for audit",
        default=False,
        help_text="Its event types are never visible to everybody and never emitted from outside. To change this or "
        "any of them, one needs the permission “Can change audit types” beside the usual ones.",
    )
    order = models.PositiveSmallIntegerField(default=0, help_text="Lower comes first.")

    objects: ClassVar = AudienceQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ("order", "id")
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        with as_one_change():
            EventType.keep_closed()
            super().save(*args, **kwargs)
            EventType.keep_closed()


class EventType(RegistryModel):
    class PayloadCheck(models.TextChoices):
        OFF = "off", "Off: accept any payload"
        WARN = "warn", "Warn: accept, and write a warning to the server's log"
        REJECT = "reject", "Reject: refuse a payload whose declared fields are wrong"

    id = models.CharField(
        "identifier",
        primary_key=True,
        max_length=64,
        validators=[TYPE_ID],
        help_text="What code and clients call it, e.g. “mcp_status_change”. Fixed once saved.",
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="types")
    label = models.CharField(max_length=80)
    description = models.TextField(blank=True, max_length=500)
    icon = models.CharField(max_length=16, blank=True, help_text="An emoji, shown beside every event.")
    severity_levels = SeverityLevelsField(
        default=list, help_text="What an event of this type may carry. One that names none gets the lowest."
    )
    summary = models.CharField(
        max_length=200,
        blank=True,
        help_text="The line that people read: {name} stands for that member of the payload, "
        "e.g. “{mcp_name} went {new_status}”.",
    )
    subject = models.CharField(
        max_length=64,
        blank=True,
        validators=[MEMBER],
        help_text="The member of the payload that says what an event is about, e.g. “mcp_name”. The page shows it in a "
        "column of its own, and finds what else happened to the same.",
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Inactive types can be neither broadcast nor subscribed to."
    )
    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[RETENTION],
        help_text="Days to keep events; empty: for ever. 0: they are not logged, only sent to whoever is connected "
        "then, at most once and in no order with logged events; a client that is catching up misses them.",
    )
    payload_check = models.CharField(max_length=6, choices=PayloadCheck, default=PayloadCheck.REJECT)
    restricted = models.BooleanField(
        "visible to",
        choices=((False, "Everybody who is signed in"), (True, "Only superusers and members of these groups")),
        default=False,
        help_text="“Only …” without a group: superusers alone. It stays so when a group is deleted.",
    )
    allowed_groups = models.ManyToManyField(Group, blank=True, help_text="Of a type that is not for everybody.")
    external = models.BooleanField(
        "may be emitted from outside",
        default=True,
        help_text="By HTTP and manage.py commands, by whoever has the permission to add events.",
    )
    order = models.PositiveSmallIntegerField(default=0, help_text="Lower comes first.")
    # Retention has deleted events of this type up to this position.
    pruned_to = models.PositiveBigIntegerField(default=0, editable=False)

    objects: ClassVar = AudienceQuerySet.as_manager()
    history = History(m2m_fields=[allowed_groups], excluded_fields=["pruned_to"])

    _was_restricted = False  # when this row was read

    class Meta:
        ordering = ("category__order", "category", "order", "id")
        permissions = (("change_audit", "Can change audit types"),)

    def __str__(self) -> str:
        return f"{self.icon} {self.label}".strip()

    def clean(self) -> None:
        if self.id in RESERVED_WORDS:
            raise ValidationError({"id": f"“{self.id}” is a word of the protocol; choose another."})
        if set(PLACEHOLDER.sub("", self.summary)) & {"{", "}"}:
            raise ValidationError({"summary": "Only {name} is understood, with a letter first; other braces are not."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.severity_levels = self.severity_levels or ["info"]
        self._stay_closed()
        if self.retention_days is not None:
            RETENTION(self.retention_days)  # for code: no calendar has room for more
        if not self._state.adding:  # pruning may have moved `pruned_to` since this row was read
            names = [field.name for field in self._meta.concrete_fields if not field.primary_key]
            kwargs.setdefault("update_fields", [name for name in names if name != "pruned_to"])
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], "restricted", "external"}
        super().save(*args, **kwargs)
        self._was_restricted = self.restricted

    def _stay_closed(self) -> None:
        """Restrict what must stay closed. A type with groups is for them alone; one for audit is never open, and does
        not open by leaving its category. Nor does a row open it that was read before it was restricted."""
        if not self.restricted:
            closed = models.Q(allowed_groups__isnull=False)
            if not self._was_restricted:
                closed |= models.Q(restricted=True)
            self.restricted = EventType.objects.filter(closed, pk=self.pk).exists()
        if Category.objects.filter(models.Q(pk=self.category_id) | models.Q(types=self.pk), is_audit=True).exists():
            self.restricted, self.external = True, False

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> EventType:
        row = super().from_db(*args, **kwargs)
        row._was_restricted = row.__dict__.get("restricted", False)
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._was_restricted = self.__dict__.get("restricted", False)

    @property
    def is_audit(self) -> bool:
        return self.category.is_audit

    def open_to_everybody(self) -> None:
        """Take its groups away and save it as one that everybody who is signed in sees, unless it is for audit."""
        with as_one_change():
            self.allowed_groups.clear()
            self.restricted, self._was_restricted = False, True
            self.save()

    @classmethod
    def keep_closed(cls) -> None:
        """Write what groups and categories imply into the types' own columns, so that it holds on without them."""
        closed = models.Q(restricted=False, allowed_groups__isnull=False)
        audit = models.Q(category__is_audit=True) & (models.Q(restricted=False) | models.Q(external=True))
        for row in cls.objects.filter(closed | audit).distinct():
            row.save()

    @property
    def audience(self) -> str:
        """Return who sees it, in words."""
        names = sorted(group.name for group in self.allowed_groups.all())
        return audience(names, restricted=self.restricted or bool(names) or self.is_audit)


def audience(groups: Sequence[str], *, restricted: bool) -> str:
    """Return who sees a type, in words."""
    if not restricted:
        return "everybody who is signed in"
    return f"superusers and {', '.join(groups)}" if groups else "superusers only"
