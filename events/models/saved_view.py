"""What somebody watches on /events: event types and filters under a name, kept for its user on every device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

MAX_NAME = 80  # characters
ALERTS = ("desktop", "sound", "badge")
MAX_VIEWS = 100  # of a user; as many as a connection may have subscriptions
UNDO_FOR = timedelta(hours=1)  # a view that was ended can be brought back so long, if it is one of the newest MAX_VIEWS
ID_LENGTH = 12  # characters, of 62: nobody guesses one, and an address stays short


class OutdatedView(Exception):
    """Somebody has saved this view since it was read."""


class TooManyViews(Exception):
    """The user has as many views as one may have."""


def new_id() -> str:
    return get_random_string(ID_LENGTH)


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def of(self, user: Any) -> SavedViewQuerySet:
        return self.filter(user=user, ended=None)

    def shared_with(self, user: Any) -> SavedViewQuerySet:
        """Return the views of others that are shared with a group of this user, while their owners are active."""
        shared = self.filter(ended=None, shared_with__in=user.groups.all(), user__is_active=True)
        return shared.exclude(user=user).select_related("user")


class SavedView(models.Model):
    """It grants nothing: whoever opens it sees of it what they may see, as the WebSocket decides."""

    class Colour(models.TextChoices):
        TEAL = "teal", "Teal"
        BLUE = "blue", "Blue"
        VIOLET = "violet", "Violet"
        PINK = "pink", "Pink"
        RED = "red", "Red"
        ORANGE = "orange", "Orange"
        OLIVE = "olive", "Olive"
        GREY = "grey", "Grey"

    id = models.CharField(primary_key=True, max_length=ID_LENGTH, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=MAX_NAME, blank=True, help_text="Empty: it is called as its event types are.")
    colour = models.CharField(max_length=8, choices=Colour, default=Colour.TEAL)
    event_types = models.JSONField(default=list)
    filters = models.JSONField(default=dict)
    order = models.PositiveSmallIntegerField(default=0)
    paused = models.BooleanField(default=False, help_text="It gets no events.")
    muted = models.BooleanField(default=False, help_text="Its events are counted, but not shown.")
    alerts = models.JSONField(default=list, blank=True, help_text="How it calls for attention while nobody looks.")
    shared_with = models.ForeignKey(Group, models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, help_text="Goes up with each save of what it asks for.")
    seen = models.DateTimeField(null=True, editable=False, help_text="When its user last had the page before them.")
    ended = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ("order", "id")
        default_permissions = ("view", "delete")
        indexes = (models.Index(fields=["user", "ended"], name="savedview_of_user"),)

    def __str__(self) -> str:
        return self.name or ", ".join(self.event_types)

    @classmethod
    def keep(cls, view: SavedView) -> SavedView:
        """Save a new view, or one that was ended and is brought back, below the others. One without a colour gets that
        which the fewest others have. Raises TooManyViews."""
        with transaction.atomic():
            # Whoever makes two at once waits: or together they could be more than a user may have.
            get_user_model().objects.select_for_update().get(pk=view.user_id)
            others = cls.objects.of(view.user_id)
            if others.count() >= MAX_VIEWS:
                raise TooManyViews
            cls.objects.filter(user=view.user_id, ended__lt=timezone.now() - UNDO_FOR).delete()
            ended = cls.objects.filter(user=view.user_id).exclude(ended=None).exclude(pk=view.pk).order_by("-ended")
            cls.objects.filter(pk__in=list(ended.values_list("pk", flat=True)[MAX_VIEWS:])).delete()
            last = others.order_by("-order").values_list("order", flat=True).first()
            view.order = view.order if view.ended else 0 if last is None else min(last + 1, 100 * MAX_VIEWS)
            view.ended = None
            used = Counter(others.values_list("colour", flat=True))
            view.colour = view.colour or min(cls.Colour.values, key=lambda colour: used[colour])
            view.save()
        return view

    def change(self, changes: Mapping[str, Any], version: int) -> None:
        """Save what it asks for, if nobody has since that version. Raises OutdatedView."""
        values = {**changes, "version": version + 1}
        if not SavedView.objects.of(self.user_id).filter(pk=self.pk, version=version).update(**values):
            raise OutdatedView
        self.refresh_from_db()

    def end(self) -> None:
        SavedView.objects.filter(pk=self.pk).update(ended=timezone.now())
